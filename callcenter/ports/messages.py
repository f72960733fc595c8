"""Messages that callers left because nobody could take their call: what is known of them, and the sound.

A message has the id of its call: a call leaves one at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from callcenter.core.errors import NotFound
from callcenter.core.ids import CallId, QueueId


class NoSuchMessage(NotFound):
    code = "no-such-message"
    title: ClassVar[Mapping[str, str]] = {
        "en": "There is no such message.",
        "zh": "没有这条留言。",
    }


@dataclass(frozen=True, slots=True)
class Message:
    """`arrived_at`: the call; `received_at`: we took the message in. `path` is relative to the folder of
    recordings, `sha256` (hex) and `size` (bytes) are of the file there. `queue` is the one that they waited
    in before, and `language` theirs, where that is known."""

    call: CallId
    ani: str
    dnis: str
    arrived_at: datetime
    received_at: datetime
    duration: timedelta
    sha256: str
    size: int
    path: str
    queue: QueueId | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, latest arrival first; `older` asks for the next page, None at the end."""

    messages: Sequence[Message]
    older: str | None


class Messages(Protocol):
    """Raises StoreAway, all of it."""

    async def find(self, call: CallId) -> Message:
        """Raises: NoSuchMessage."""
        ...

    async def recent(self, *, limit: int = 50, older: str | None = None) -> MessagePage:
        """A page; `older` as the page before said it. Raises: Invalid, when it is nothing we said."""
        ...

    async def put(self, message: Message) -> None:
        """Keep it, safe from power cuts. What is known of it already is replaced, but for
        `received_at`: the first time counts."""
        ...


class Sounds(Protocol):
    """What was spoken."""

    async def read(self, message: Message) -> bytes:
        """The WAV file. Raises: NoSuchMessage, when there is none."""
        ...
