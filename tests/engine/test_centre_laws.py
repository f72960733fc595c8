"""Laws of the whole centre, whatever happens in whatever order: people, phones, switch, time, rules."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.verify import verify
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.phases import (
    Call,
    Connected,
    Greeting,
    InFlow,
    Kept,
    Offered,
    Queued,
    Reaching,
    offers_of,
    talking_with,
)
from callcenter.core.errors import CoreError
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallArrived,
    CallEnded,
    CallerUnreached,
    LegCause,
    OfferEnded,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import (
    AgentId,
    CallId,
    FlowId,
    LegId,
    QueueId,
    call_of,
    is_called_leg,
    is_offer_leg,
    offer_leg,
)
from callcenter.core.ivr.flow import CallBack, Enqueue, Flow, Menu, NodeId, PromptName
from callcenter.engine.api import Command, FinishWrap, HangUp, SetPresence, SignIn, SignOut
from callcenter.engine.loop import Engine
from callcenter.ports.journal import JournalAway
from callcenter.testing.centre import BOSS, MENU, SALES, STRAIGHT, SUPPORT, Centre, menu
from callcenter.testing.journal import MemoryJournal
from callcenter.testing.screen import Screen

pytestmark = pytest.mark.engine

AGENTS = [AgentId(name) for name in ("ana", "bo", "cy")]
QUEUES: dict[AgentId, tuple[QueueId, ...]] = {
    AGENTS[0]: (SALES,),
    AGENTS[1]: (SALES, SUPPORT),
    AGENTS[2]: (SUPPORT,),
}
LATER = "4002"  # its flow offers to call back
agents = st.sampled_from(AGENTS)
picks = st.integers(0, 50)


def finish(work: Coroutine[Any, Any, None]) -> None:
    """Run what never really waits."""
    with pytest.raises(StopIteration):
        work.send(None)


WAYS_OUT = (
    WayOut(after=timedelta(seconds=20), queue=SUPPORT),
    WayOut(key="9", flow=FlowId("menu")),
)


class PlaceKeeper:
    """An own account of who waits, kept from the facts alone, against which offers are checked."""

    def __init__(self, *, all_at_once: bool) -> None:
        self.all_at_once = all_at_once
        self.read = 0
        self.waiting: dict[CallId, tuple[QueueId, Any]] = {}
        self.offered: dict[CallId, dict[int, AgentId]] = {}
        self.talking: dict[CallId, AgentId] = {}

    def hear(self, number: int, fact: Fact) -> None:
        match fact:
            case QueueJoined(call=call, queue=queue) if call not in self.waiting:
                since = fact.since or fact.at
                self.waiting[call] = queue, (since - timedelta(seconds=fact.priority), number)
            case AgentOffered(call=call, queue=queue):
                assert not [o for o in self.offered.values() if fact.agent in o.values()]
                assert fact.agent not in self.talking.values()
                assert self.all_at_once or call not in self.offered, "offered to two"
                before = [
                    other
                    for other, (its_queue, place) in self.waiting.items()
                    if its_queue == queue
                    and other not in self.offered
                    and place < self.waiting[call][1]
                ]
                assert not before, "overtaken"
                self.offered.setdefault(call, {})[fact.offer] = fact.agent
            case OfferEnded(call=call, agent=agent, offer=offer):
                rung = self.offered.get(call, {})
                if rung.get(offer) == agent:
                    del rung[offer]
                if not rung:
                    self.offered.pop(call, None)
            case AgentAnswered(call=call, agent=agent, offer=offer):
                if call not in self.talking and self.offered.get(call, {}).get(offer) == agent:
                    del self.waiting[call]
                    self.talking[call] = agent
            case QueueLeft() | CallerUnreached() | CallEnded():
                self.goes(fact)

    def goes(self, fact: QueueLeft | CallerUnreached | CallEnded) -> None:
        if isinstance(fact, QueueLeft):
            assert fact.call not in self.offered, "sent away while a phone rings"
        else:
            talked = self.talking.pop(fact.call, None)
            assert fact.agent == talked, "counted to somebody else"
        self.offered.pop(fact.call, None)
        self.waiting.pop(fact.call, None)


class CentreMachine(RuleBasedStateMachine):
    """People do what they like; the laws hold after every step."""

    segment_facts = 1_000_000
    reconfigures = False
    strategy = Strategy.LONGEST_IDLE
    calls_back = False
    caller_first = False

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.centre = Centre(
            rules=QueueRules(
                SALES,
                announce_every=timedelta(seconds=15),
                strategy=self.strategy,
                briefs_agent=True,
            ),
            journal=MemoryJournal(segment_facts=self.segment_facts),
        )
        if self.calls_back:
            known = self.centre.directory
            self.centre.directory = replace(
                known,
                flows={**known.flows, FlowId("offer"): offer(caller_first=self.caller_first)},
                numbers={**known.numbers, LATER: FlowId("offer")},
                reach=lambda number: number,
            )
        for agent, queues in QUEUES.items():
            self.centre.agent(agent, *queues, ready=agent != AGENTS[2])
        self.places = PlaceKeeper(
            all_at_once=self.reconfigures or self.strategy is Strategy.RING_ALL
        )
        self.told: list[Fact] = []
        self.deaf = False
        self.screen = Screen(self.centre.engine.feed, self.loop)
        self.steps = 0

    def teardown(self) -> None:
        self.compare_with_the_journal()
        decided = verify(self.centre.journal.read_after(0))
        assert (decided.unknown, decided.differences) == (0, [])
        self.screen.close()
        self.loop.close()

    # -- callers --------------------------------------------------------------------------------

    def legs(self, *, of_agents: bool) -> list[LegId]:
        return [leg for leg in self.centre.switch.legs if is_offer_leg(leg) == of_agents]

    def callers(self) -> list[LegId]:
        return [leg for leg in self.legs(of_agents=False) if not is_called_leg(leg)]

    @rule(
        dnis=st.sampled_from([STRAIGHT, STRAIGHT, MENU, "unknown", LATER]),
        ani=st.sampled_from(["+49301", "+49302", "+49303"]),
    )
    def arrives(self, dnis: str, ani: str) -> None:
        self.centre.call(dnis, ani)

    @precondition(lambda self: self.callers())
    @rule(pick=picks, digit=st.sampled_from("129"))
    def presses(self, pick: int, digit: str) -> None:
        legs = self.callers()
        self.centre.switch.press(CallId(legs[pick % len(legs)]), digit)

    @precondition(lambda self: self.calls_back and not self.deaf and self.centre.engine.can_write)
    @rule(ani=st.sampled_from(["+49301", "+49302", "+49303"]))
    def asks_to_be_called_back(self, ani: str) -> None:
        call = self.centre.call(LATER, ani)
        self.centre.switch.press(call, "1")
        self.centre.switch.hang_up(LegId(call))

    @precondition(lambda self: self.calls_back and self.centre.switch.called_legs)
    @rule(pick=picks, answers=st.booleans())
    def is_called_back(self, pick: int, answers: bool) -> None:
        legs = self.centre.switch.called_legs
        leg = legs[pick % len(legs)]
        if answers:
            self.centre.switch.answer_callback(call_of(leg))
        else:
            self.centre.switch.hang_up(leg, LegCause.BUSY)

    @precondition(lambda self: self.callers())
    @rule(pick=picks)
    def hears_it_out(self, pick: int) -> None:
        saying = [leg for leg in self.callers() if self.centre.switch.legs[leg].saying]
        for leg in saying[pick % len(saying) :][:1] if saying else ():
            self.centre.switch.finish_prompt(CallId(leg))

    @precondition(lambda self: self.legs(of_agents=False))
    @rule(pick=picks)
    def gives_up(self, pick: int) -> None:
        legs = self.legs(of_agents=False)
        self.centre.switch.hang_up(legs[pick % len(legs)])

    # -- agents ---------------------------------------------------------------------------------

    @precondition(lambda self: self.legs(of_agents=True))
    @rule(pick=picks)
    def picks_up(self, pick: int) -> None:
        legs = self.legs(of_agents=True)
        agent = self.centre.switch.legs[legs[pick % len(legs)]].agent
        if agent is not None and self.centre.rings(agent):
            self.centre.switch.answer(agent)

    @precondition(lambda self: self.legs(of_agents=True))
    @rule(pick=picks, cause=st.sampled_from(LegCause))
    def puts_down(self, pick: int, cause: LegCause) -> None:
        legs = self.legs(of_agents=True)
        self.centre.switch.hang_up(legs[pick % len(legs)], cause)

    @rule(
        agent=agents,
        wish=st.sampled_from(["ready", "ready", "ready", "pause", "out", "in", "wrap", "tel"]),
    )
    def wishes(self, agent: AgentId, wish: str) -> None:
        commands: dict[str, Command] = {
            "ready": SetPresence(agent, Presence.READY),
            "pause": SetPresence(agent, Presence.PAUSED, "lunch"),
            "out": SignOut(agent),
            "in": SignIn(agent, f"sip:agent-{agent}"),
            "wrap": FinishWrap(agent),
            "tel": SignIn(agent, "tel:+4930123"),
        }
        try:
            self.centre.door.ask(BOSS, commands[wish])
        except CoreError:
            return  # refused: that is an answer too

    @rule(agent=agents, reachable=st.sampled_from([True, True, False]))
    def phone_comes_or_goes(self, agent: AgentId, reachable: bool) -> None:
        self.centre.door.set_reachable(agent, reachable)

    @rule(agent=agents, how=st.sampled_from(["fine", "fine", "dead", "silent"]))
    def phone_is(self, agent: AgentId, how: str) -> None:
        device, switch = f"sip:agent-{agent}", self.centre.switch
        switch.unreachable -= {device}
        switch.silent_devices -= {device}
        {"dead": switch.unreachable, "silent": switch.silent_devices}.get(how, set()).add(device)

    @precondition(lambda self: self.centre.engine.calls)
    @rule(pick=picks)
    def supervisor_ends(self, pick: int) -> None:
        calls = list(self.centre.engine.calls)
        with suppress(JournalAway):
            self.centre.door.ask(BOSS, HangUp(calls[pick % len(calls)]))

    # -- time and the switch's whims --------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.1, 1, 2.5, 5, 11, 21, 35]))
    def time_passes(self, seconds: float) -> None:
        self.centre.passes(seconds)

    @rule(pick=picks)
    def switch_repeats_itself(self, pick: int) -> None:
        """Late and doubled facts, of calls that may be long gone."""
        said = [
            fact
            for _, fact in self.centre.journal.read_after(0)
            if getattr(fact, "call", None) is not None
            and type(fact).__name__
            in (
                "AgentRinging",
                "AgentAnswered",
                "CallerAnswered",
                "LegEnded",
                "PromptEnded",
                "CallArrived",
            )
        ]
        for fact in said[-1 - pick % max(len(said), 1) :][:1]:
            ghost = isinstance(fact, CallArrived) and fact.call not in self.centre.engine.calls
            false_end = getattr(fact, "leg", None) in self.centre.switch.legs and not isinstance(
                fact, CallArrived
            )
            if not ghost and not false_end:
                self.centre.door.deliver(replace(fact, at=self.centre.clock.now()))

    @rule()
    def connection_breaks(self) -> None:
        self.centre.switch.deaf = self.deaf = True

    @rule()
    def connection_is_seen_to_break(self) -> None:
        self.connection_breaks()
        self.centre.runtime.lost()

    @precondition(lambda self: self.deaf)
    @rule()
    def connection_heals(self) -> None:
        self.centre.switch.deaf = self.deaf = False
        self.centre.runtime.lost()
        self.centre.journal.refusals = 0
        self.centre.passes(1)  # what was said before is heard before
        finish(self.centre.runtime.reconcile())
        self.centre.passes(0)  # what was due while we were away

    @rule()
    def engine_dies_and_comes_back(self) -> None:
        self.screen.close()
        self.deaf = False
        self.centre.journal.refusals = 0
        finish(self.centre.restart())
        self.centre.passes(0)
        self.screen = Screen(self.centre.engine.feed, self.loop)

    @rule()
    def engine_dies_and_comes_back_before_the_switch(self) -> None:
        self.screen.close()
        self.connection_breaks()
        self.centre.restart_blind()
        self.centre.door.deliver()  # what a replay left to be done
        self.screen = Screen(self.centre.engine.feed, self.loop)

    @precondition(lambda self: not self.deaf)
    @rule()
    def engine_looks_around(self) -> None:
        finish(self.centre.runtime.look_around())
        self.centre.passes(0)  # what was due while we were away

    @rule(refusals=st.integers(1, 3))
    def disk_is_full_for_a_moment(self, refusals: int) -> None:
        self.centre.journal.refusals = refusals

    # -- laws -------------------------------------------------------------------------------------

    @invariant()
    def nothing_faulted(self) -> None:
        assert self.centre.engine.counters.faults == 0

    @invariant()
    def places_are_kept(self) -> None:
        for number, fact in self.centre.journal.read_after(self.places.read):
            self.places.hear(number, fact)
            self.places.read = number

    @invariant()
    def call_and_floor_agree(self) -> None:
        engine = self.centre.engine
        engaged = {
            (row.engagement.call, row.id): (row.engagement.offer, row.engagement.activity)
            for row in engine.floor.agents.values()
            if row.engagement is not None and row.engagement.activity is not Activity.WRAPPING
        }
        believed: dict[tuple[CallId, AgentId], int] = {}
        for call in engine.calls.values():
            match call.phase:
                case Offered(rings=rings):
                    believed |= {(call.id, ring.agent): ring.offer for ring in rings}
                    entry = engine.floor.entries[call.id]
                    assert entry.rung == {ring.offer: ring.agent for ring in rings}
                case Greeting(ring=ring):
                    believed[call.id, ring.agent] = ring.offer
                    assert engine.floor.entries[call.id].rung == {ring.offer: ring.agent}
                case Kept(rings=rings) | Reaching(rings=rings):
                    believed |= {(call.id, ring.agent): ring.offer for ring in rings}
                case Connected(agent=agent, offer=offer):
                    believed[call.id, agent] = offer
        assert {whose: offer for whose, (offer, _) in engaged.items()} == believed
        queued = {call.id for call in engine.calls.values() if stands_in_queue(call)}
        assert queued == set(engine.floor.entries)
        assert all(
            activity is not Activity.IDLE and (activity is Activity.TALKING) == is_talking
            for (call, _), (_, activity) in engaged.items()
            for is_talking in [talking_with(engine.calls[call]) is not None]
        )

    @invariant()
    def nobody_waits_while_somebody_is_free(self) -> None:
        engine = self.centre.engine
        floor, is_blind = engine.floor, engine.is_blind or not engine.can_write
        free = {agent.id for agent in floor.agents.values() if agent.is_free}
        for queue, line in floor.lines.items():
            listed = {agent for *_, agent in line.free}
            assert listed == {a for a in free if queue in floor.agents[a].queues}
            assert is_blind or not (line.demands and line.free)
            waiting = [entry for entry in line.entries if not entry.rung]
            assert is_blind or not waiting or queue in self.centre.directory.queues
            by_demand = [e for demand in line.demands.values() for e in demand.waiting]
            assert waiting == sorted(by_demand, key=lambda entry: entry.place)

    @invariant()
    def every_leg_belongs_to_a_call(self) -> None:
        if self.deaf or not self.centre.engine.can_write:
            return
        calls = self.centre.engine.calls
        wanted = {call.caller for call in calls.values() if not isinstance(call.phase, Kept)}
        for call in calls.values():
            wanted |= {offer_leg(call.id, offer) for offer in offers_of(call)}
        assert set(self.centre.switch.legs) == wanted

    @invariant()
    def who_talks_is_heard_and_who_waits_hears_something(self) -> None:
        if self.deaf or not self.centre.engine.can_write:
            return
        now = self.centre.clock.now()
        for call in self.centre.engine.calls.values():
            if isinstance(call.phase, Kept):
                continue
            leg = self.centre.switch.legs[call.caller]
            match call.phase:
                case Reaching(agent=agent, rings=rings) if agent is not None:
                    assert self.centre.switch.legs[offer_leg(call.id, rings[0].offer)].saying
                case Connected():
                    assert self.centre.talking_to(call.id) is not None
                case (
                    Queued(quiet_until=quiet)
                    | Offered(place=Queued(quiet_until=quiet))
                    | Greeting(place=Queued(quiet_until=quiet))
                ):
                    assert leg.music or leg.saying or (quiet is not None and now < quiet)
                case InFlow(saying=saying):
                    assert (leg.saying is not None) == (saying is not None)

    @invariant()
    def the_screen_shows_what_is(self) -> None:
        if not self.centre.engine.can_write:
            return
        self.screen.read()
        assert self.screen.rows == self.centre.engine.snapshot()[1]

    @invariant()
    def the_journal_says_what_is(self) -> None:
        self.steps += 1
        if self.steps % 5 == 0:  # reading the whole journal is the dear part
            self.compare_with_the_journal()

    def compare_with_the_journal(self) -> None:
        if self.reconfigures or not self.centre.engine.can_write:
            return  # what was decided under other rules is not decided so again
        assert state_of(replayed(self.centre)) == state_of(self.centre.engine)


def stands_in_queue(call: Call) -> bool:
    match call.phase:
        case Kept(in_queue=in_queue):
            return in_queue
        case Reaching(agent=agent):
            return agent is None
    return isinstance(call.phase, Queued | Offered | Greeting)


def offer(*, caller_first: bool) -> Flow:
    """1: to be called back; else wait."""
    back = CallBack(
        Enqueue(SALES),
        PromptName("bye"),
        NodeId("sales"),
        caller_first=caller_first,
        tries=2,
        ring_for=timedelta(seconds=15),
        retry_after=timedelta(seconds=20),
        expires_after=timedelta(seconds=90),
    )
    nodes = {**menu().nodes, NodeId("back"): back}
    choices = {"1": NodeId("back"), "2": NodeId("support")}
    nodes[NodeId("menu")] = Menu(PromptName("menu"), choices, NodeId("sales"))
    return replace(menu(), id=FlowId("offer"), nodes=nodes)


def replayed(centre: Centre) -> Engine:
    """Another engine that has read the same journal."""
    other = Centre(journal=centre.journal)
    other.clock.move(centre.clock.now() - other.clock.now())
    engine = Engine(
        directory=centre.directory,
        clock=other.clock,
        journal=centre.journal,
        telephony=other.switch,
    )
    engine.replay()
    return engine


def state_of(engine: Engine) -> dict[str, Any]:
    """Everything that is alive, without the numbers that only count."""
    floor = engine.floor
    agents = {}
    for row in floor.agents.values():
        held = row.engagement
        wraps = held is not None and held.activity is Activity.WRAPPING
        agents[row.id] = (
            row.presence,
            row.pause_reason,
            row.presence_since,
            row.device,
            row.reachable,
            row.idle_since,
            row.misses,
            row.rest_until,
            replace(held, offer=0) if wraps and held else held,
        )
    entries = {
        queue: [
            *(
                (e.call, e.enqueued_at, e.priority, e.offers, e.rung, e.told, e.announce_at)
                for e in line.entries
            ),
            *((e.call, e.want, e.steps, e.failed_with, e.ease_at) for e in line.entries),
        ]
        for queue, line in floor.lines.items()
    }
    return {"calls": dict(engine.calls), "agents": agents, "entries": entries}


class TurningOverMachine(CentreMachine):
    """The same with a journal that begins a new segment every few facts."""

    segment_facts = 3


class RingingAllMachine(CentreMachine):
    """The same where all who are free are rung at once."""

    segment_facts = 20
    strategy = Strategy.RING_ALL


class CallingBackMachine(CentreMachine):
    """The same where callers may ask to be called back."""

    segment_facts = 20
    calls_back = True


class CallingCallersFirstMachine(CallingBackMachine):
    """The same with the caller's phone first."""

    caller_first = True


