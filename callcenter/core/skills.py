"""What a caller needs of an agent: expressions over skills, and how they are eased.

A need reads like `english >= 50 and (billing or sales >= 30)`; a skill alone means level 1, at all. `and`
binds tighter than `or`. Agents hold a skill at a level from 1 to 100; one that they do not hold counts as
0, so that a need for it is not met.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from callcenter.core.errors import Invalid, NoSuchSkill

LEVELS: Final = (1, 100)
LONGEST_NEED: Final = 500
DEEPEST: Final = 20
SKILL: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TOKEN: Final = re.compile(r"\s*(?:(>=|\(|\))|([0-9]+)|([a-z][a-z0-9_-]{0,39}))")
_KEYWORDS: Final = frozenset({"and", "or"})

Skills = Mapping[str, int]
"""An agent's skills and their levels."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`skill >= level`."""

    skill: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part; nothing at all where there is none."""

    parts: tuple["Need", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part or more."""

    parts: tuple["Need", ...]


Need = AtLeast | AllOf | AnyOf
NO_NEED: Final = AllOf()


@lru_cache(maxsize=4096)
def parse_need(text: str) -> Need:
    """The need that is written so; empty text is none.

    Raises:
        Invalid: saying what stands where something else should.
    """
    if len(text) > LONGEST_NEED:
        raise Invalid(f"skills: write at most {LONGEST_NEED} characters")
    if not text.strip():
        return NO_NEED
    reader = _Reader(list(_tokens(text)))
    need = reader.any_of(0)
    if reader.next is not None:
        raise Invalid(f"skills: 'and' or 'or' should stand before '{reader.next}'")
    return need


def checked_need(field: str, text: str, known: Collection[str]) -> Need:
    """The need, if it can be read and names only known skills. Raises: Invalid, NoSuchSkill."""
    try:
        need = parse_need(text)
    except Invalid as error:
        raise Invalid(f"{field}: {error}") from None
    if unknown := sorted(skills_in(need) - set(known)):
        raise NoSuchSkill(f"{field}: {', '.join(unknown)}")
    return need


def both(one: str, other: str) -> str:
    """What meets the two of them."""
    return text_of(_joined((read_need(one), read_need(other)))) if one and other else one or other


def read_need(text: str) -> Need:
    """What is written, for a text that was checked when it was given: one that cannot be read is none,
    since to lose the caller would be worse."""
    try:
        return parse_need(text) if text else NO_NEED
    except Invalid:
        return NO_NEED


def text_of(need: Need) -> str:
    """How it is written; `parse_need` reads it back."""
    match need:
        case AtLeast(skill, 1):
            return skill
        case AtLeast(skill, level):
            return f"{skill} >= {level}"
        case AllOf(parts):
            return " and ".join(_in_all(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(map(text_of, parts))


def missing(need: Need, skills: Skills) -> int:
    """How many of its conditions an agent lacks, the cheaper way where there is a choice; 0: it is met."""
    match need:
        case AtLeast(skill, level):
            return 0 if skills.get(skill, 0) >= level else 1
        case AllOf(parts):
            return sum(missing(part, skills) for part in parts)
        case AnyOf(parts):
            return min(missing(part, skills) for part in parts)


def skills_in(need: Need) -> frozenset[str]:
    """The skills it names."""
    if isinstance(need, AtLeast):
        return frozenset({need.skill})
    return frozenset().union(*map(skills_in, need.parts))


def without(need: Need, skill: str) -> Need:
    """The need with a skill dropped: where the skill was one of several ways, any way will do."""
    return _changed(need, lambda part: None if part.skill == skill else part) or NO_NEED


def lowered(need: Need, skill: str, level: int) -> Need:
    """The need with at most `level` asked of a skill."""
    changed = _changed(
        need,
        lambda part: AtLeast(skill, min(level, part.level)) if part.skill == skill else part,
    )
    return changed or NO_NEED


def _changed(need: Need, change: Callable[[AtLeast], AtLeast | None]) -> Need | None:
    if isinstance(need, AtLeast):
        return change(need)
    changed = [_changed(part, change) for part in need.parts]
    kept = tuple(part for part in changed if part is not None)
    if isinstance(need, AnyOf):
        return AnyOf(kept) if len(kept) == len(need.parts) else None
    return _joined(kept) if kept else None


def _joined(parts: tuple[Need, ...]) -> Need:
    if len(parts) == 1:
        return parts[0]
    inner = ((part.parts if isinstance(part, AllOf) else (part,)) for part in parts)
    return AllOf(tuple(chain.from_iterable(inner)))


def _in_all(part: Need) -> str:
    return f"({text_of(part)})" if isinstance(part, AnyOf) else text_of(part)


def _tokens(text: str) -> Iterator[str]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Invalid(f"skills: '{text[at:].strip()[:20]}' is not understood")
        yield found[0].strip()
        at = found.end()


class _Reader:
    """A recursive descent over the tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def any_of(self, depth: int) -> Need:
        parts = [self._all_of(depth)]
        while self._takes("or"):
            parts.append(self._all_of(depth))
        if len(parts) == 1:
            return parts[0]
        inner = ((part.parts if isinstance(part, AnyOf) else (part,)) for part in parts)
        return AnyOf(tuple(chain.from_iterable(inner)))

    def _all_of(self, depth: int) -> Need:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return _joined(tuple(parts))

    def _one(self, depth: int) -> Need:
        if self._takes("("):
            if depth == DEEPEST:
                raise Invalid("skills: too many brackets inside each other")
            inside = self.any_of(depth + 1)
            if not self._takes(")"):
                raise Invalid("skills: a ')' is missing")
            return inside
        skill = self.next
        if skill is None or skill in _KEYWORDS or not SKILL.fullmatch(skill):
            raise Invalid(f"skills: the name of a skill should stand at '{skill or 'the end'}'")
        self._at += 1
        return AtLeast(skill, self._level() if self._takes(">=") else 1)

    def _level(self) -> int:
        text, (least, most) = self.next or "", LEVELS
        if not text.isdecimal() or len(text) > 3 or not least <= int(text) <= most:
            raise Invalid(f"skills: after '>=' write a level, {least} to {most}")
        self._at += 1
        return int(text)

    def _takes(self, token: str) -> bool:
        if self.next != token:
            return False
        self._at += 1
        return True
