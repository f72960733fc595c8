"""Requests on to the engine, answers back, byte for byte, as they come.

What belongs to one hop stays on it, and what a client says about where it comes from is thrown away:
the engine believes the edge's word on addresses, so nobody else may write it.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from callcenter.edge.gate import EngineAway, problem_response
from callcenter.edge.plan import EdgePlan
from callcenter.ports.problems import BodyTooLarge

logger = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0
_PIECE: Final = 64 * 1024
_ONE_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)
_ABOUT_THE_WAY: Final = frozenset({"forwarded", "x-real-ip", "via"})
_TIMEOUT: Final = aiohttp.ClientTimeout(
    total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS
)


def headers_onward(request: web.Request) -> CIMultiDict[str]:
    """The request's headers as the engine gets them."""
    kept = _without_hop(request.headers)
    for name in list(kept):
        if name.lower() in _ABOUT_THE_WAY or name.lower().startswith("x-forwarded-"):
            kept.popall(name, None)
    kept["X-Forwarded-For"] = request.remote or ""
    kept["X-Forwarded-Proto"] = "https" if request.secure else "http"
    return kept


def _without_hop(headers: Mapping[str, str] | CIMultiDictProxy[str]) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    named = {name.strip().lower() for name in kept.get("Connection", "").split(",")}
    for name in list(kept):
        if name.lower() in _ONE_HOP or name.lower() in named:
            kept.popall(name, None)
    return kept


def engine_address(plan: EdgePlan, request: web.Request) -> URL:
    """The same path and query, at the engine; not decoded and encoded again."""
    return URL(plan.engine_url.rstrip("/") + request.raw_path, encoded=True)


class _Body:
    """A request's body as it comes in, up to a limit."""

    def __init__(self, request: web.Request, limit: int) -> None:
        self._request = request
        self._limit = limit
        self.is_too_large = (request.content_length or 0) > limit

    async def pieces(self) -> AsyncIterator[bytes]:
        passed = 0
        async for piece in self._request.content.iter_chunked(_PIECE):
            passed += len(piece)
            if passed > self._limit:
                self.is_too_large = True
                raise BodyTooLarge
            yield piece


async def forward(
    request: web.Request, plan: EdgePlan, session: aiohttp.ClientSession
) -> web.StreamResponse:
    """One request to the engine. Raises: EngineAway, BodyTooLarge."""
    body = _Body(request, plan.body_limit)
    if body.is_too_large:
        raise BodyTooLarge
    try:
        answer = await session.request(
            request.method,
            engine_address(plan, request),
            headers=headers_onward(request),
            data=body.pieces() if request.body_exists else None,
            allow_redirects=False,
            timeout=_TIMEOUT,
        )
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        if body.is_too_large:
            raise BodyTooLarge from None
        raise EngineAway from error
    async with answer:
        return await _pass_back(request, answer)


async def _pass_back(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_without_hop(answer.headers))
    try:
        first = await answer.content.readany()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return problem_response(request, EngineAway())
    await response.prepare(request)
    try:
        while first:
            await response.write(first)
            first = await answer.content.readany()
        await response.write_eof()
    except (aiohttp.ClientError, OSError, TimeoutError):
        # The engine died in the middle of its answer: half an answer must not look like a whole one.
        logger.warning("engine's answer broke off")
        if request.transport is not None:
            request.transport.abort()
    return response
