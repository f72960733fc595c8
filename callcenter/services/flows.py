"""The shelf of flows: which version of each is in force, and what keeps the newest from being so.

What comes into force is made ready first (read, checked, spoken), which may take minutes and changes
nothing; then it is put in force at once. `read` takes it from the folder and lets in what is sound. It
never takes away what runs: a flow whose file is broken, or says something that could not be spoken,
keeps its former version, and so does one whose file has vanished while numbers may still lead to it.
`recall` takes what was in force last, whichever engine of the centre put it there.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Protocol

from callcenter.core.calendar import Calendar
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.check import check
from callcenter.core.ivr.flow import Enqueue, Flow, Hours, Staffing
from callcenter.core.reading import Problem
from callcenter.services.emergency_flow import (
    BROKEN_FLOW,
    broken_flow,
    emergency_system_flow,
    missing_announcements,
)

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
        """Make sure that all they say lies there as audio; those for which it does not, and why.
        What is said now stays so."""
        ...

    def use(self, flows: Collection[Flow]) -> None:
        """From now on say what these say."""
        ...

    async def clear(self) -> None:
        """Forget what has not been said for long."""
        ...


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was in force last. `holds`: a start takes it as it is, whatever the folder says by now; else
    the folder is read, and this is what ran before."""

    flows: Mapping[FlowId, Flow]
    calendars: Mapping[str, Calendar]
    holds: bool


class FlowRecord(Protocol):
    """What came into force, kept for the engine that goes on after this one."""

    def read(self) -> Recalled:
        """What was kept last, as far as it can be read; nothing, if nothing ever was."""
        ...

    def write(self, flows: Mapping[FlowId, Flow], calendars: Mapping[str, Calendar]) -> None:
        """Keep these instead; flows that were read from nowhere are left out. Raises: JournalAway."""
        ...


@dataclass(frozen=True, slots=True)
class Ready:
    """What can be put in force. `is_new`: it is not what was in force last, and must be kept."""

    in_force: Mapping[FlowId, Flow]
    calendars: Mapping[str, Calendar]
    problems: tuple[FlowProblem, ...]
    known: frozenset[FlowId]
    is_new: bool


