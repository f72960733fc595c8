"""The agents on the floor: who is there, what each is doing, and what the facts about them alone change.

The floor owns them and puts calls to them; here is what needs no call to be understood: presence, phones,
rest, and work after a call. Whoever is free is told to the matching, whoever has a deadline to the agenda.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.acd.agenda import Agenda, Due
from callcenter.core.acd.agent_state import (
    NO_TALENTS,
    Activity,
    AgentRow,
    Engagement,
    Move,
    Talents,
    move,
)
from callcenter.core.acd.matching import Matching
from callcenter.core.acd.waits import Waits
from callcenter.core.facts.agents import (
    AgentRestored,
    AgentSignedIn,
    CallFiled,
    DeviceReachable,
    Presence,
    PresenceChanged,
    RestEnded,
    WrapEnded,
    WrapExtended,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId

Consequences = tuple[Fact, ...]
NOTHING: Final[Consequences] = ()


class Staff:
    """Everybody who is employed or still tied to the floor, in `rows`."""

    def __init__(
        self, rows: dict[AgentId, AgentRow], matching: Matching, agenda: Agenda, waits: Waits
    ) -> None:
        self.rows = rows
        self._matching = matching
        self._agenda = agenda
        self._waits = waits
        self._employed: frozenset[AgentId] = frozenset()

    def employ(
        self,
        assignments: Mapping[AgentId, tuple[QueueId, ...]],
        talents: Mapping[AgentId, Talents],
        queues: Iterable[QueueId],
    ) -> None:
        """These from now on, with what they serve of `queues` and what they are good at. Who is gone is
        kept while a call or a sign-in ties them to the floor."""
        known, self._employed = frozenset(queues), frozenset(assignments)
        for agent_id, row in list(self.rows.items()):
            row.queues = _known(assignments.get(agent_id, ()), known)
            self.let_go(row)
        for agent_id, assigned in assignments.items():
            row = self.row(agent_id)
            row.queues, row.talents = _known(assigned, known), talents.get(agent_id, NO_TALENTS)
        for agent in self.rows.values():
            self._matching.sign_in(agent)
            self.list_if_free(agent)
        self._matching.rank_tiers(self.rows.values())

    def row(self, agent: AgentId) -> AgentRow:
        """The agent's row; one without queues for somebody who is no longer configured."""
        return self.rows.get(agent) or self.rows.setdefault(agent, AgentRow(agent, ()))

    def engaged(self, agent: AgentId, call: CallId, offer: int) -> AgentRow | None:
        """The agent, if this offer is what they are engaged in."""
        row = self.rows.get(agent)
        held = row.engagement if row else None
        return row if held and held.call == call and held.offer == offer else None

    def reserve(self, agent: AgentRow, held: Engagement) -> None:
        """Engage the agent, until the engagement's own deadline."""
        agent.engagement = held
        self._agenda.put(held.until, Due.LEASE, agent.id)

    def release(self, agent: AgentRow, at: datetime) -> None:
        """End what the agent is engaged in without a conversation.

        Raises: IllegalTransition, when they talk or work after a call.
        """
        if agent.engagement is not None:
            move(agent.engagement, Move.RELEASE, at)
            agent.engagement = None
            self.let_go(agent)

    def holds(self, agent: AgentRow, until: datetime) -> None:
        """They are kept free for a caller whose own phone rings so long."""
        held = agent.engagement
        if held is not None and held.activity is Activity.RESERVED:
            self.reserve(agent, replace(held, until=until))

    def let_off(self, agent: AgentRow, at: datetime) -> None:
        """They were on the line for a caller who was not to be had."""
        held = agent.engagement
        if held is not None and held.activity is Activity.TALKING:
            move(held, Move.HANG_UP, at)
            agent.engagement, agent.idle_since = None, at
            self.list_if_free(agent)
            self.let_go(agent)

    def wrap_up(self, agent: AgentRow, at: datetime, lasts: timedelta | None) -> Consequences:
        """The agent's call is over: they work after it for so long, None: until they say."""
        held = agent.engagement
        if held is None:
            return NOTHING
        agent.talked += at - held.since
        self._waits.learned.of(held.queue).talk.add(at - held.since)
        until = None if lasts is None else at + lasts
        if until is None and held.filed:
            until = at  # it was to take until then, and that is done
        agent.engagement = move(held, Move.HANG_UP, at, until)
        self._agenda.put(until, Due.WRAP, agent.id)
        return (WrapEnded(at, agent.id),) if until == at else NOTHING

    def rest(self, agent: AgentRow, until: datetime) -> None:
        """Offer them nothing until then."""
        agent.rest_until = until
        self._agenda.put(until, Due.REST, agent.id)

    def list_if_free(self, agent: AgentRow) -> None:
        """Whoever is free may be offered the next caller."""
        if agent.is_free and agent.idle_since is not None:
            self._matching.add_free(agent)

    def let_go(self, agent: AgentRow) -> None:
        """Forget somebody who is no longer employed, once nothing ties them to the floor."""
        if agent.id not in self._employed and agent.is_away:
            self.rows.pop(agent.id, None)

    # -- facts --------------------------------------------------------------------------------

    def wrap_ended(self, fact: WrapEnded) -> Consequences:
        agent = self.rows.get(fact.agent)
        if agent is not None and agent.engagement is not None:
            held = agent.engagement
            move(held, Move.FINISH_WRAP, fact.at)
            self._waits.learned.of(held.queue).wrap.add(fact.at - held.since)
            agent.engagement = None
            agent.idle_since = fact.at
            self.list_if_free(agent)
            self.let_go(agent)
        return NOTHING

    def filed(self, fact: CallFiled) -> Consequences:
        agent = self.rows.get(fact.agent)
        held = agent.engagement if agent else None
        if agent is None or held is None or held.call != fact.call:
            return NOTHING
        if held.activity not in (Activity.TALKING, Activity.WRAPPING):
            return NOTHING
        agent.engagement = replace(held, filed=fact.disposition)
        is_all = held.activity is Activity.WRAPPING and held.until is None
        return (WrapEnded(fact.at, agent.id),) if is_all else NOTHING

    def wrap_extended(self, fact: WrapExtended) -> Consequences:
        agent = self.rows.get(fact.agent)
        held = agent.engagement if agent else None
        if agent is not None and held is not None and held.activity is Activity.WRAPPING:
            agent.engagement = replace(held, until=fact.until)
            self._agenda.put(fact.until, Due.WRAP, agent.id)
        return NOTHING

    def signed_in(self, fact: AgentSignedIn) -> Consequences:
        agent = self.row(fact.agent)
        is_always_there = fact.device.startswith("tel:")
        self._matching.drop_free(agent)
        if agent.presence is Presence.SIGNED_OUT:
            agent.presence, agent.pause_reason = Presence.PAUSED, "signed-in"
            agent.presence_since = agent.idle_since = fact.at
            agent.misses = agent.calls = 0
            agent.talked = timedelta()
            self._matching.sign_in(agent)
            self._agenda.staffed(agent.queues, fact.at)
        agent.device, agent.failures = fact.device, 0
        agent.reachable = is_always_there
        self.list_if_free(agent)
        return agent.leaves_phone(fact.at)

    def presence_changed(self, fact: PresenceChanged) -> Consequences:
        agent = self.rows.get(fact.agent)
        if agent is None:
            return NOTHING
        self._matching.drop_free(agent)
        if agent.presence is Presence.READY and fact.presence is not Presence.READY:
            self._waits.causes.lost(agent, fact.at)
        agent.presence, agent.pause_reason = fact.presence, fact.reason
        agent.presence_since, agent.pause_until = fact.at, fact.until
        if fact.presence is Presence.SIGNED_OUT:
            agent.device, agent.reachable = "", False
            self._matching.sign_out(agent)
            self._agenda.staffed(agent.queues, fact.at)
        if fact.presence is Presence.READY:
            agent.misses = 0
        self.list_if_free(agent)
        self.let_go(agent)
        return agent.leaves_phone(fact.at) if agent.presence is Presence.SIGNED_OUT else NOTHING

    def device_reachable(self, fact: DeviceReachable) -> Consequences:
        agent = self.rows.get(fact.agent)
        if agent is not None and agent.device:
            self._matching.drop_free(agent)
            if agent.reachable and not fact.reachable and agent.presence is Presence.READY:
                self._waits.causes.lost(agent, fact.at)
            agent.reachable, agent.failures = fact.reachable, 0
            self.list_if_free(agent)
        return NOTHING

    def rest_ended(self, fact: RestEnded) -> Consequences:
        agent = self.rows.get(fact.agent)
        if agent is not None and agent.rest_until is not None:
            agent.rest_until = None
            self.list_if_free(agent)
        return NOTHING

    def restored(self, fact: AgentRestored) -> Consequences:
        agent = self.row(fact.agent)
        self._matching.drop_free(agent)
        self._matching.sign_out(agent)
        agent.device, agent.reachable = fact.device, fact.reachable
        agent.presence, agent.pause_reason = fact.presence, fact.reason
        agent.presence_since, agent.idle_since = fact.presence_since, fact.idle_since
        agent.misses, agent.failures, agent.rest_until = fact.misses, fact.failures, None
        agent.offered_at, agent.calls = fact.offered_at, fact.calls
        agent.talked = timedelta(seconds=fact.talked_seconds)
        agent.pause_until = fact.pause_until
        if fact.rest_until is not None:
            self.rest(agent, fact.rest_until)
        if fact.call is not None and fact.queue is not None:
            since, until = fact.wrap_since or fact.at, fact.wrap_until
            wrapping = (Activity.WRAPPING, since, until)
            agent.engagement = Engagement(fact.call, fact.queue, 0, *wrapping, fact.filed)
            self._agenda.put(until, Due.WRAP, agent.id)
        self._matching.sign_in(agent)
        self._agenda.staffed(agent.queues, fact.at)
        self.list_if_free(agent)
        return NOTHING


def _known(queues: tuple[QueueId, ...], known: frozenset[QueueId]) -> tuple[QueueId, ...]:
    return tuple(queue for queue in queues if queue in known)
