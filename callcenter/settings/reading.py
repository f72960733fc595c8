"""Turns TOML tables and the environment into settings, and says what is wrong with them and where."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from callcenter.settings.rules import Together

PREFIX: Final = "CALLCENTER_"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, and what to write."""

    place: str
    en: str
    zh: str


class SettingsError(Exception):
    """What is wrong with the settings: one line a problem, each with its place and its mend."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.text())

    def text(self, language: str = "en") -> str:
        """All of it, in `en` or `zh`."""
        return "\n".join(
            f"{one.place}: {one.zh if language == 'zh' else one.en}" for one in self.problems
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """Which settings there are."""

    sections: Mapping[str, type]
    lists: Mapping[str, type]
    """Sections of which there may be any number, such as [[trunks]]."""
    together: Mapping[type, tuple[Together, ...]]
    other_names: tuple[str, ...]
    """Names in the environment, without the prefix, that somebody else reads."""


class Lines:
    """In which line of a file each section and each key stands."""

    _HEADER: Final = re.compile(r"\s*(\[\[?)\s*[\"']?([\w-]+)[\"']?\s*\]\]?\s*(#.*)?")
    _KEY: Final = re.compile(r"\s*(?:([\w-]+)\s*\.\s*)?([\"']?)([\w-]+)\2\s*=")

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._found: dict[tuple[str, int, str], int] = {}
        tables: Counter[str] = Counter()
        section = ""
        for number, line in enumerate(text.splitlines(), 1):
            if header := self._HEADER.fullmatch(line):
                section = header[2]
                tables[section] += header[1] == "[["
                self._found.setdefault((section, tables[section], ""), number)
            elif key := self._KEY.match(line):
                owner = section or key[1] or ""
                self._found.setdefault((owner, tables[owner], key[3]), number)

    def place(self, section: str, key: str = "", nth: int = 0) -> str:
        """File and line of a key; of its section where the key stands in no line of its own."""
        tried = ((section, nth, key), (section, nth, ""), ("", 0, section), (section, 1, ""))
        line = next((self._found[one] for one in tried if one in self._found), 1)
        return f"{self._path}:{line}"


class _Wrong(Exception):
    """A value that will not do, and what to write, in both languages."""

    def __init__(self, en: str, zh: str, near: str = "") -> None:
        super().__init__(en)
        self.en, self.zh, self.near = en, zh, near


class Reader:
    """Turns tables into settings and collects what is wrong with them."""

    def __init__(self, shape: Shape, lines: Lines, environment: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._shape = shape
        self._lines = lines
        self._environment = environment

    def check_names(self, data: Mapping[str, Any]) -> None:
        """Complain about sections and names in the environment that mean nothing."""
        shape = self._shape
        known_here = (*shape.sections, *shape.lists)
        for name in data:
            if name not in known_here:
                near = _near(name, known_here)
                what = f"there is no section [{name}]", f"没有 [{name}] 这一节"
                self._complain(self._lines.place(name), *what, near)
        known = {
            _variable(name, key) for name, kind in shape.sections.items() for key in _hints(kind)
        }
        known |= {f"{PREFIX}{name}" for name in shape.other_names}
        for name in sorted(self._environment):
            if name.startswith(PREFIX) and name not in known:
                what = "there is no such setting; take it away", "没有这个设置；请将其删除"
                self._complain(f"environment: {name}", *what, _near(name, known))

    def entries(self, name: str, data: Any) -> tuple[Any, ...]:
        """All tables of a list, such as [[trunks]]."""
        kind = self._shape.lists[name]
        if isinstance(data, list):
            return tuple(self.section(kind, name, entry, nth) for nth, entry in enumerate(data, 1))
        what = f"write [[{name}]] for each of them", f"每一项请写 [[{name}]]"
        self._complain(self._lines.place(name), *what)
        return ()

    def section(self, kind: Any, name: str, data: Any, nth: int = 0) -> Any:
        """One section; problems are noted and defaults taken, so that all can be said at once."""
        before = len(self.problems)
        hints, places, values = _hints(kind), dict[str, str](), dict[str, Any]()
        for key, place, value in self._given(name, data, hints, nth):
            places[key] = place
            try:
                values[key] = _checked(value, hints[key])
            except _Wrong as wrong:
                en, zh = f"[{name}] {key}: {wrong.en}", f"[{name}] {key}：{wrong.zh}"
                self._complain(place, en, zh, wrong.near)
        here = self._lines.place(name, nth=nth)
        for item in fields(kind):
            if item.default is MISSING and item.default_factory is MISSING:
                if item.name not in places:
                    en, zh = f"[[{name}]] needs {item.name}", f"[[{name}]] 缺少 {item.name}"
                    self._complain(here, en, zh)
                values.setdefault(item.name, "")
        made = kind(**values)
        if len(self.problems) == before:
            for rule in self._shape.together.get(kind, ()):
                if not rule.holds(made):
                    place = next((places[key] for key in rule.keys if key in places), here)
                    self._complain(place, f"[{name}] {rule.en}", f"[{name}] {rule.zh}")
        return made

    def _given(
        self, name: str, data: Any, known: Mapping[str, Any], nth: int
    ) -> Iterable[tuple[str, str, Any]]:
        """Key, place and value of everything that was said about a section."""
        if not isinstance(data, dict):
            what = f"[{name}] must be a section", f"[{name}] 必须是一节"
            self._complain(self._lines.place(name, nth=nth), *what)
            data = {}
        for key, value in data.items():
            place = self._lines.place(name, key, nth)
            if key not in known:
                what = f"[{name}] knows no {key!r}", f"[{name}] 中没有 {key!r}"
                self._complain(place, *what, _near(key, known))
            elif nth or _variable(name, key) not in self._environment:
                yield key, place, value
        for key, hint in known.items():
            variable = _variable(name, key)
            if not nth and variable in self._environment:
                value = _from_text(self._environment[variable], hint)
                yield key, f"environment: {variable}", value

    def _complain(self, place: str, en: str, zh: str, near: str = "") -> None:
        if near:
            en, zh = f"{en}; did you mean {near}?", f"{zh}；是否想写 {near}？"
        self.problems.append(Problem(place, en, zh))


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}_{key}".upper()


def _near(word: str, known: Iterable[str]) -> str:
    return next(iter(get_close_matches(word, list(known), n=1)), "")


def _from_text(text: str, hint: Any) -> Any:
    """A value of the environment as a file would hold it, as far as it can be understood."""
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if kind is int and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if kind is bool and text in ("true", "false"):
        return text == "true"
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(value: Any, hint: Any) -> Any:
    """`value` as its field wants it. Raises: _Wrong, with what to write."""
    if get_origin(hint) is Annotated:
        kind, *rules = get_args(hint)
        found = _checked(value, kind)
        for rule in rules:
            if not rule.holds(found):
                raise _Wrong(f"write {rule.en}", f"请写{rule.zh}")
        return found
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _Wrong('write a list, such as ["a", "b"]', '请写列表，例如 ["a", "b"]')
        return tuple(_checked(item, get_args(hint)[0]) for item in value)
    if get_origin(hint) is Literal:
        words = get_args(hint)
        if value not in words:
            one_of = ", ".join(f'"{word}"' for word in words)
            raise _Wrong(
                f"write one of {one_of}", f"请写其中之一：{one_of}", _near(str(value), words)
            )
        return value
    if type(value) is not (str if issubclass(hint, str) else hint):
        raise _Wrong(*_WANTED.get(hint, ("write a text in quotes", "请写带引号的文本")))
    return hint(value)


_WANTED: Final[Mapping[type, tuple[str, str]]] = {
    int: ("write a whole number", "请写整数"),
    bool: ("write true or false", "请写 true 或 false"),
}
