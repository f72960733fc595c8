"""A folder of flows: `<flow>.yaml` each, and `calendars.yaml` for the opening hours they ask about.

A file with a mistake is left out and its problems are told; the others are read all the same.
Whoever holds the running flows keeps its own version of a flow whose file is broken. Flows are
read whole and found sound one by one; whether they fit the centre is `core.ivr.check`'s question,
and `located` gives its answers their lines. A large hostile file takes seconds: read in a thread.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Final, TypeVar

from callcenter.adapters.flows.yaml_source import Source, Unsafe, read_text, text_of
from callcenter.core.calendar import Calendar, parse_calendar
from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import Flow
from callcenter.core.ivr.parse import parse_flow
from callcenter.core.reading import Path, Problem, Unreadable, dotted

CALENDARS_FILE: Final = "calendars.yaml"
_MOST_FILES: Final = 1000

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A problem and where it stands: file and line, the first line being 1."""

    file: FilePath
    line: int
    problem: Problem

    def told(self, language: str) -> str:
        """The problem in one line: file, line, place in the file, what to do."""
        text = self.problem.text.get(language) or self.problem.text["en"]
        where = f"{self.file}:{self.line}"
        return (
            f"{where}: {dotted(self.problem.path)}: {text}"
            if self.problem.path
            else (f"{where}: {text}")
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder holds, as far as it could be read, and what could not."""

    flows: Mapping[FlowId, Flow]
    calendars: Mapping[str, Calendar]
    problems: tuple[FileProblem, ...]
    sources: Mapping[FlowId, tuple[FilePath, Source]] = field(default_factory=dict, repr=False)

    def located(self, flow: FlowId, problems: Iterable[Problem]) -> tuple[FileProblem, ...]:
        """Problems that `check` found in a flow of this folder, with their lines."""
        file, source = self.sources[flow]
        return tuple(FileProblem(file, source.line(p.path), p) for p in problems)


class FlowFolder:
    """Reads a folder of flows; what stands unchanged since the last time is not taken apart again.

    May be asked from any thread: two at once do the work twice.
    """

    def __init__(self, folder: FilePath) -> None:
        self._folder = folder
        self._known: Mapping[FilePath, tuple[str, Loaded]] = {}

    def load(self) -> Loaded:
        """Read every `*.yaml` of the folder."""
        found = sorted(f for f in self._folder.glob("*.yaml") if not f.name.startswith("."))
        if not found:
            return Loaded({}, {}, (FileProblem(self._folder, 1, _no_flows()),))
        read: dict[FilePath, tuple[str, Loaded]] = {}
        parts = [self._look(file, read) for file in found[:_MOST_FILES]]
        self._known = read
        return Loaded(
            {name: flow for part in parts for name, flow in part.flows.items()},
            {name: calendar for part in parts for name, calendar in part.calendars.items()},
            tuple(problem for part in parts for problem in part.problems),
            {name: source for part in parts for name, source in part.sources.items()},
        )

    def _look(self, file: FilePath, read: dict[FilePath, tuple[str, Loaded]]) -> Loaded:
        try:
            text = text_of(file)
        except Unsafe as unsafe:
            return Loaded({}, {}, (FileProblem(file, unsafe.line, unsafe.problem),))
        before, loaded = self._known.get(file, ("", None))
        if loaded is None or before != text:
            loaded = _read(file, text)
        read[file] = (text, loaded)
        return loaded


def _read(file: FilePath, text: str) -> Loaded:
    reading = _Reading()
    reading.add(file, text)
    return Loaded(reading.flows, reading.calendars, tuple(reading.problems), reading.sources)


class _Reading:
    def __init__(self) -> None:
        self.flows: dict[FlowId, Flow] = {}
        self.calendars: dict[str, Calendar] = {}
        self.problems: list[FileProblem] = []
        self.sources: dict[FlowId, tuple[FilePath, Source]] = {}

    def note(self, file: FilePath, line: int, problem: Problem) -> None:
        self.problems.append(FileProblem(file, line, problem))

    def add(self, file: FilePath, text: str) -> None:
        try:
            source = read_text(text)
        except Unsafe as unsafe:
            self.note(file, unsafe.line, unsafe.problem)
            return
        if file.name == CALENDARS_FILE:
            self._add_calendars(file, source)
            return
        flow = self._parsed(file, source, (), parse_flow, source.data)
        if flow is None:
            return
        if flow.id != file.stem:
            self.note(file, source.line(("id",)), _misnamed(flow.id, file.name))
            return
        self.flows[flow.id] = flow
        self.sources[flow.id] = (file, source)

    def _add_calendars(self, file: FilePath, source: Source) -> None:
        if not isinstance(source.data, dict):
            self.note(file, 1, _no_calendars())
            return
        for name, data in source.data.items():
            calendar = self._parsed(file, source, (str(name),), parse_calendar, data)
            if calendar is not None:
                self.calendars[str(name)] = calendar

    def _parsed(
        self,
        file: FilePath,
        source: Source,
        within: Path,
        parse: Callable[[object], Read],
        data: object,
    ) -> Read | None:
        try:
            return parse(data)
        except Unreadable as unreadable:
            for problem in unreadable.problems:
                path = (*within, *problem.path)
                placed = Problem(problem.code, path, problem.text)
                self.note(file, source.line(path), placed)
            return None


def _no_flows() -> Problem:
    return Problem.of(
        "no-flows",
        (),
        "There is no flow in this folder: add one, such as hotline.yaml.",
        "此文件夹中没有流程，请添加一个，例如 hotline.yaml。",
    )


def _no_calendars() -> Problem:
    return Problem.of(
        "not-a-mapping",
        (),
        "Write calendars by name: `office: {zone: Asia/Shanghai, weekly: {…}}`.",
        "请按名称编写日历：`office: {zone: Asia/Shanghai, weekly: {…}}`。",
    )


def _misnamed(flow: str, file: str) -> Problem:
    return Problem.of(
        "id-is-not-file",
        ("id",),
        f"The flow {flow} stands in {file}: call the file {flow}.yaml, or change the id.",
        f"流程 {flow} 位于文件 {file} 中，请将文件命名为 {flow}.yaml，或修改 id。",
    )
