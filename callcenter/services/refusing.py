"""From what is wrong with a value to a refusal: who changes one thing is told the first of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from callcenter.core.errors import CoreError, Invalid, NoSuchFlow, NoSuchQueue, NoSuchSkill
from callcenter.core.reading import Path, Problem, field_path

_KINDS: Final[Mapping[str, type[CoreError]]] = MappingProxyType(
    {kind.code: kind for kind in (NoSuchFlow, NoSuchQueue, NoSuchSkill)}
)


def refuse(problems: Iterable[Problem]) -> None:
    """Raises: what the first problem is (Invalid, NoSuchSkill, NoSuchQueue, NoSuchFlow)."""
    for problem in problems:
        kind = _KINDS.get(problem.code, Invalid)
        raise kind(f"{field_path(problem.path)}: {problem.text['en']}")


def within(path: Path, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The same, of something that stands at `path`."""
    return (replace(problem, path=(*path, *problem.path)) for problem in problems)


def invalid(path: Path, en: str, zh: str) -> Problem:
    """A value that cannot be."""
    return Problem.of(Invalid.code, path, en, zh)


def out_of_range(path: Path, value: float, least: float, most: float) -> Iterator[Problem]:
    """A problem, if the value is not within these."""
    if not least <= value <= most:
        yield invalid(path, f"write {least:g} to {most:g}", f"请填写 {least:g} 到 {most:g}")