class ChangingMachine(CentreMachine):
    """The same while an admin changes queues, assignments, flows and rules under it."""

    segment_facts = 7
    reconfigures = True

    @rule(
        queues=st.sets(st.sampled_from([SALES, SUPPORT])),
        hired=st.sets(agents),
        shared=st.booleans(),
        announce=st.sampled_from([None, 15]),
        version=st.sampled_from(["v1", "v2"]),
        strategy=st.sampled_from([Strategy.LONGEST_IDLE, Strategy.RING_ALL]),
        ways_out=st.sampled_from([(), WAYS_OUT]),
    )
    def admin_changes(
        self,
        queues: set[QueueId],
        hired: set[AgentId],
        shared: bool,
        announce: int | None,
        version: str,
        strategy: Strategy,
        ways_out: tuple[WayOut, ...],
    ) -> None:
        every = None if announce is None else timedelta(seconds=announce)
        old = self.centre.directory
        flows = {**old.flows, menu().id: replace(menu(), version=version)}
        self.centre.directory = Directory(
            flows=flows,
            numbers=old.numbers,
            queues={
                queue: QueueRules(
                    queue,
                    announce_every=every,
                    strategy=strategy,
                    ways_out=ways_out if queue == SALES else (),
                    briefs_agent=queue == SALES,
                )
                for queue in queues
            },
            assignments={agent: (SALES, SUPPORT) if shared else QUEUES[agent] for agent in hired},
        )
        self.centre.door.configure(self.centre.directory)

    @rule(agent=agents)
    def admin_hires(self, agent: AgentId) -> None:
        old = self.centre.directory
        self.centre.directory = replace(old, assignments={**old.assignments, agent: QUEUES[agent]})
        self.centre.door.configure(self.centre.directory)


TestCentre = CentreMachine.TestCase
TestTurningOver = TurningOverMachine.TestCase
TestRingingAll = RingingAllMachine.TestCase
TestCallingBack = CallingBackMachine.TestCase
TestCallingCallersFirst = CallingCallersFirstMachine.TestCase
TestChanging = ChangingMachine.TestCase
# Each step of an example is a whole story: a quarter of the usual number of them will do in every run.
# By hand, with HYPOTHESIS_PROFILE=explore, it is hundreds, and others each time.
FEW = settings(max_examples=max(settings().max_examples // 4, 1), stateful_step_count=30)
TestCentre.settings = TestTurningOver.settings = FEW
TestRingingAll.settings = TestChanging.settings = FEW
TestCallingBack.settings = TestCallingCallersFirst.settings = FEW
