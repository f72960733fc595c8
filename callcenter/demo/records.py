"""What callers and agents noted of a call with their own telephones. Pure.

A record holds no sound: who was heard, for how long and when has been worked out of the recording
by `listening`, so that a verdict is a matter of plain values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from callcenter.demo.script import CallerPart, Reaction


class By(StrEnum):
    """Who ended a leg, seen from the telephone that kept the record."""

    HERE = "here"
    THERE = "there"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch in which somebody was heard."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long."""
        return self.end - self.start


Voices = Mapping[str, Sequence[Heard]]


@dataclass(frozen=True, slots=True)
class Leg:
    """One telephone's side of a call: when it began, was answered and ended, and what was heard.

    `voices` by person; `silences` are those longer than a caller should bear; `trouble` says when
    the process was too busy for its own sound to be trusted.
    """

    began_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: By | None = None
    voices: Voices = field(default_factory=dict)
    silences: tuple[timedelta, ...] = ()
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallerRecord:
    """A caller's record. `prompts` are those recognised in what was heard; `queued_at` is when they
    pressed the last key; `gave_up`: they hung up before they noticed any agent; `complaint` is what they
    waited for in vain."""

    part: CallerPart
    leg: Leg
    prompts: frozenset[str] = frozenset()
    queued_at: datetime | None = None
    gave_up: bool = False
    complaint: str = ""

    @property
    def person(self) -> str:
        """Whose voice this caller has."""
        return self.part.title

    @property
    def heard_no_menu(self) -> bool:
        """Whether they got no further than to listen: in the fallback there is nothing but music."""
        return self.queued_at is None


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """An agent's record of one ring. `ani` is the number that the telephone showed."""

    agent: str
    leg: Leg
    ani: str
    reaction: Reaction
    complaint: str = ""
