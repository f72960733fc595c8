"""One question to the switch and its answer, whichever way they travel.

Requests are plain values: the generated builders make them, the transports carry them. A status
such as 404 is an answer, not a failure, because "that channel is gone" is everyday life on a
switch. Only two things can go wrong with the carrying itself, and both leave open whether the
switch has acted:

* NoReply: the answer is late. The command may stand in the channel's queue and run any time
  later, so read the state again and never simply repeat (a chosen id makes a repeat harmless: 409).
* SwitchGone: the connection broke. `maybe_done` tells whether the command had left the house.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast
from urllib.parse import quote

import orjson

T = TypeVar("T")

Query = tuple[tuple[str, str], ...]
Body = Mapping[str, Any]
Scalar = str | int | float | bool | Sequence[str] | None
Vars = Mapping[str, str | Mapping[str, object]]
Fields = Sequence[Mapping[str, str]]

_plain = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*").fullmatch


class AriError(Exception):
    """A request could not be carried to an answer."""


class NoReply(AriError):
    """No answer in time. The command may still run, now or later."""


class SwitchGone(AriError):
    """The connection to the switch is not there, or broke while the answer was awaited."""

    def __init__(self, why: str, *, maybe_done: bool) -> None:
        super().__init__(why)
        self.maybe_done = maybe_done


class Refused(AriError):
    """The switch answered a question, whose answer was needed, with an error status."""

    def __init__(self, path: str, status: int, message: str) -> None:
        super().__init__(f"{path}: {status} {message}")
        self.status = status


class Request(NamedTuple, Generic[T]):
    """`path` is relative to /ari and percent-encoded; `query` and `body` are not yet."""

    method: str
    path: str
    query: Query = ()
    body: Body | None = None


class Reply(NamedTuple, Generic[T]):
    """What the switch said. `payload` is JSON text, or the bytes of a file; empty for 204."""

    status: int
    payload: str | bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def taken(self) -> bool:
        """Whether the command is carried out, now or before: 409 says that what it makes exists."""
        return self.ok or self.status == 409

    def value(self) -> T:
        """The decoded answer, in the shape that the switch describes for this operation."""
        # The description is the switch's promise; checking it again would cost more than it finds.
        return cast(T, orjson.loads(self.payload) if self.payload else None)

    @property
    def message(self) -> str:
        """The switch's own words for an error, else nothing."""
        try:
            said = orjson.loads(self.payload) if self.payload else None
        except orjson.JSONDecodeError:
            return ""
        return str(said.get("message", "")) if isinstance(said, dict) else ""


def segment(value: str) -> str:
    """Encode one part of a path.

    Raises ValueError for an empty part, which would name another operation, and for NUL, which
    would cut the path short inside the switch.
    """
    if _plain(value):
        return value
    if not value or "\0" in value:
        raise ValueError("a part of an ARI path is empty or holds NUL")
    # A lone "." or ".." must not look like a step in the path to anything on the way.
    return quote(value, safe="").replace(".", "%2E")


def query(*pairs: tuple[str, Scalar]) -> Query:
    """The pairs that were given a value, as the switch spells values."""
    return tuple([(name, _spell(value)) for name, value in pairs if value is not None])


def body(name: str, value: object | None) -> Body | None:
    return None if value is None else {name: value}


def _spell(value: Scalar) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence):
        return ",".join(value)
    return str(value)
