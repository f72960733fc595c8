"""How a refusal leaves the house: an RFC 9457 problem, in the reader's language.

Two processes answer HTTP, the engine's and the edge's, and a client must not be able to tell which
of them said no. So the shape and the one table from code to status are kept here, between them.
A code is never given a new meaning and never reused.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from callcenter.core.errors import CoreError

PROBLEM_TYPE: Final = "application/problem+json"


class LoginRequired(CoreError):
    code = "login-required"
    title: ClassVar[Mapping[str, str]] = {"en": "Sign in first.", "zh": "请先登录。"}


class ForeignOrigin(CoreError):
    """A page of another site is asking in the name of somebody who is signed in here."""

    code = "foreign-origin"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Requests from other sites are refused.",
        "zh": "拒绝来自其他网站的请求。",
    }


class NoSuchPage(CoreError):
    code = "no-such-page"
    title: ClassVar[Mapping[str, str]] = {
        "en": "There is nothing at this address.",
        "zh": "该地址不存在。",
    }


class MethodRefused(CoreError):
    code = "method-not-allowed"
    title: ClassVar[Mapping[str, str]] = {
        "en": "This address does not take this method.",
        "zh": "该地址不支持此方法。",
    }


class BodyTooLarge(CoreError):
    code = "body-too-large"
    title: ClassVar[Mapping[str, str]] = {"en": "The request is too large.", "zh": "请求过大。"}


class NotUnderstood(CoreError):
    code = "bad-request"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The request is not well-formed.",
        "zh": "请求格式不正确。",
    }


class TryLater(CoreError):
    """A refusal that time mends. `retry_after_seconds` goes into the answer's Retry-After."""

    code = "try-later"
    title: ClassVar[Mapping[str, str]] = {"en": "Try again later.", "zh": "请稍后再试。"}
    retry_after_seconds: int = 1


class TooSlow(TryLater):
    code = "took-too-long"
    title: ClassVar[Mapping[str, str]] = {
        "en": "This took too long. Try again.",
        "zh": "处理超时，请重试。",
    }


class Faulted(CoreError):
    code = "internal-error"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Something went wrong here. It has been logged.",
        "zh": "系统内部错误，已记录日志。",
    }


STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "refused": 409,
        "illegal-transition": 409,
        "conflict": 409,
        "not-signed-in": 409,
        "already-signed-in": 409,
        "not-waiting": 409,
        "nothing-to-wrap": 409,
        "name-taken": 409,
        "number-taken": 409,
        "still-in-use": 409,
        "not-permitted": 403,
        "foreign-origin": 403,
        "csrf-header-missing": 403,
        "wrong-password": 401,
        "token-refused": 401,
        "login-required": 401,
        "not-found": 404,
        "no-such-page": 404,
        "no-such-agent": 404,
        "no-such-queue": 404,
        "no-such-call": 404,
        "no-such-flow": 404,
        "no-such-code": 404,
        "no-such-customer": 404,
        "no-such-number": 404,
        "not-listed": 404,
        "not-missed": 404,
        "no-such-skill": 404,
        "no-such-user": 404,
        "no-such-key": 404,
        "method-not-allowed": 405,
        "invalid": 422,
        "invalid-request": 422,
        "weak-password": 422,
        "bad-request": 400,
        "not-json": 415,
        "body-too-large": 413,
        "too-many-attempts": 429,
        "too-many-sockets": 429,
        "too-many-phones": 429,
        "passwords-busy": 503,
        "try-later": 503,
        "took-too-long": 503,
        "engine-away": 503,
        "switch-away": 503,
        "internal-error": 500,
    }
)


def status_of(refusal: type[CoreError] | CoreError) -> int:
    """The HTTP status for a refusal; one without a row of its own takes its parent's."""
    family = refusal if isinstance(refusal, type) else type(refusal)
    for kind in family.__mro__:
        status = STATUS.get(getattr(kind, "code", ""))
        if status is not None:
            return status
    return 500


def language_of(accept_language: str | None) -> str:
    """The language to answer in, "en" or "zh", by an Accept-Language header; English if unsure."""
    best, best_weight = "en", 0.0
    for part in (accept_language or "")[:256].split(","):
        tag, _, rest = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(rest)
        if language in ("en", "zh") and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip() == "q" and 0.0 <= weight <= 1.0 else 0.0


def problem_headers(refusal: type[CoreError] | CoreError, language: str) -> dict[str, str]:
    """What goes with the body of a problem answer."""
    headers = {
        "Content-Language": "zh-CN" if language == "zh" else "en",
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    if status_of(refusal) == 401:
        headers["WWW-Authenticate"] = "Bearer, ApiKey"
    if isinstance(refusal, TryLater):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    return headers


def problem(
    refusal: type[CoreError] | CoreError,
    language: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The body of a problem answer. An instance's text becomes its detail."""
    body: dict[str, Any] = {
        "type": f"urn:callcenter:problem:{refusal.code}",
        "code": refusal.code,
        "title": refusal.title.get(language) or refusal.title["en"],
        "status": status_of(refusal),
    }
    if isinstance(refusal, CoreError) and str(refusal):
        body["detail"] = str(refusal)
    if errors:
        body["errors"] = [dict(error) for error in errors]
    return body
