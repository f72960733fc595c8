"""Who may pass: the signed token, the page's origin, and how a refusal looks.

The token comes in the cookie (browsers), in `Authorization: Bearer` or, for programs whose socket
library sets no headers, as the sub-protocol `cc-token.<token>`. Never in the address: addresses end
in logs. A cookie opens a socket only together with an Origin that is ours.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Final
from urllib.parse import urlsplit

from aiohttp import ClientConnectionResetError, web

from callcenter.core.errors import CoreError
from callcenter.edge.plan import EdgePlan
from callcenter.ports.passwords import Login
from callcenter.ports.problems import (
    PROBLEM_TYPE,
    Faulted,
    ForeignOrigin,
    LoginRequired,
    MethodRefused,
    NoSuchPage,
    NotUnderstood,
    TryLater,
    language_of,
    problem,
    problem_headers,
    status_of,
)

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN_PROTOCOL: Final = "cc-token."
_OF_STATUS: Final[Mapping[int, type[CoreError]]] = {
    400: NotUnderstood,
    404: NoSuchPage,
    405: MethodRefused,
}


class EngineAway(TryLater):
    code = "engine-away"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The engine is restarting. Try again in a moment.",
        "zh": "引擎正在重启，请稍后再试。",
    }


class SwitchAway(TryLater):
    code = "switch-away"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The telephone switch is restarting. Try again in a moment.",
        "zh": "电话交换系统正在重启，请稍后再试。",
    }


class TooManyPhones(TryLater):
    code = "too-many-phones"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Too many phones are connected. Close one first.",
        "zh": "连接的电话过多，请先关闭一个。",
    }


def login_of(request: web.Request, plan: EdgePlan) -> Login:
    """The login behind a request. Raises: LoginRequired, TokenRefused."""
    token = claimed_token(request) or request.cookies.get(plan.cookie_name)
    if not token:
        raise LoginRequired
    return plan.tokens.read(token, plan.now())


def claimed_token(request: web.Request) -> str | None:
    """A token that a page of another site could not have sent."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    for name in offered_protocols(request):
        if name.startswith(TOKEN_PROTOCOL):
            return name.removeprefix(TOKEN_PROTOCOL)
    return None


def offered_protocols(request: web.Request) -> list[str]:
    """The sub-protocols that the client offers."""
    offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
    return [name.strip() for name in offered.split(",")]


def check_origin(request: web.Request, plan: EdgePlan) -> None:
    """Raises: ForeignOrigin, when a socket is asked for by a page that is not ours."""
    origin = request.headers.get("Origin")
    if origin is None:
        if "Authorization" not in request.headers and claimed_token(request) is None:
            raise ForeignOrigin
        return
    if origin not in plan.origins and urlsplit(origin).netloc != request.host:
        raise ForeignOrigin


def is_upgrade(request: web.Request) -> bool:
    """Whether the client asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def problem_response(request: web.BaseRequest, refusal: CoreError) -> web.Response:
    """The answer to a request that is refused; the same as the engine's."""
    language = language_of(request.headers.get("Accept-Language"))
    return web.Response(
        status=status_of(refusal),
        body=json.dumps(problem(refusal, language), ensure_ascii=False).encode("utf-8", "replace"),
        content_type=PROBLEM_TYPE,
        headers=problem_headers(refusal, language),
    )


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure of a request with a problem."""
    try:
        return await handler(request)
    except CoreError as refusal:
        return problem_response(request, refusal)
    except web.HTTPException as error:
        refused = _OF_STATUS.get(error.status)
        if refused is None:
            raise
        return problem_response(request, refused())
    except ClientConnectionResetError:
        raise  # The client is gone; there is nobody to answer.
    except Exception:
        logger.exception("request failed", extra={"path.pii": request.path})
        return problem_response(request, Faulted())
