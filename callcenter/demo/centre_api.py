"""The centre's HTTP API, as its people use it: through the edge, each with a login of their own."""

from collections.abc import Mapping
from typing import Any

import aiohttp


class CentreSaidNo(Exception):
    """The API refused; `code` is its stable reason."""

    def __init__(self, what: str, status: int, code: str) -> None:
        super().__init__(f"{what}: {status} {code}")
        self.status = status
        self.code = code


class Desk:
    """What somebody who is signed in can ask."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    @classmethod
    async def sign_in(
        cls, http: aiohttp.ClientSession, url: str, name: str, password: str
    ) -> "Desk":
        """Sign in with a password. Raises: CentreSaidNo, aiohttp.ClientError."""
        wish = {"name": name, "password": password, "keep": "token"}
        answer = await cls(http, url, "").ask("POST", "/login", wish)
        return cls(http, url, answer["token"])

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """One request. Raises: CentreSaidNo, aiohttp.ClientError."""
        async with self._http.request(
            method, f"{self._url}/api/v1{path}", json=body, headers=self._headers
        ) as reply:
            said = None if reply.status == 204 else await reply.json(content_type=None)
            if reply.status >= 400:
                code = said.get("code", "") if isinstance(said, dict) else ""
                raise CentreSaidNo(f"{method} {path}", reply.status, code)
            return said
