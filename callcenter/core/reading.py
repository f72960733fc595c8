"""Reading plain data (what YAML or JSON holds) into values, and saying everything that is wrong.

Whoever writes a flow or a calendar by hand wants all mistakes at once, each with its place and its
cure, in their own language. So a reader never stops at the first: it notes a `Problem`, hands back
None, and at the end `finish` raises `Unreadable` with all of them. The place is a path of keys; who
read the file turns it into a line.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar, Final

from callcenter.core.errors import Invalid

Path = tuple[str | int, ...]

# A name becomes part of a file's path and of an identifier in the switch: keep it harmless.
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_SHOWN_CHARACTERS: Final = 40
_LONGEST_STEP: Final = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a code that never changes, where, and what to write instead."""

    code: str
    path: Path
    text: Mapping[str, str]

    @classmethod
    def of(cls, code: str, path: Path, en: str, zh: str) -> "Problem":
        return cls(code, path, {"en": en, "zh": zh})


class Unreadable(Invalid):
    """Data that cannot be read, with everything that is wrong with it."""

    code: ClassVar[str] = "unreadable"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The definition has mistakes.",
        "zh": "定义中有错误。",
    }

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(f"{p.code} at {dotted(p.path)}" for p in self.problems[:5]))


def dotted(path: Path) -> str:
    """A path as people write it: `nodes.main.menu.choices.1`."""
    return ".".join(str(step) for step in path) or "(top)"


def field_path(path: Iterable[int | str]) -> str:
    """A path as the API writes it: `skills[0].level`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            written += ("." if written else "") + step[:_LONGEST_STEP]
    return written


def shown(value: object) -> str:
    """A value as it may be repeated in a message: short, on one line."""
    text = word(value)
    flat = "".join(c if c.isprintable() else "�" for c in text[: _SHOWN_CHARACTERS + 1])
    return flat if len(flat) <= _SHOWN_CHARACTERS else flat[:_SHOWN_CHARACTERS] + "…"


def word(value: object) -> str:
    """A scalar as text; anything larger only as what it is, for it may be of any size and depth."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "a list"
    return str(value)


class Reader:
    """Takes typed values out of plain data and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, code: str, path: Path, en: str, zh: str) -> None:
        self.problems.append(Problem.of(code, path, en, zh))

    def finish(self) -> None:
        """Raises: Unreadable, if anything was noted."""
        if self.problems:
            raise Unreadable(self.problems)

    def mapping(self, value: object, path: Path) -> Mapping[object, object] | None:
        if isinstance(value, Mapping):
            return value
        self.note(
            "not-a-mapping",
            path,
            f"Expected `key: value` lines, found {shown(value)}.",
            f"这里应为 `键: 值` 形式，实际为 {shown(value)}。",
        )
        return None

    def listing(self, value: object, path: Path) -> Sequence[object] | None:
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return value
        self.note(
            "not-a-list",
            path,
            f"Expected a list such as [a, b], found {shown(value)}.",
            f"这里应为列表，例如 [a, b]，实际为 {shown(value)}。",
        )
        return None

    def fields(
        self, value: object, path: Path, *, required: Iterable[str], optional: Iterable[str] = ()
    ) -> Mapping[str, object] | None:
        """A mapping with known keys; None if it is none or lacks a required one."""
        data = self.mapping(value, path)
        if data is None:
            return None
        required = tuple(required)
        known = (*required, *optional)
        for key in data:
            if key not in known:
                self._unknown_key(key, path, known)
        missing = [key for key in required if data.get(key) is None]
        for key in missing:
            self.note(
                "missing-key", path, f"`{key}` is missing: add it.", f"缺少 `{key}`，请补上。"
            )
        return None if missing else {str(key): data[key] for key in data if key in known}

    def text(self, value: object, path: Path, *, longest: int) -> str | None:
        if not isinstance(value, str):
            self.note(
                "not-text",
                path,
                f"Expected text, found {shown(value)}: put it in quotes.",
                f"这里应为文本，实际为 {shown(value)}，请加引号。",
            )
            return None
        if len(value) > longest:
            self.note(
                "too-long",
                path,
                f"{len(value)} characters: shorten it to {longest} or split it.",
                f"共 {len(value)} 个字符，请缩短到 {longest} 个以内或拆分。",
            )
            return None
        return value

    def name(self, value: object, path: Path) -> str | None:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self.note(
            "bad-name",
            path,
            f"{shown(value)} is no name: use up to 64 of a-z, 0-9 and inner hyphens, "
            "such as main-menu.",
            f"{shown(value)} 不能作为名称，请使用不超过 64 个的 a-z、0-9 和中间的连字符，"
            "例如 main-menu。",
        )
        return None

    def count(self, value: object, path: Path, *, least: int, most: int) -> int | None:
        """A whole number."""
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.note(
            "bad-count",
            path,
            f"{shown(value)} does not serve: write a whole number from {least} to {most}.",
            f"{shown(value)} 无效，请填写 {least} 到 {most} 之间的整数。",
        )
        return None

    def number(self, value: object, path: Path, *, least: float, most: float) -> float | None:
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and least <= value <= most
        ):
            return float(value)
        self.note(
            "bad-number",
            path,
            f"{shown(value)} does not serve: write a number from {least:g} to {most:g}.",
            f"{shown(value)} 无效，请填写 {least:g} 到 {most:g} 之间的数字。",
        )
        return None

    def entries(
        self, value: object, path: Path, *, most: int
    ) -> Iterator[tuple[str, object, Path]]:
        """The entries of a mapping whose keys are names; the others are noted and left out."""
        data = self.mapping(value, path)
        if data is None:
            return
        if len(data) > most:
            self.note(
                "too-many",
                path,
                f"{len(data)} entries: {most} is the most, split the file.",
                f"共 {len(data)} 项，最多 {most} 项，请拆分文件。",
            )
            return
        for key, entry in data.items():
            name = self.name(key, (*path, str(key)))
            if name is not None:
                yield name, entry, (*path, name)

    def choice(self, value: str, path: Path, known: Iterable[str], code: str, kind: str) -> bool:
        """Whether `value` is one of the known names; otherwise a problem that suggests one."""
        known = sorted(known)
        if value in known:
            return True
        self.problems.append(unknown(code, path, kind, value, known))
        return False

    def _unknown_key(self, key: object, path: Path, known: Sequence[str]) -> None:
        self.problems.append(unknown("unknown-key", (*path, str(key)), "key", str(key), known))


_KINDS_ZH: Final[Mapping[str, str]] = {
    "key": "键",
    "node": "节点",
    "prompt": "提示语",
    "language": "语言",
    "queue": "队列",
    "calendar": "日历",
    "node kind": "节点类型",
    "strategy": "分配策略",
    "skill": "技能",
    "flow": "流程",
    "day": "星期",
    "manner": "读法",
    "moment": "起算时间",
    "party": "一方",
    "disposition": "通话结果",
    "flag": "标记",
    "variable": "变量",
}


def unknown(code: str, path: Path, kind: str, value: str, known: Iterable[str]) -> Problem:
    """A name that nobody has, with the nearest that somebody has, or some of them."""
    known = list(known)
    near = get_close_matches(value, known, n=1) or known[:12]
    listed = ", ".join(near) if near else "–"
    return Problem.of(
        code,
        path,
        f"There is no {kind} called {shown(value)}. Did you mean: {listed}?",
        f"没有名为 {shown(value)} 的{_KINDS_ZH[kind]}。您是否想写：{listed}？",
    )
