"""Where facts are kept in order, before anything is done about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Protocol

from callcenter.core.facts.wire import Fact
from callcenter.ports.problems import TryLater

Numbered = tuple[int, Fact]


class JournalAway(TryLater):
    """What is asked for cannot be written down now, and nothing is done that is not."""

    code = "journal-away"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The centre cannot write to its disk. Nothing is done until it can.",
        "zh": "呼叫中心暂时无法写入磁盘，恢复之前不会执行任何操作。",
    }
    retry_after_seconds = 1


class Journal(Protocol):
    """An append-only file of facts, numbered without gaps.

    A full segment is closed and a new one is begun with what is still needed (`carry`), so that a
    start reads one segment only and the file does not grow for ever.
    """

    def replay(self) -> Iterator[Numbered]:
        """What a start must read: the facts carried over, then those since."""
        ...

    @property
    def last_number(self) -> int:
        """The number of the last fact written; 0 for a new journal."""
        ...

    def append(self, facts: Sequence[Numbered]) -> None:
        """Write these and hand them to the operating system; survives the death of this process.

        Raises:
            OSError: nothing of it is written; the same facts may be given again.
        """
        ...

    @property
    def is_full(self) -> bool:
        """Whether the segment has reached its size and `turn_over` is due."""
        ...

    def turn_over(self, carry: Iterable[Numbered]) -> None:
        """Begin a new segment with `carry`."""
        ...

    def read_after(self, number: int) -> Iterator[Numbered]:
        """Every fact with a greater number, in order, without those carried over."""
        ...
