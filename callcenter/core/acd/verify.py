"""Deciding again what was decided: a journal's facts are heard by a floor of their own, and before each
offer that is written there it is asked whom it would offer to whom.

What chance said is taken from the offer, so that only the rules are judged. Where chance was asked more
than once for one offer the last answer alone is known: such a difference is told as what it is.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from callcenter.core.acd.configured import rules_of
from callcenter.core.acd.floor import Floor
from callcenter.core.acd.strategy import BY_CHANCE, Strategy
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.calls import AgentOffered
from callcenter.core.facts.centre import FloorConfigured
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId


@dataclass(frozen=True, slots=True)
class Difference:
    """Fact `number` is an offer that the floor would not make: it would offer `call` to `agent`, or
    nothing.
    `by_chance`: the draw may be why."""

    number: int
    written: AgentOffered
    call: CallId | None
    agent: AgentId | None
    by_chance: bool


@dataclass(slots=True)
class Verification:
    """Of `offers` written, those in `differences` came out otherwise. `unknown` were made before the first
    configuration that is in the journal."""

    offers: int = 0
    unknown: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> int:
        """How many came out as they are written."""
        return self.offers - self.unknown - len(self.differences)


def verify(
    facts: Iterable[tuple[int, Fact]],
    *,
    carried: Iterable[tuple[int, Fact]] = (),
    only: CallId | None = None,
) -> Verification:
    """Hear facts from a journal's beginning, or from a segment's with what was `carried` into it, and
    decide every offer again. `only`: count those of this call."""
    found, judge = Verification(), _Judge()
    for _, fact in carried:
        judge.hear(fact)
    for number, fact in facts:
        if isinstance(fact, AgentOffered) and only in (None, fact.call):
            found.offers += 1
            if not judge.is_configured:
                found.unknown += 1
            elif (difference := judge.decide(number, fact)) is not None:
                found.differences.append(difference)
        judge.hear(fact)
    return found


class _Judge:
    """A floor that hears what was heard, and the number that chance is to say."""

    def __init__(self) -> None:
        self._drawn = 0
        self._floor = Floor(draw=lambda below: min(self._drawn, below - 1))
        self.is_configured = False

    def hear(self, fact: Fact) -> None:
        if isinstance(fact, FloorConfigured):
            self._floor.configure(*rules_of(fact), fact.at)
            self.is_configured = True
            return
        with suppress(IllegalTransition):  # late or doubled, then as now
            self._floor.advance(fact)
        # Live the floor was asked whenever nothing else was to be done; whoever is nobody's hope is
        # forgotten then, and must be here.
        self._floor.next_offer(fact.at)

    def decide(self, number: int, written: AgentOffered) -> Difference | None:
        drawn = written.reason.drawn if written.reason else None
        self._drawn = drawn or 0
        offer = self._floor.next_offer(written.at)
        mine = None if offer is None else (offer.call, offer.agent, offer.queue, offer.offer)
        if mine == (written.call, written.agent, written.queue, written.offer):
            return None
        by_chance = written.reason is not None and Strategy(written.reason.strategy) in BY_CHANCE
        call, agent = (None, None) if offer is None else (offer.call, offer.agent)
        return Difference(number, written, call, agent, by_chance)
