"""The story of a call's way through the queue, step by step, with its reasons."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from callcenter.adapters.http.shapes import Shape
from callcenter.core.acd.explain import Words, words_of
from callcenter.core.facts.wire import Fact, name_of


class Said(Shape):
    """The same in each language."""

    en: str
    zh: str

    @classmethod
    def of(cls, words: Words) -> "Said":
        return cls(en=words["en"], zh=words["zh"])


class StepShown(Shape):
    """One thing that happened to the call in a queue, and why. `kind` is the fact's name."""

    at: datetime
    kind: str
    agent: str | None
    why: Said


class AgentVerdict(Shape):
    """Why an agent is not offered the call now; `can`: nothing keeps them from it."""

    agent: str
    can: bool
    why: Said


class Explanation(Shape):
    """`agents` only while the call waits."""

    steps: Sequence[StepShown]
    agents: Sequence[AgentVerdict]


def explained(facts: Iterable[Fact]) -> list[StepShown]:
    """What of a call's facts there are reasons for."""
    told = ((fact, words_of(fact)) for fact in facts)
    return [
        StepShown(
            at=fact.at, kind=name_of(fact), agent=getattr(fact, "agent", None), why=Said.of(why)
        )
        for fact, why in told
        if why is not None
    ]
