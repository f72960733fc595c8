"""The engine's one loop: a mailbox of facts, one writer of everything that is alive.

A lap is one fact: numbered, heard by its call, then by the floor, each once. What follows from it is a
fact again and goes before anything that came from outside, so that a decision and its consequences are
never torn apart by a late event. When the mailbox is empty the floor makes its offers, one lap each.
What comes from outside when nobody is left to hear it is no lap: it is neither numbered nor written.

A burst is all the laps until nothing is left. At its end the facts are written to the journal, then the
effects leave for the switch, then screens are told: nothing is done that was not written down first,
and a burst costs one write. While the disk refuses a burst, it is tried again every `RETRY_WRITE` and
nothing else is heard: facts wait in the mailbox, time is not asked, people are refused at the door.

While we cannot see the switch we are blind: people and agents' own time go on, but nobody is offered to
anybody and no call is decided by the clock, since what we believe of the calls may be long untrue.

There is no task and no lock per call. An exception inside one call's lap ends that call alone: the
caller is handed back to the dialplan, the fault is a fact, the other calls do not notice.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from operator import itemgetter
from random import Random
from typing import Any, Final

from callcenter.core.acd.configured import rules_of
from callcenter.core.acd.floor import Floor
from callcenter.core.admission import Admission, Limits
from callcenter.core.calls import greeting_phase, machine
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import (
    CallEffect,
    GiveBack,
    HangUpLeg,
    LegEffect,
    Record,
    RingAgent,
)
from callcenter.core.calls.phases import Call, offers_of, talking_with
from callcenter.core.calls.places import Places
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.agents import AgentFact
from callcenter.core.facts.calls import (
    AgentAnswered,
    CallArrived,
    CallEnded,
    CallFact,
    DigitPressed,
    EndedBy,
    LegEnded,
    Outcome,
    PromptEnded,
)
from callcenter.core.facts.centre import FloorConfigured
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId, is_offer_leg, offer_leg
from callcenter.engine.counters import Counters
from callcenter.engine.entrance import Entrance
from callcenter.engine.feed import Feed, Rows
from callcenter.engine.floor_news import FloorNews
from callcenter.engine.loose_ends import (
    answer_for_nobody,
    hang_up_for_nobody,
    loose_ends,
    offers_over,
)
from callcenter.engine.music import MusicRoom
from callcenter.engine.restored import restored
from callcenter.engine.rows import agent_row, call_row, queue_look, queue_row
from callcenter.engine.timers import Timers
from callcenter.ports.clock import Clock
from callcenter.ports.journal import Journal, Numbered
from callcenter.ports.telephony import Telephony

logger = logging.getLogger(__name__)

# A burst longer than this is written in parts, so that a flood does not hold up the first effects.
LONGEST_BURST: Final = 256
# How long to wait before a burst that the disk refused is tried again.
RETRY_WRITE: Final = timedelta(milliseconds=250)
# Calls that ended a moment ago: their late events are expected, their legs are to be hung up.
REMEMBERED: Final = 10_000
NO_LIMITS: Final = Limits()
# Facts that only their call hears: neither the floor nor a missing call has anything to say to them.
_OF_A_CALL_ALONE: Final = (LegEnded, PromptEnded, DigitPressed)


class Engine:
    """Calls, floor, journal and feed, moved by `deliver` and by time."""

    def __init__(
        self,
        *,
        directory: Directory,
        clock: Clock,
        journal: Journal,
        telephony: Telephony,
        limits: Limits = NO_LIMITS,
        may_act: Callable[[], object] = lambda: None,
        hears: Callable[[], bool] = lambda: True,
    ) -> None:
        self.calls: dict[CallId, Call] = {}
        self.ended: OrderedDict[CallId, CallEnded] = OrderedDict()
        self.floor = Floor(draw=Random(0).randrange, longest_queue=limits.waiting)
        self.counters = Counters()
        self.feed = Feed(self.snapshot, self._row)
        self.admission = Admission(limits)
        self.entrance = Entrance(self.admission, telephony)
        self.music = MusicRoom(limits.music)
        self.number = 0
        self.can_write = True  # the last burst; while not, nothing happens at all
        self._blind = False
        self._directory = directory
        self._clock = clock
        self._journal = journal
        self._telephony = telephony
        self._may_act = may_act  # returns only if it is our turn
        self._hears = hears  # whoever stood still acts on old news until they notice
        self._outside: deque[Fact] = deque()
        self._following: deque[Fact] = deque()
        self._running = False
        self._timers = Timers(clock, self.calls, self.wake)
        self.kept: dict[CallId, list[Numbered]] = {}
        self._written: list[Numbered] = []
        self._outbox: list[tuple[CallId, list[LegEffect]]] = []
        self._touched: set[tuple[str, str]] = set()
        self._news = FloorNews()
        self._places = Places(self.calls)
        self._configure_floor()

    # -- the door's side ----------------------------------------------------------------------

    @property
    def directory(self) -> Directory:
        """The configuration in force."""
        return self._directory

    @property
    def callbacks(self) -> dict[CallId, str]:
        """Who is to be called back, and where."""
        return dict(self._places.numbers)

    def configure(self, directory: Directory) -> None:
        """Put a new configuration in force, for callers who are already waiting too."""
        self._directory = directory
        self._touch_floor()  # what goes
        self._configure_floor()
        self._touch_floor()  # what comes
        if self.can_write:
            self._burst()

    def deliver(self, *facts: Fact) -> None:
        """Take facts from outside, in order, and do everything that follows from them."""
        self._outside.extend(facts)
        if self.can_write:
            self._burst()

    def wake(self) -> None:
        """Look at the clock: everything that is due happens now."""
        now = self._clock.now()
        if self.can_write:
            self._outside.extend(self.floor.agenda.due_of_agents(now))
        if self.can_write and not self.is_blind:
            self._outside.extend(self._timers.due(now))
            self._outside.extend(self.floor.agenda.due_of_calls(now))
        self._burst()

    @property
    def is_blind(self) -> bool:
        """Whether what we believe of the calls may be untrue."""
        return self._blind or not self._hears()

    def lose_sight(self) -> None:
        """Calls may change from now on without our hearing of it."""
        self._blind = True
        self._arm()

    def regain_sight(self) -> None:
        """We know again what is: everything that became due meanwhile happens now."""
        self._blind = False
        self.wake()

    def send(self, call: CallId, effects: Iterable[LegEffect]) -> None:
        """Send effects that follow from no fact: repairs found by reconciling."""
        self._telephony.perform(call, list(effects))

    def snapshot(self) -> tuple[int, Rows]:
        """Every row, and the number of the last fact they stand for."""
        rows: Rows = {
            "calls": {call_id: call_row(call) for call_id, call in self.calls.items()},
            "queues": {queue: queue_row(line) for queue, line in self.floor.lines.items()},
            "agents": {agent_id: agent_row(row) for agent_id, row in self.floor.agents.items()},
        }
        return self.number, rows

    # -- start --------------------------------------------------------------------------------

    def replay(self) -> int:
        """Fold the journal: the state as it was when the last fact was written. Sends nothing.

        What followed from the last facts and was not written any more is kept for the first burst.
        Returns the number of facts read.
        """
        last = self._clock.now()
        for number, fact in self._journal.replay():
            if self._following and self._following.popleft() != fact:
                # Other facts were carried over, or other rules are in force: what is written holds.
                self._following.clear()
            if isinstance(fact, FloorConfigured):
                self.floor.configure(*rules_of(fact), fact.at)
            self._lap(number, fact)
            last = fact.at
        self._clock.not_before(last)
        self.number = self._journal.last_number
        self._configure_floor()
        if not self._following:
            self._following.extend(loose_ends(self.calls, self.floor, self._clock.now()))
        self._outbox.clear()
        self._written.clear()
        self._touched.clear()
        count, self.counters = self.counters.facts, Counters()
        self.feed.begin(self.number)
        self._timers.rebuild()
        self._arm()
        return count

    # -- laps ---------------------------------------------------------------------------------

    def _burst(self) -> None:
        if self._running:
            return
        self._running = True
        try:
            if self.can_write:
                self._laps()
            while (self._written or self._outbox or self._touched) and self._flush():
                # What a neighbour answers while it is being told something is heard in the next round.
                self._laps()
        finally:
            self._running = False
        self._arm()

    def _arm(self) -> None:
        if not self.can_write:
            self._timers.arm_at(self._clock.now() + RETRY_WRITE)
        elif self.is_blind:
            self._timers.arm_at(self.floor.agenda.next_of_agents())
        else:
            self._timers.arm(self.floor.agenda.next())

    def _laps(self) -> None:
        while len(self._written) < LONGEST_BURST and (fact := self._next()) is not None:
            self.number += 1
            self._written.append((self.number, fact))
            self._lap(self.number, fact)

    def _next(self) -> Fact | None:
        has_work = self._following or self._outside or self.floor.may_move
        if self._news.is_due and has_work and (news := self._news.of(self._directory, self._clock)):
            return news
        if self._following:
            return self._following.popleft()
        while self._outside:
            fact = self._outside.popleft()
            if not self._is_of_nobody(fact):
                return self._judged(fact)
        if not self.floor.may_move or self.is_blind:
            return None
        return self.floor.next_move(self._clock.now())

    def _judged(self, fact: Fact) -> Fact:
        """A new caller may have had a place, or be one too many. Those we knew before, or had to leave
        waiting, never are. An agent who picks up may be told something before they talk."""
        if isinstance(fact, AgentAnswered):
            return greeting_phase.picked_up(self.calls.get(fact.call), fact, self._directory)
        if not isinstance(fact, CallArrived) or fact.since is not None:
            return fact
        if fact.refused:
            self.counters.refused[fact.refused] += 1
            return fact
        fact = self._places.known(fact)
        why = self.admission.judge(fact.at, len(self.calls) - len(self._places.numbers))
        if why is None:
            return fact
        self.counters.refused[why] += 1
        return replace(fact, refused=why.value)

    def _is_of_nobody(self, fact: Fact) -> bool:
        """Whether the fact can change nothing, so that it need not be written either: the end of each
        leg is told twice, most of them when the call is over, and callers whom we have arrive again when
        they come back from the fallback."""
        if isinstance(fact, CallArrived):
            return fact.call in self.calls
        if isinstance(fact, AgentAnswered):
            return greeting_phase.is_told_twice(self.calls.get(fact.call), fact)
        return isinstance(fact, _OF_A_CALL_ALONE) and fact.call not in self.calls

    def _lap(self, number: int, fact: Fact) -> None:
        self.counters.facts += 1
        if isinstance(fact, AgentFact):
            self._touch_agent(fact.agent)
        elif isinstance(fact, FloorConfigured):
            self._news.written = fact
        else:
            self._places.hear(fact, self.floor.entries.get(fact.call))
            self._hear(number, fact)
        try:
            self._following.extend(self.floor.advance(fact))
        except IllegalTransition as error:
            self._late(fact, error)
        except Exception as error:
            # A fact that breaks the floor is written already: it must not break every start too.
            self.counters.faults += 1
            logger.exception("floor faulted", extra={"why": type(error).__name__})
        if isinstance(fact, CallEnded):
            self._forget(fact)

    def _hear(self, number: int, fact: CallFact) -> None:
        """Let the fact's call hear it."""
        self._touch_call(fact)
        call = self.calls.get(fact.call)
        try:
            if call is not None:
                call, effects = machine.advance(call, fact, self._directory)
            elif isinstance(fact, CallArrived):
                call, effects = machine.arrive(fact, self._directory)
                self.counters.arrived += 1
                self.kept[fact.call] = []
            else:
                self._following.extend(answer_for_nobody(fact))
                self._take(fact.call, hang_up_for_nobody(fact))
                return
        except IllegalTransition as error:
            self._late(fact, error)
            return
        except Exception as error:
            # One call's bug is one call's problem; the type is enough to find it, its text may
            # hold what the caller sent us.
            logger.exception("call faulted", extra={"call": fact.call, "why": type(error).__name__})
            self._fault(fact, call)
            return
        self.kept.setdefault(fact.call, []).append((number, fact))
        self.calls[fact.call] = call
        self._take(fact.call, effects)
        self._timers.watch(call)
        self.counters.count(call, fact)

    def _take(self, call: CallId, effects: Iterable[CallEffect]) -> None:
        out: list[LegEffect] = []
        for effect in effects:
            if isinstance(effect, Record):
                self._following.append(effect.fact)
            else:
                out.append(effect)
        if out := self.music.admit(out):
            self._outbox.append((call, out))

    def _fault(self, fact: CallFact, call: Call | None) -> None:
        self.counters.faults += 1
        leg = call.caller if call else getattr(fact, "leg", None)
        if leg is not None:
            self._take(fact.call, (GiveBack(leg),))
        agent = talking_with(call) if call is not None else None
        if call is not None:
            self._following.extend(offers_over(call, fact.at))
            self._take(call.id, (HangUpLeg(offer_leg(call.id, one)) for one in offers_of(call)))
        ended = CallEnded(fact.at, fact.call, Outcome.FAULTED, EndedBy.SWITCH, agent)
        self.calls.pop(fact.call, None)
        self._following.append(ended)

    def _forget(self, fact: CallEnded) -> None:
        call = self.calls.pop(fact.call, None)
        if call is not None:
            self.music.gone(call.caller)
        self.kept.pop(fact.call, None)
        if fact.outcome is Outcome.FAULTED:
            return  # given back, they may come again under the same id
        self.ended[fact.call] = fact
        if len(self.ended) > REMEMBERED:
            self.ended.popitem(last=False)

    def _late(self, fact: Fact, error: IllegalTransition) -> None:
        # Late and doubled facts are everyday life on a switch.
        self.counters.late_facts += 1
        logger.debug("fact ignored", extra={"fact": type(fact).__name__, "why": str(error)})

    # -- the end of a burst -------------------------------------------------------------------

    def _flush(self) -> bool:
        """Write, do, show; False if it could not be written, so that nothing was done."""
        self._may_act()
        if self._written and not self._write():
            return False
        outbox, self._outbox = sorted(self._outbox, key=_turn), []
        for call, effects in outbox:
            self._perform(call, effects)
        if self._touched:
            self.feed.publish(self.number, tuple(self._touched))
            self._touched.clear()
        return True

    def _perform(self, call: CallId, effects: list[LegEffect]) -> None:
        try:
            self._telephony.perform(call, effects)
        except Exception as error:
            # It promises not to fail. If it does, leases and reconciling find this call; the others
            # behind it must not go unserved.
            self.counters.faults += 1
            logger.exception("effects lost", extra={"call": call, "why": type(error).__name__})

    def _write(self) -> bool:
        try:
            self._journal.append(self._written)
        except OSError as error:
            if self.can_write:
                why = error.strerror or type(error).__name__
                logger.error(
                    "journal refused: nothing is done until it is written", extra={"why": why}
                )
            self.can_write = False
            return False
        if not self.can_write:
            logger.info("journal is written again")
            self.can_write = True
        self._written.clear()
        if self._journal.is_full:
            self._journal.turn_over(self._carry())
        return True

    def _carry(self) -> list[Numbered]:
        """What a start would still need: the open calls' facts, then how the agents are."""
        kept = sorted((item for facts in self.kept.values() for item in facts), key=itemgetter(0))
        now = self._clock.now()
        agents = [(self.number, restored(row, now)) for row in self.floor.agents.values()]
        rules = [(self.number, self._news.written)] if self._news.written else []
        return [*rules, *kept, *agents]

    def _row(self, kind: str, key: str) -> dict[str, Any] | None:
        if kind == "calls":
            call = self.calls.get(CallId(key))
            return call_row(call) if call else None
        if kind == "queues":
            line = self.floor.lines.get(QueueId(key))
            return queue_row(line) if line else None
        agent = self.floor.agents.get(AgentId(key))
        return agent_row(agent) if agent else None

    def _touch_call(self, fact: CallFact) -> None:
        self._touched.add(("calls", fact.call))
        call = self.calls.get(fact.call)
        agent = getattr(fact, "agent", None) or (talking_with(call) if call is not None else None)
        if agent is not None:
            self._touch_agent(agent)
        entry = self.floor.entries.get(fact.call)
        queue = entry.queue if entry else getattr(fact, "queue", None)
        if queue is not None:
            self._touched.add(("queues", queue))

    def _touch_agent(self, agent: AgentId) -> None:
        self._touched.add(("agents", agent))
        row = self.floor.agents.get(agent)
        if row is not None:
            # Each queue's row says how many are free.
            self._touched.update([("queues", queue) for queue in row.queues])

    def _touch_floor(self) -> None:
        self._touched.update(("queues", queue) for queue in self.floor.lines)
        self._touched.update(("agents", agent) for agent in self.floor.agents)

    def _configure_floor(self) -> None:
        lines = self.floor.lines
        self._directory = replace(
            self._directory,
            look=lambda one: queue_look(lines.get(one)),
            foresee=self.floor.waits.of_newcomer,
            kept=self._places.of,
        )
        known, now = self._directory, self._clock.now()
        rules = (known.queues.values(), known.assignments, known.talents)
        self.floor.configure(*rules, now, known.calendars)
        self._news.is_due = True


def _turn(item: tuple[CallId, list[LegEffect]]) -> int:
    """Offers before all else: a caller waits for the ringing, and nobody for what else is to be done. But
    a phone that rings for somebody who is gone must not ring twice at once."""
    match item[1][0]:
        case HangUpLeg(leg=leg) if is_offer_leg(leg):
            return 0
        case RingAgent():
            return 1
        case _:
            return 2