class FlowShelf:
    """The flows in force. `prompts` None: everything is spoken already; `record` None: nothing is kept."""

    def __init__(
        self,
        load: Callable[[], FoundFlows],
        prompts: Prompts | None,
        record: FlowRecord | None = None,
    ) -> None:
        self._load = load
        self._prompts = prompts
        self._record = record
        self.in_force: dict[FlowId, Flow] = {}
        self.calendars: Mapping[str, Calendar] = {}
        self.problems: tuple[FlowProblem, ...] = ()
        self.known: frozenset[FlowId] = frozenset()

    @property
    def system(self) -> Flow:
        """The flow with the centre's own announcements."""
        return self.in_force.get(SYSTEM_FLOW) or emergency_system_flow()

    def into(self, queue: QueueId) -> list[FlowId]:
        """The flows in force that let callers wait there, or look how it is."""
        nodes = (Enqueue, Staffing)
        return sorted(
            flow.id
            for flow in self.in_force.values()
            if any(isinstance(node, nodes) and node.queue == queue for node in flow.nodes.values())
        )

    async def recall(
        self,
        queues: Collection[str],
        dialled: Collection[FlowId],
        skills: Collection[str] | None = None,
    ) -> Ready:
        """What a start puts in force: what was so last, or what `read` finds where that does not hold.

        A flow that was in force and cannot be spoken any more is so all the same: not every word of
        it is lost, and it leads its callers to somebody.
        """
        last = await self._last()
        self.in_force, self.calendars = dict(last.flows), last.calendars
        if not last.holds:
            return await self.read(queues, dialled, skills)
        found = await asyncio.to_thread(self._load)
        problems = self._problems(found, queues, skills)
        problems += [_vanished(flow) for flow in self._vanished(found, problems, dialled)]
        self._tell_edited(found)
        in_force = {SYSTEM_FLOW: self.system, **self.in_force}
        for flow, why in (await self._speak(in_force.values())).items():
            problems.append(_unspoken(found, flow, why))
        return _ready(in_force, self.calendars, found, problems, is_new=False)

    async def read(
        self,
        queues: Collection[str],
        dialled: Collection[FlowId],
        skills: Collection[str] | None = None,
    ) -> Ready:
        """What the folder would put in force; `dialled` are the flows that numbers lead to, `skills` those
        that callers may need, None: any."""
        found = await asyncio.to_thread(self._load)
        problems = self._problems(found, queues, skills)
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
        in_force.setdefault(SYSTEM_FLOW, emergency_system_flow())
        # It may have been an engine before us that spoke what goes on running.
        await self._speak(in_force.values())
        asked = {
            node.calendar
            for flow in in_force.values()
            for node in flow.nodes.values()
            if isinstance(node, Hours)
        }
        former = {name: hours for name, hours in self.calendars.items() if name in asked}
        return _ready(in_force, {**former, **found.calendars}, found, problems, is_new=True)

    async def keep(self, ready: Ready) -> None:
        """Let every later start begin with this. Raises: JournalAway, and the former is still kept."""
        if ready.is_new and self._record is not None:
            await asyncio.to_thread(self._record.write, ready.in_force, ready.calendars)

    def put_in_force(self, ready: Ready) -> None:
        """From now on this is in force, and its words are those that are said."""
        self.in_force = dict(ready.in_force)
        self.calendars = ready.calendars
        self.problems = ready.problems
        self.known = ready.known
        if self._prompts is not None:
            self._prompts.use([*self.in_force.values(), broken_flow(self.system)])
        for problem in ready.problems:
            where = {"file": problem.file, "line": problem.line, "code": problem.code}
            logger.warning("flow not in force", extra=where)

    async def clear(self) -> None:
        """Forget the words of what has not been in force for long."""
        if self._prompts is not None:
            await self._prompts.clear()

    async def check(
        self, queues: Collection[str], skills: Collection[str] | None = None
    ) -> tuple[FlowProblem, ...]:
        """What `read` would find, but for what cannot be spoken; changes nothing."""
        return tuple(self._problems(await asyncio.to_thread(self._load), queues, skills))

    async def _last(self) -> Recalled:
        if self._record is None:
            return Recalled({}, {}, holds=False)
        return await asyncio.to_thread(self._record.read)

    def _tell_edited(self, found: FoundFlows) -> None:
        """Whoever wonders why a change cannot be heard finds it in the log."""
        for flow in found.flows.values():
            running = self.in_force.get(flow.id)
            if running is None or running.version != flow.version:
                logger.info("flow file changed, not reloaded", extra={"flow": flow.id})

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

    def _problems(
        self, found: FoundFlows, queues: Collection[str], skills: Collection[str] | None
    ) -> list[FlowProblem]:
        problems = [_told(one) for one in found.problems]
        # What a sound file leaves out is gone; of a broken one nobody knows what it leaves out.
        is_broken = any(PurePath(str(one.file)).stem == _CALENDARS for one in found.problems)
        calendars = {*(self.calendars if is_broken else ()), *found.calendars}
        for flow in found.flows.values():
            strange = check(flow, queues=queues, calendars=calendars, skills=skills)
            wrong = (*_reserved(flow), *strange)
            problems += [_told(one) for one in found.located(flow.id, wrong)]
        return sorted(problems, key=lambda problem: (problem.file, problem.line))


def _ready(
    in_force: Mapping[FlowId, Flow],
    calendars: Mapping[str, Calendar],
    found: FoundFlows,
    problems: Collection[FlowProblem],
    *,
    is_new: bool,
) -> Ready:
    named = {problem.flow for problem in problems if problem.flow is not None}
    known = frozenset(in_force) | frozenset(found.flows) | named
    return Ready(in_force, calendars, tuple(problems), known, is_new)


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
