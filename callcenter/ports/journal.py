"""Where facts are kept in order, before anything is done about them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from callcenter.core.facts.wire import Fact

Numbered = tuple[int, Fact]


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
        """Write these and hand them to the operating system; survives the death of this process."""
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
