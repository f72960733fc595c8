"""The centre's HTTP API, as its people use it: through the edge, each with a login of their own."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import aiohttp

_AWAY: Final = 503
_AGAIN_SECONDS: Final = 0.5


class CentreSaidNo(Exception):
    """The API refused; `code` is its stable reason."""

    def __init__(self, what: str, status: int, code: str) -> None:
        super().__init__(f"{what}: {status} {code}")
        self.status = status
        self.code = code


class Desk:
    """What somebody who is signed in can ask. `patience`: how long they ask again while nobody is there to
    answer; whoever works in a centre that is harmed on purpose needs some."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        token: str,
        patience: timedelta = timedelta(),
    ) -> None:
        self._patience = patience
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    @classmethod
    async def sign_in(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        name: str,
        password: str,
        patience: timedelta = timedelta(),
    ) -> "Desk":
        """Sign in with a password. Raises: CentreSaidNo, aiohttp.ClientError."""
        wish = {"name": name, "password": password, "keep": "token"}
        answer = await cls(http, url, "").ask("POST", "/login", wish)
        return cls(http, url, answer["token"], patience)

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """One request. Raises: CentreSaidNo, aiohttp.ClientError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience.total_seconds()
        while True:
            try:
                return await self._ask(method, path, body)
            except (CentreSaidNo, aiohttp.ClientError) as error:
                is_away = getattr(error, "status", _AWAY) == _AWAY
                if not is_away or loop.time() >= until:
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:
        async with self._http.request(
            method, f"{self._url}/api/v1{path}", json=body, headers=self._headers
        ) as reply:
            said = None if reply.status == 204 else await reply.json(content_type=None)
            if reply.status >= 400:
                code = said.get("code", "") if isinstance(said, dict) else ""
                raise CentreSaidNo(f"{method} {path}", reply.status, code)
            return said

    async def load(self, path: str) -> bytes:
        """A file. Raises: CentreSaidNo, aiohttp.ClientError."""
        async with self._http.get(f"{self._url}/api/v1{path}", headers=self._headers) as reply:
            if reply.status >= 400:
                raise CentreSaidNo(f"GET {path}", reply.status, "")
            return await reply.read()
