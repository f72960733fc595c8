"""A whole centre without a network: the real engine on a fake switch, a hand-moved clock and a journal
in memory. Scenario tests are written in its words.

    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    assert centre.talking_to(call) == ana
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from callcenter.core.access import Actor, Role
from callcenter.core.acd.agent_state import Activity, AgentRow
from callcenter.core.acd.queue import QueueRules
from callcenter.core.admission import Limits
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.phases import Connected, Phase
from callcenter.core.facts.agents import DeviceReachable, Presence
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, FlowId, LegId, QueueId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.flow import (
    Enqueue,
    Flow,
    HangUp,
    Language,
    Menu,
    Node,
    NodeId,
    PromptName,
    Utterance,
)
from callcenter.engine.api import Door, FinishWrap, SetPresence, SignIn, SignOut
from callcenter.engine.loop import NO_LIMITS, Engine
from callcenter.engine.runtime import Runtime
from callcenter.testing.clock import HandClock
from callcenter.testing.journal import MemoryJournal
from callcenter.testing.switch import FakeSwitch

BOSS: Final = Actor("boss", Role.ADMIN)
SALES: Final = QueueId("sales")
SUPPORT: Final = QueueId("support")
STRAIGHT: Final = "4000"  # its flow asks nothing: into sales at once
MENU: Final = "4001"  # its flow asks: 1 sales, 2 support
ENGLISH: Final = Language("en")


def _said(text: str) -> dict[Language, tuple[Utterance, ...]]:
    return {ENGLISH: (Utterance(ENGLISH, text),)}


def straight(queue: QueueId) -> Flow:
    """A flow that goes into the queue at once."""
    nodes = {NodeId("wait"): Enqueue(queue)}
    flow = FlowId(f"straight-{queue}")
    return Flow(flow, "v1", NodeId("wait"), nodes, {}, (ENGLISH,), ENGLISH)


def menu() -> Flow:
    """1 sales, 2 support, goodbye after three tries."""
    prompts = {PromptName("menu"): _said("Press 1 or 2."), PromptName("bye"): _said("Goodbye.")}
    nodes: dict[NodeId, Node] = {
        NodeId("menu"): Menu(
            PromptName("menu"), {"1": NodeId("sales"), "2": NodeId("support")}, NodeId("bye")
        ),
        NodeId("sales"): Enqueue(SALES),
        NodeId("support"): Enqueue(SUPPORT),
        NodeId("bye"): HangUp(PromptName("bye")),
    }
    return Flow(FlowId("menu"), "v1", NodeId("menu"), nodes, prompts, (ENGLISH,), ENGLISH)


def unknown_number() -> Flow:
    """What a caller hears who dialled a number we do not have."""
    prompts = {PromptName("unknown"): _said("This number is not in use.")}
    nodes = {NodeId("unknown"): HangUp(PromptName("unknown"))}
    return Flow(SYSTEM_FLOW, "v1", NodeId("unknown"), nodes, prompts, (ENGLISH,), ENGLISH)


class Centre:
    """Callers, agents and the engine between them."""

    def __init__(
        self,
        *,
        rules: QueueRules | None = None,
        journal: MemoryJournal | None = None,
        limits: Limits = NO_LIMITS,
        tells_when_full: bool = False,
    ) -> None:
        self.limits = limits
        self.stood_still = False  # and the engine has not noticed yet
        self.clock = HandClock()
        self.switch = FakeSwitch(self.clock)
        self.journal = journal or MemoryJournal()
        self.directory = Directory(
            flows={flow.id: flow for flow in (straight(SALES), menu(), unknown_number())},
            numbers={STRAIGHT: straight(SALES).id, MENU: FlowId("menu")},
            queues={SALES: rules or QueueRules(SALES), SUPPORT: QueueRules(SUPPORT)},
            assignments={},
            tells_when_full=tells_when_full,
        )
        self._start()

    def _start(self) -> None:
        self.clock.wake_at(None, self._start)  # a killed engine wakes no more
        self.engine = Engine(
            directory=self.directory,
            clock=self.clock,
            journal=self.journal,
            telephony=self.switch,
            limits=self.limits,
            hears=lambda: not self.stood_still,
        )
        self.door = Door(self.engine, self.clock)
        self.runtime = Runtime(self.engine, self.switch, self.clock)
        self.switch.connect(self.door.deliver)

    async def restart(self) -> None:
        """Kill the engine and start another on the same journal and the same switch."""
        self.switch.deaf = False
        self.restart_blind()
        await self.runtime.reconcile()

    def restart_blind(self) -> None:
        """The same, while the switch cannot be asked yet."""
        self._start()
        self.runtime.start()

    # -- people ---------------------------------------------------------------------------------

    def agent(self, name: str, *queues: QueueId, ready: bool = True) -> AgentId:
        """Somebody who is hired, signed in with a phone that works, and ready unless told otherwise."""
        agent = AgentId(name)
        assigned = {**self.directory.assignments, agent: queues or (SALES,)}
        self.directory = replace(self.directory, assignments=assigned)
        self.door.configure(self.directory)
        self.door.ask(BOSS, SignIn(agent, f"sip:agent-{name}"))
        self.door.deliver(DeviceReachable(self.clock.now(), agent, True))
        if ready:
            self.ready(agent)
        return agent

    def ready(self, agent: AgentId) -> None:
        """The agent presses Ready."""
        self.door.ask(BOSS, SetPresence(agent, Presence.READY))

    def pauses(self, agent: AgentId, reason: str = "lunch") -> None:
        """The agent presses Pause."""
        self.door.ask(BOSS, SetPresence(agent, Presence.PAUSED, reason))

    def signs_out(self, agent: AgentId) -> None:
        """The agent goes home."""
        self.door.ask(BOSS, SignOut(agent))

    def wraps_up(self, agent: AgentId) -> None:
        """The agent has written down what there was to write down."""
        self.door.ask(BOSS, FinishWrap(agent))

    def answers(self, agent: AgentId) -> LegId:
        """The agent picks up the phone that rings."""
        return self.switch.answer(agent)

    def call(self, dnis: str = STRAIGHT, ani: str = "+493012345") -> CallId:
        """Somebody calls."""
        return self.switch.arrive(dnis, ani)

    def hangs_up(self, call: CallId) -> None:
        """The caller has had enough."""
        self.switch.hang_up(LegId(call))

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        self.clock.move(timedelta(seconds=seconds))

    # -- what is --------------------------------------------------------------------------------

    def phase(self, call: CallId) -> Phase:
        """Where the call is."""
        return self.engine.calls[call].phase

    def row(self, agent: AgentId) -> AgentRow:
        """How the agent is."""
        return self.engine.floor.agents[agent]

    def activity(self, agent: AgentId) -> Activity:
        """What we are doing with the agent."""
        return self.row(agent).activity

    def rings(self, agent: AgentId) -> bool:
        """Whether the agent's phone rings now."""
        return any(leg.agent == agent and not leg.answered for leg in self.switch.legs.values())

    def talking_to(self, call: CallId) -> AgentId | None:
        """Whom the caller can hear, if anybody."""
        known = self.engine.calls.get(call)
        leg = self.switch.legs.get(known.caller) if known else None
        heard = {self.switch.legs[other].agent for other in leg.together} if leg else set()
        phase = known.phase if known else None
        return phase.agent if isinstance(phase, Connected) and phase.agent in heard else None

    def facts(self, call: CallId) -> list[Fact]:
        """Everything written down about the call, in order."""
        return [
            fact for _, fact in self.journal.read_after(0) if getattr(fact, "call", None) == call
        ]
