"""The centre's own words: why an agent pauses, and what a call came to.

Dispositions are a tree: only what has nothing under it may be said of a call. A flag says what follows from
one, in words that this engine knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from callcenter.core.errors import Invalid

FLAGS: Final = frozenset(
    {"callback", "complaint", "contact", "do-not-call", "not-interested", "sale", "wrong-number"}
)
"""contact: the right person was spoken to."""


@dataclass(frozen=True, slots=True)
class PauseReason:
    """`longest`: how long such a pause may take; None: as long as it takes."""

    id: str
    name_en: str
    name_zh: str = ""
    paid: bool = True
    longest: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Disposition:
    """What a call came to; `parent` is empty at the top of the tree."""

    id: str
    name_en: str
    name_zh: str = ""
    parent: str = ""
    flags: tuple[str, ...] = ()


def leaves(dispositions: Mapping[str, Disposition]) -> frozenset[str]:
    """What may be said of a call."""
    return frozenset(dispositions) - {one.parent for one in dispositions.values()}


def check_tree(dispositions: Iterable[Disposition]) -> None:
    """Raises: Invalid, when a parent is not there or somebody is their own ancestor."""
    known = {one.id: one for one in dispositions}
    for one in known.values():
        walk = [one.id]
        while parent := known[walk[-1]].parent:
            if parent not in known:
                there = ", ".join(sorted(known))
                raise Invalid(f"parent: there is no disposition {parent}; there are: {there}")
            if parent in walk:
                raise Invalid(f"parent: this would be a ring: {' → '.join((*walk, parent))}")
            walk.append(parent)
