"""What the engine has counted since it started, for those who watch it."""

from collections import Counter
from dataclasses import dataclass, field

from callcenter.core.calls.phases import Call, Connected
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallEnded,
    CallFact,
    OfferEnd,
    OfferEnded,
    Outcome,
)


@dataclass(slots=True)
class Counters:
    """Whatever only grows."""

    facts: int = 0
    late_facts: int = 0
    faults: int = 0
    offers: int = 0
    offers_ended: Counter[OfferEnd] = field(default_factory=Counter)
    answered: int = 0
    abandoned: int = 0
    arrived: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def count(self, call: Call, fact: CallFact) -> None:
        """A call has heard a fact, and is like this now."""
        match fact:
            case AgentOffered():
                self.offers += 1
            case OfferEnded(why=why):
                self.offers_ended[why] += 1
            case AgentAnswered() if isinstance(call.phase, Connected):
                self.answered += 1
            case CallEnded(outcome=Outcome.ABANDONED):
                self.abandoned += 1
