"""From a refusal to a problem answer (RFC 9457), for everything that can go wrong in a request.

The table from code to status is in `ports.problems`, shared with the edge. Nothing that the client
sent is repeated in an answer, but for the names of fields.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Final

from aiohttp import ClientConnectionResetError, web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from callcenter.core.errors import CoreError, Invalid
from callcenter.core.reading import field_path
from callcenter.ports.problems import (
    PROBLEM_TYPE,
    BodyTooLarge,
    Faulted,
    MethodRefused,
    NoSuchPage,
    NotUnderstood,
    TooSlow,
    language_of,
    problem,
    problem_headers,
    status_of,
)

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SHOWN: Final = 20  # Errors listed in one answer; a thousand more teach nothing.
_OF_STATUS: Final[Mapping[int, type[CoreError]]] = {
    400: NotUnderstood,
    404: NoSuchPage,
    405: MethodRefused,
    413: BodyTooLarge,
}


class InvalidRequest(Invalid):
    """Fields that are missing, unknown, or of the wrong kind; `errors` says which."""

    code = "invalid-request"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Some fields are not valid.",
        "zh": "部分字段无效。",
    }

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__()
        self.errors = errors


class NotJson(CoreError):
    code = "not-json"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Send JSON, uncompressed, with Content-Type: application/json.",
        "zh": "请以未压缩的 JSON 发送，并设置 Content-Type: application/json。",
    }


class CsrfHeaderMissing(CoreError):
    """A cookie alone changes nothing: another site's form would bring it along."""

    code = "csrf-header-missing"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Requests signed in by cookie need the header X-Callcenter: 1.",
        "zh": "使用 Cookie 登录的请求需要带上请求头 X-Callcenter: 1。",
    }


def invalid_request(error: ValidationError) -> CoreError:
    """What pydantic found, without what the client sent."""
    found = error.errors(include_url=False, include_input=False)
    if any(detail["type"] == "json_invalid" for detail in found):
        return NotUnderstood(found[0]["msg"])
    return InvalidRequest([_field_error(detail) for detail in found[:_SHOWN]])


def _field_error(detail: ErrorDetails) -> dict[str, str]:
    return {
        "field": field_path(detail["loc"]),
        "code": detail["type"].replace("_", "-"),
        "detail": detail["msg"],
    }


def problem_response(request: web.BaseRequest, refusal: CoreError) -> web.Response:
    """The answer to a request that is refused."""
    language = language_of(request.headers.get("Accept-Language"))
    errors = refusal.errors if isinstance(refusal, InvalidRequest) else ()
    body = problem(refusal, language, errors=errors)
    return web.Response(
        status=status_of(refusal),
        body=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
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
        return _of_framework(request, error)
    except TimeoutError:
        logger.warning("request took too long", extra={"path.pii": request.path})
        return problem_response(request, TooSlow())
    except ClientConnectionResetError:
        raise  # The client is gone; there is nobody to answer.
    except Exception:
        logger.exception("request failed", extra={"path.pii": request.path})
        return problem_response(request, Faulted())


def _of_framework(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    refusal = _OF_STATUS.get(error.status)
    if refusal is None:
        raise error
    response = problem_response(request, refusal())
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
