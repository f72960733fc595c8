"""One YAML file, read safely, with the line of everything in it.

YAML 1.2 (a menu's `on`, `no` and `09:30` are text), and only what a flow needs of it: no anchors,
aliases or tags, no key twice in one mapping, bounded size, depth and number of things. The bounds
hold while the file is being read, not after, since a small file can unfold to gigabytes and a deep
one takes minutes to scan.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.scanner import Scanner

from callcenter.core.reading import Path, Problem, shown

LARGEST_FILE: Final = 256 * 1024
_DEEPEST: Final = 20
MOST_THINGS: Final = 10_000
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION: Final = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_WORDS: Final[Mapping[str, object]] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
}


class Unsafe(Exception):
    """The file is not even plain data: one problem and the line (from 1) it stands on."""

    def __init__(self, problem: Problem, line: int) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.line = line


@dataclass(frozen=True, slots=True)
class Source:
    """Plain data and the line (from 1) of everything in it by its path."""

    data: object
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of the thing at `path`, or of the nearest thing around it."""
        while path not in self.lines:
            if not path:
                return 1
            path = path[:-1]
        return self.lines[path]


def read_text(text: str, *, most: int = MOST_THINGS) -> Source:
    """The plain data of a text of at most `LARGEST_FILE` bytes, and of at most so many things.

    Raises: Unsafe.
    """
    lines: dict[Path, int] = {}
    try:
        # Events come one by one while the text is scanned; a parser that is asked for no more of
        # them reads no further.
        yaml = YAML(typ="safe", pure=True)
        yaml.Scanner = _BoundedScanner
        events = _bounded(yaml.parse(io.StringIO(text)), most)
        first = next(events, None)
        data = None if first is None else _plain(first, events, (), lines)
        for _ in events:
            pass
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _not_yaml(str(error.problem or error.context), mark.line if mark else 0) from None
    except (YAMLError, ValueError) as error:
        raise _not_yaml(type(error).__name__, 0) from None
    if data is None:
        raise _unsafe(
            "empty-file", 0, "The file is empty: write something.", "文件为空，请填写内容。"
        )
    return Source(data, lines)


def text_of(file: FilePath, *, largest: int = LARGEST_FILE) -> str:
    """What is written in a file of at most so many bytes. Raises: Unsafe."""
    try:
        with file.open("rb") as stream:
            data = stream.read(largest + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unsafe(
            "not-readable", 0, f"The file cannot be read: {reason}.", f"无法读取文件：{reason}。"
        ) from None
    if len(data) > largest:
        raise _unsafe(
            "file-too-large",
            0,
            f"The file is larger than {largest // 1024} KiB: split it.",
            f"文件超过 {largest // 1024} KiB，请拆分。",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unsafe(
            "not-utf-8",
            data.count(b"\n", 0, error.start),
            "This line is not UTF-8: save the file as UTF-8.",
            "此行不是 UTF-8 编码，请将文件另存为 UTF-8。",
        ) from None


class _BoundedScanner(Scanner):
    """Refuses at once what is refused anyway: it reads far ahead, and is slow where that leads nowhere."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:
        if len(self.flow_context) >= _DEEPEST:
            raise _too_much(self.reader.line)
        super().fetch_flow_collection_start(TokenClass, to_push)

    def fetch_tag(self) -> None:
        raise _magic(self.reader.line)

    def fetch_directive(self) -> None:
        raise _magic(self.reader.line)


def _bounded(events: Any, most: int) -> Iterator[Any]:
    """The events that make up data, as long as they are few, shallow and plain."""
    depth = documents = 0
    for count, event in enumerate(events):
        documents += isinstance(event, DocumentStartEvent)
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        line = event.start_mark.line
        if depth > _DEEPEST or count > most or documents > 1:
            raise _too_much(line)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _magic(line)
        if isinstance(event, NodeEvent | CollectionEndEvent):
            yield event


def _too_much(line: int) -> Unsafe:
    return _unsafe(
        "too-much",
        line,
        f"Too much for one file: one document, {_DEEPEST} levels deep at most.",
        f"内容过多：每个文件只能有一个文档，最多嵌套 {_DEEPEST} 层。",
    )


def _magic(line: int) -> Unsafe:
    return _unsafe(
        "yaml-magic",
        line,
        "Anchors (&), aliases (*), tags (!) and directives (%) are not taken: write the text out, or"
        " quote it.",
        "不支持锚点（&）、别名（*）、标签（!）和指令（%），请直接写出内容或加引号。",
    )


def _plain(event: Any, events: Iterator[Any], path: Path, lines: dict[Path, int]) -> object:
    """What begins with `event`; the rest of it is taken from `events`."""
    lines.setdefault(path, event.start_mark.line + 1)
    if isinstance(event, ScalarEvent):
        return _scalar(event)
    if isinstance(event, MappingStartEvent):
        return _mapping(events, path, lines)
    listed: list[object] = []
    while not isinstance(entry := next(events), CollectionEndEvent):
        listed.append(_plain(entry, events, (*path, len(listed)), lines))
    return listed


def _mapping(events: Iterator[Any], path: Path, lines: dict[Path, int]) -> dict[object, object]:
    found: dict[object, object] = {}
    while not isinstance(event := next(events), CollectionEndEvent):
        line = event.start_mark.line
        if not isinstance(event, ScalarEvent):
            raise _unsafe("bad-yaml-key", line, "A key is a word.", "键必须是单词。")
        key = _scalar(event)
        if key in found:
            raise _unsafe(
                "key-given-twice",
                line,
                f"The key {shown(key)} is given twice: keep one of them.",
                f"键 {shown(key)} 重复出现，请只保留一个。",
            )
        place = (*path, str(key))
        lines[place] = line + 1
        found[key] = _plain(next(events), events, place, lines)
    return found


def _scalar(event: Any) -> object:
    """A quoted text as it is; a bare word as what YAML 1.2's core schema makes of it."""
    text = str(event.value)
    if event.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text


def _not_yaml(what: str, line: int) -> Unsafe:
    return _unsafe(
        "not-yaml",
        line,
        f"This is not YAML ({shown(what)}): look for a missing quote, colon or indent.",
        f"不是有效的 YAML（{shown(what)}），请检查引号、冒号和缩进。",
    )


def _unsafe(code: str, line: int, en: str, zh: str) -> Unsafe:
    return Unsafe(Problem.of(code, (), en, zh), line + 1)
