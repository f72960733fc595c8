"""What came of a simulation: a fold over its facts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from callcenter.core.acd.queue import QueueRules
from callcenter.core.facts.agents import AgentSignedIn, Presence, PresenceChanged, WrapEnded
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallEnded,
    OfferEnd,
    OfferEnded,
    Outcome,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.core.metrics import SHORT_ABANDON, AgentTimes, QueueCounts


@dataclass(frozen=True, slots=True)
class Results:
    """Of one run. `offers` made and `missed` by agents; `left` were still waiting when it ended."""

    queues: Mapping[QueueId, QueueCounts]
    times: AgentTimes
    offers: int
    missed: int
    left: int


class Figures:
    """Hears every fact once, in order."""

    def __init__(self, rules: Iterable[QueueRules]) -> None:
        self._within = {queue.id: queue.service_level_within for queue in rules}
        self._counts: defaultdict[QueueId, QueueCounts] = defaultdict(QueueCounts)
        self._waiting: dict[CallId, tuple[QueueId, datetime]] = {}
        self._times = AgentTimes()
        self._ready: dict[AgentId, datetime] = {}
        self._rung: dict[CallId, datetime] = {}
        self._talking: dict[CallId, tuple[AgentId, datetime]] = {}
        self._wrapping: dict[AgentId, datetime] = {}
        self._offers = 0
        self._missed = 0

    def hear(self, fact: Fact) -> None:
        """One more."""
        match fact:
            case QueueJoined(at=at, call=call, queue=queue):
                self._waiting[call] = (queue, at)
                self._counts[queue] += QueueCounts(offered=1)
            case AgentOffered(at=at, call=call, agent=agent):
                self._offers += 1
                self._rung[call] = at
                self._idle_until(agent, at)
            case OfferEnded(at=at, call=call, agent=agent, why=why):
                self._missed += why is OfferEnd.NO_ANSWER
                began = self._rung.pop(call, at)
                self._times += AgentTimes(ring=at - began)
                self._ready[agent] = at
            case AgentAnswered(at=at, call=call, agent=agent):
                self._times += AgentTimes(ring=at - self._rung.pop(call, at))
                self._talking[call] = (agent, at)
                self._answered(call, at)
            case CallEnded():
                self._ended(fact)
            case WrapEnded(at=at, agent=agent):
                self._times += AgentTimes(wrap=at - self._wrapping.pop(agent, at))
                self._ready[agent] = at
            case AgentSignedIn() | PresenceChanged():
                self._presence(fact)

    def results(self, until: datetime) -> Results:
        """What it came to."""
        for agent in list(self._ready):
            self._idle_until(agent, until)
        counts = {queue: self._counts[queue] for queue in self._within}
        return Results(counts, self._times, self._offers, self._missed, len(self._waiting))

    def _answered(self, call: CallId, at: datetime) -> None:
        queue, since = self._waiting.pop(call)
        wait = at - since
        in_time = int(wait <= self._within[queue])
        more = QueueCounts(answered=1, in_time=in_time, answered_wait=wait, longest_wait=wait)
        self._counts[queue] += more

    def _ended(self, fact: CallEnded) -> None:
        if fact.call in self._waiting:
            queue, since = self._waiting.pop(fact.call)
            wait = fact.at - since
            more = QueueCounts(longest_wait=wait)
            if fact.outcome is Outcome.ABANDONED:
                more = replace(more, abandoned=1, short=int(wait <= SHORT_ABANDON))
            self._counts[queue] += more
        elif fact.call in self._talking:
            agent, since = self._talking.pop(fact.call)
            self._times += AgentTimes(talk=fact.at - since)
            self._wrapping[agent] = fact.at

    def _presence(self, fact: AgentSignedIn | PresenceChanged) -> None:
        if isinstance(fact, PresenceChanged) and fact.presence is Presence.READY:
            self._ready.setdefault(fact.agent, fact.at)
        else:
            self._idle_until(fact.agent, fact.at)

    def _idle_until(self, agent: AgentId, at: datetime) -> None:
        since = self._ready.pop(agent, None)
        if since is not None:
            self._times += AgentTimes(idle=at - since)


def whole(results: Results) -> QueueCounts:
    """All queues together."""
    return sum(results.queues.values(), QueueCounts())
