"""Commands over HTTP, each on a connection of its own.

A REST socket is answered in series, so whatever may wait inside a channel (setting a variable or
moving a caller who hears a prompt) comes here, where it keeps nobody waiting but itself. Questions
whose answers build a picture of the switch come here too. Order is kept only by awaiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode

import orjson
from aiohttp import ClientConnectorError, ClientError, ClientSession, ConnectionTimeoutError
from yarl import URL

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.request import NoReply, Refused, Reply, Request, SwitchGone

T = TypeVar("T")

# The switch serves a bounded number of HTTP sessions, and a blocked command holds one.
CONNECTIONS: Final = 20
JSON: Final = {"Content-Type": "application/json"}


class PooledHttp:
    """`async with PooledHttp(switch) as http: reply = await http.send(request)`."""

    def __init__(
        self,
        switch: Switch,
        *,
        connections: int = CONNECTIONS,
        timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        self._switch = switch
        self._connections = connections
        self._timeout = timeout
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = self._switch.session(connections=self._connections)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def send(self, request: Request[T], *, within: timedelta | None = None) -> Reply[T]:
        """Carry one request to its answer, whatever the status.

        Raises NoReply when it takes longer than `within`, SwitchGone when the connection fails.
        """
        if self._session is None:
            raise SwitchGone("not connected", maybe_done=False)
        try:
            async with asyncio.timeout((within or self._timeout).total_seconds()):
                while True:
                    with contextlib.suppress(ConnectionTimeoutError):  # Nothing was sent yet.
                        return await self._sent(self._session, request)
        except TimeoutError:
            raise NoReply(f"{request.method} {request.path}") from None
        except ClientConnectorError as error:
            raise SwitchGone(str(error), maybe_done=False) from None
        except (ClientError, OSError) as error:
            raise SwitchGone(str(error), maybe_done=True) from None

    async def _sent(self, session: ClientSession, request: Request[T]) -> Reply[T]:
        data = orjson.dumps(request.body) if request.body is not None else None
        headers = JSON if data else None
        url = self._url(request)
        self._switch.may_speak()
        async with session.request(request.method, url, data=data, headers=headers) as answer:
            return Reply(answer.status, await answer.read())

    async def ask(self, request: Request[T], *, within: timedelta | None = None) -> T:
        """Like `send`, for answers that are needed. Raises Refused for an error status as well."""
        reply = await self.send(request, within=within)
        if not reply.ok:
            raise Refused(request.path, reply.status, reply.message)
        return reply.value()

    def _url(self, request: Request[T]) -> URL:
        text = f"{self._switch.url}/{request.path}"
        if request.query:
            text += "?" + urlencode(request.query, quote_via=quote)
        # Already encoded: "%2F" inside a recording's name must arrive as it is.
        return URL(text, encoded=True)
