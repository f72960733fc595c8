"""What the demo shows: who is doing what now, and how the calls went. Holds it, prints nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from callcenter.demo.verdict import Fault, Verdict

Listener = Callable[[str, "Doing"], None]


@dataclass(frozen=True, slots=True)
class Doing:
    """What somebody does, in both languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        return f"{self.en} {self.zh}"


@dataclass(slots=True)
class Board:
    """The people, in the order in which they came, and the verdicts so far."""

    agents: dict[str, Doing] = field(default_factory=dict)
    callers: dict[str, Doing] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    listener: Listener | None = None

    def agent(self, name: str, en: str, zh: str) -> None:
        """An agent does something else now."""
        self.agents[name] = Doing(en, zh)
        self._tell(name, self.agents[name])

    def caller(self, name: str, en: str, zh: str) -> None:
        """A caller does something else now."""
        self.callers[name] = Doing(en, zh)
        self._tell(name, self.callers[name])

    def caller_left(self, name: str) -> None:
        """The caller is off the line."""
        self.callers.pop(name, None)

    def judged(self, verdict: Verdict) -> None:
        """A call's verdict."""
        self.verdicts.append(verdict)
        self.counts[verdict.outcome] += 1
        self.counts["failed"] += not verdict.is_good
        if not verdict.is_good:
            self._tell(verdict.caller, Doing(f"✗ {verdict.faults[0].en}", verdict.faults[0].zh))

    @property
    def is_good(self) -> bool:
        """Whether everything judged so far went as it should."""
        return not self.faults and all(verdict.is_good for verdict in self.verdicts)

    def _tell(self, name: str, doing: Doing) -> None:
        if self.listener is not None:
            self.listener(name, doing)
