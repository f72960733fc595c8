"""Desk work without a network: the real engine on a fake switch, and the services in front of it.

The stores come from outside, so that the same tests run on the real ones.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from callcenter.core.calendar import Calendar
from callcenter.core.calls.directory import Directory
from callcenter.core.ids import FlowId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.flow import Flow
from callcenter.core.reading import Problem
from callcenter.engine.api import Door
from callcenter.engine.loop import Engine
from callcenter.ports import store
from callcenter.ports.journal import JournalAway
from callcenter.ports.store import Change
from callcenter.ports.telephony import SwitchAway
from callcenter.services.agents import AgentDesk, SecondSignIn
from callcenter.services.blueprint import SECTIONS, Blueprint
from callcenter.services.change_log import ChangeLog, ChangesOf
from callcenter.services.configuration import Configuration
from callcenter.services.emergency_flow import emergency_system_flow
from callcenter.services.flows import FlowShelf, Recalled
from callcenter.services.stored import Stored, Stores
from callcenter.testing.clock import HandClock
from callcenter.testing.journal import MemoryJournal
from callcenter.testing.switch import FakeSwitch

LINE: Final = 7  # where everything in a flow of this module stands


class FakeEndpoints:
    """The accounts on a switch: what was written, and who is there."""

    def __init__(self) -> None:
        self.accounts: dict[str, tuple[str, bool]] = {}
        self.online: set[str] = set()
        self.away = False
        self.refused: set[str] = set()

    async def put(self, endpoint: str, password: str, *, browser: bool) -> None:
        """See `ports.telephony`."""
        self._check()
        if endpoint in self.refused:
            raise SwitchAway("status 400")
        self.accounts[endpoint] = (password, browser)
        self.online.discard(endpoint)

    async def remove(self, endpoint: str) -> None:
        """See `ports.telephony`."""
        self._check()
        self.accounts.pop(endpoint, None)
        self.online.discard(endpoint)

    async def reachable(self) -> Mapping[str, bool]:
        """See `ports.telephony`."""
        self._check()
        return {endpoint: endpoint in self.online for endpoint in self.accounts}

    def restart(self) -> None:
        """Forget everything, as a switch does."""
        self.accounts.clear()
        self.online.clear()

    def _check(self) -> None:
        if self.away:
            raise SwitchAway("away")


@dataclass(frozen=True, slots=True)
class FileProblem:
    file: str
    line: int
    problem: Problem


@dataclass
class FlowFolder:
    """A folder of flows: what can be read in it, and what cannot."""

    flows: dict[FlowId, Flow] = field(
        default_factory=lambda: {SYSTEM_FLOW: emergency_system_flow()}
    )
    calendars: dict[str, Calendar] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)

    def hold(self, *flows: Flow) -> None:
        """Put files with these flows there, sound ones."""
        for flow in flows:
            self.flows[flow.id] = flow
            self.problems = [one for one in self.problems if one.file != f"{flow.id}.yaml"]

    def spoil(self, flow: FlowId) -> None:
        """Break the file of a flow."""
        self.flows.pop(flow, None)
        problem = Problem.of("not-yaml", (), "This is not YAML.", "不是有效的 YAML。")
        self.problems.append(FileProblem(f"{flow}.yaml", LINE, problem))

    def located(self, flow: FlowId, problems: Iterable[Problem]) -> list[FileProblem]:
        """See `services.flows.FoundFlows`."""
        return [FileProblem(f"{flow}.yaml", LINE, problem) for problem in problems]


class FakePrompts:
    """Speaks everything but what it is told to fail at, as soon as it `may_speak`.

    `said` is what callers hear: versions by flow.
    """

    def __init__(self) -> None:
        self.spoken: set[tuple[FlowId, str]] = set()
        self.failing: dict[FlowId, str] = {}
        self.said: dict[FlowId, str] = {}
        self.begun = asyncio.Event()
        self.may_speak = asyncio.Event()
        self.may_speak.set()

    def use(self, flows: Collection[Flow]) -> None:
        """See `services.flows.Prompts`."""
        self.said = {flow.id: flow.version for flow in flows}

    async def clear(self) -> None:
        """See `services.flows.Prompts`."""

    async def render(self, flows: Collection[Flow]) -> Mapping[FlowId, str]:
        """See `services.flows.Prompts`."""
        self.begun.set()
        await self.may_speak.wait()
        unspoken = {flow.id: self.failing[flow.id] for flow in flows if flow.id in self.failing}
        self.spoken |= {(flow.id, flow.version) for flow in flows if flow.id not in unspoken}
        return unspoken


class FlowMemory:
    """What was in force last, for the engines of one centre; refuses to keep more while it is `full`."""

    def __init__(self) -> None:
        self.last = Recalled({}, {}, holds=False)
        self.full = False

    def read(self) -> Recalled:
        """See `services.flows.FlowRecord`."""
        return self.last

    def write(self, flows: Mapping[FlowId, Flow], calendars: Mapping[str, Calendar]) -> None:
        """See `services.flows.FlowRecord`."""
        if self.full:
            raise JournalAway("no room")
        self.last = Recalled(dict(flows), dict(calendars), holds=True)

    def set_aside(self) -> None:
        """Let the next start read the folder."""
        self.last = replace(self.last, holds=False)


class ConfigurationMemory:
    """What was read last from the store, for the engines of one centre."""

    def __init__(self) -> None:
        self.last: Stored | None = None

    def read(self) -> Stored | None:
        """See `services.stored.StoredRecord`."""
        return self.last

    def write(self, stored: Stored) -> None:
        """See `services.stored.StoredRecord`."""
        self.last = stored


def named_changes(now: Blueprint, target: Blueprint) -> list[Change]:
    """Which entries differ, without what their fields are called."""
    return [
        Change(
            "added" if id not in was else "removed" if id not in becomes else "changed",
            section,
            id,
        )
        for section in SECTIONS
        for was, becomes in [(getattr(now, section), getattr(target, section))]
        for id in sorted({*was, *becomes})
        if was.get(id) != becomes.get(id)
    ]


class DeskHouse:
    """An engine with nobody in it yet, and the services that put people there.

    `after`: an engine of the same centre was at work before, over the same folder of flows.
    """

    def __init__(
        self,
        stores: Stores,
        kept: store.Endpoints,
        *,
        second_sign_in: SecondSignIn = SecondSignIn.TAKES_OVER,
        changes_of: ChangesOf = named_changes,
        after: "DeskHouse | None" = None,
    ) -> None:
        self.clock = HandClock()
        self.switch = FakeSwitch(self.clock)
        self.endpoints = FakeEndpoints()
        self.folder: FlowFolder = after.folder if after else FlowFolder()
        self.record: FlowMemory = after.record if after else FlowMemory()
        self.prompts = FakePrompts()
        self.stores = stores
        self.journal = MemoryJournal()
        self.engine = Engine(
            directory=Directory(flows={SYSTEM_FLOW: emergency_system_flow()}),
            clock=self.clock,
            journal=self.journal,
            telephony=self.switch,
        )
        self.door = Door(self.engine, self.clock)
        self.switch.connect(self.door.deliver)
        self.desk = AgentDesk(
            self.door, self.endpoints, kept, stores.agents, second_sign_in=second_sign_in
        )
        self.shelf = FlowShelf(lambda: self.folder, self.prompts, self.record)
        self.memory: ConfigurationMemory = after.memory if after else ConfigurationMemory()
        self.configuration = Configuration(
            stores,
            self.shelf,
            self.desk,
            self.door,
            ChangeLog(stores, changes_of, self.clock.now),
            region="DE",
            record=self.memory,
        )
