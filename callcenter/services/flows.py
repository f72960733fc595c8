"""The shelf of flows: which version of each is in force, and what keeps the newest from being so.

`reload` reads the folder and lets in what is sound. It never takes away what runs: a flow whose file
is broken, or says something that could not be spoken, keeps its former version, and so does one whose
file has vanished while numbers may still lead to it.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Protocol

from callcenter.core.calendar import Calendar
from callcenter.core.ids import FlowId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.check import check
from callcenter.core.ivr.flow import Flow
from callcenter.core.reading import Problem
from callcenter.services.emergency_flow import (
    BROKEN_FLOW,
    broken_flow,
    emergency_system_flow,
    missing_announcements,
)
from callcenter.services.prompts import Rendering

logger = logging.getLogger(__name__)

_CALENDARS: Final = "calendars"  # the one file that holds no flow


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """One thing that is wrong: where, and what to write instead, by language."""

    flow: FlowId | None
    file: str
    line: int
    code: str
    text: Mapping[str, str]


class FoundProblem(Protocol):
    """A problem as the reader of files reports it."""

    @property
    def file(self) -> object: ...
    @property
    def line(self) -> int: ...
    @property
    def problem(self) -> Problem: ...


class FoundFlows(Protocol):
    """What a folder holds: every flow and calendar that can be read, and what is wrong with the rest."""

    @property
    def flows(self) -> Mapping[FlowId, Flow]: ...
    @property
    def calendars(self) -> Mapping[str, Calendar]: ...
    @property
    def problems(self) -> Sequence[FoundProblem]: ...

    def located(self, flow: FlowId, problems: Iterable[Problem]) -> Sequence[FoundProblem]:
        """What was found wrong with one of the flows, with file and line."""
        ...


class Prompts(Protocol):
    """Speaks what flows say."""

    async def render(self, flows: Collection[Flow]) -> Mapping[FlowId, str]:
        """Make sure that all they say lies there as audio; those for which it does not, and why."""
        ...


class FlowShelf:
    """The flows in force. `prompts` None: everything is spoken already."""

    def __init__(self, load: Callable[[], FoundFlows], prompts: Prompts | None) -> None:
        self._load = load
        self._prompts = prompts
        self.in_force: dict[FlowId, Flow] = {}
        self.calendars: Mapping[str, Calendar] = {}
        self.problems: tuple[FlowProblem, ...] = ()
        self.known: frozenset[FlowId] = frozenset()

    @property
    def system(self) -> Flow:
        """The flow with the centre's own announcements."""
        return self.in_force.get(SYSTEM_FLOW) or emergency_system_flow()

    async def reload(self, queues: Collection[str], dialled: Collection[FlowId]) -> None:
        """Read the folder and put in force what is sound; `dialled` are those that numbers lead to."""
        found = await asyncio.to_thread(self._load)
        problems = self._problems(found, queues)
        problems += [_vanished(flow) for flow in self._vanished(found, problems, dialled)]
        refused = {problem.flow for problem in problems}
        sound = {flow.id: flow for flow in found.flows.values() if flow.id not in refused}
        sound.setdefault(SYSTEM_FLOW, self.system)
        unspoken = await self._speak(sound.values())
        problems += [_unspoken(found, flow, why) for flow, why in unspoken.items()]
        in_force = {flow: sound[flow] for flow in sound if flow not in unspoken}
        # What runs and could not be replaced goes on running.
        for flow, running in self.in_force.items():
            if flow in refused or flow in unspoken:
                in_force.setdefault(flow, running)
        self.in_force = in_force
        self.calendars = {**self.calendars, **found.calendars}
        self.problems = tuple(problems)
        named = {problem.flow for problem in problems if problem.flow is not None}
        self.known = frozenset(in_force) | frozenset(found.flows) | named
        for problem in problems:
            where = {"file": problem.file, "line": problem.line, "code": problem.code}
            logger.warning("flow not in force", extra=where)

    async def check(self, queues: Collection[str]) -> tuple[FlowProblem, ...]:
        """What `reload` would find, but for what cannot be spoken; changes nothing."""
        return tuple(self._problems(await asyncio.to_thread(self._load), queues))

    def _vanished(
        self, found: FoundFlows, problems: Collection[FlowProblem], dialled: Collection[FlowId]
    ) -> list[FlowId]:
        accounted = {*found.flows, *(problem.flow for problem in problems)}
        return [flow for flow in self.in_force if flow in dialled and flow not in accounted]

    async def _speak(self, flows: Collection[Flow]) -> dict[FlowId, str]:
        """The flows that could not be spoken, and why."""
        if self._prompts is None:
            return {}
        system = next(flow for flow in flows if flow.id == SYSTEM_FLOW)
        unspoken = dict(await self._prompts.render([*flows, broken_flow(system)]))
        unspoken.pop(BROKEN_FLOW, None)  # said again for the system flow, whose words they are
        return unspoken

    def _problems(self, found: FoundFlows, queues: Collection[str]) -> list[FlowProblem]:
        problems = [_told(one) for one in found.problems]
        calendars = {*self.calendars, *found.calendars}
        for flow in found.flows.values():
            wrong = (*_reserved(flow), *check(flow, queues=queues, calendars=calendars))
            problems += [_told(one) for one in found.located(flow.id, wrong)]
        return sorted(problems, key=lambda problem: (problem.file, problem.line))


def _reserved(flow: Flow) -> list[Problem]:
    """What the centre itself expects of a flow's name."""
    if flow.id == BROKEN_FLOW:
        return [
            Problem.of(
                "reserved-name",
                (),
                f"The name {BROKEN_FLOW} belongs to the centre itself: rename the file.",
                f"名称 {BROKEN_FLOW} 由系统保留，请重命名该文件。",
            )
        ]
    missing = missing_announcements(flow) if flow.id == SYSTEM_FLOW else []
    return [
        Problem.of(
            "missing-announcement",
            ("prompts",),
            f"The centre itself says {name}: add this prompt.",
            f"系统需要提示语 {name}，请补上。",
        )
        for name in missing
    ]


def _told(one: FoundProblem) -> FlowProblem:
    file = PurePath(str(one.file))
    named = file.suffix == ".yaml" and file.stem != _CALENDARS
    flow = FlowId(file.stem) if named else None
    return FlowProblem(flow, str(file), one.line, one.problem.code, one.problem.text)


def _vanished(flow: FlowId) -> FlowProblem:
    text = {
        "en": "The file is gone, but numbers lead to it: bring it back, or give them another flow.",
        "zh": "文件已不存在，但仍有号码指向它：请恢复文件，或为这些号码指定其他流程。",
    }
    return FlowProblem(flow, f"{flow}.yaml", 0, "file-gone", text)


def _unspoken(found: FoundFlows, flow: FlowId, why: str) -> FlowProblem:
    text = {
        "en": f"Its prompts could not be spoken: {why}",
        "zh": f"无法合成提示语：{why}",
    }
    if flow not in found.flows:
        return FlowProblem(flow, f"{flow}.yaml", 0, "unspoken", text)
    (told,) = found.located(flow, [Problem("unspoken", ("prompts",), text)])
    return _told(told)


def unspoken(rendering: Rendering) -> dict[FlowId, str]:
    """The flows that a rendering of the prompt library leaves without some of their words, and why."""
    found: dict[FlowId, str] = {}
    for failure in rendering.failures:
        why = f"{failure.prompt} ({failure.language}): {failure.reason}"
        found.setdefault(failure.flow, why)
    return found
