"""The script of a demo: who calls, what they mean to do, and how agents behave. Pure.

Everything is drawn from a seeded `Random`, so that a demo that went wrong can be played again. The
mix is dealt like cards rather than thrown like dice: each ten callers hold every kind there is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final

UNKNOWN: Final = "4999"
"""A number that the demo centre does not have."""

# The Bundesnetzagentur keeps these hundred mobile numbers free for films and examples.
_NUMBERS: Final = tuple(f"+4917139200{last:02d}" for last in range(100))
_NAMES: Final = (
    *("Jo", "Mia", "Li Na", "Tom", "Aya", "Ravi", "Eva", "Sun", "Kofi", "Ida"),
    *("Max", "Mei", "Noah", "Zoe", "Wang", "Leo", "Ines", "Omar", "Lena", "Bao"),
)

LANGUAGE_MENU: Final = "hotline/choose-language"
MAIN_MENU: Final = "hotline/main-menu"
WELCOME: Final = ("hotline/welcome", LANGUAGE_MENU)
"""What the demo hotline says to everybody."""


class Intent(StrEnum):
    """What a caller means to do."""

    TALK = "talk"
    GIVE_UP = "give-up"
    LEAVE_EARLY = "leave-early"
    UNKNOWN_NUMBER = "unknown-number"


class Ends(StrEnum):
    """Who is to hang up after a talk."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class CallerPart:
    """One caller's part. `gap`: how long after the caller before them they call."""

    number: int
    name: str
    ani: str
    dial: str
    intent: Intent
    language: str
    queue: str
    gap: timedelta
    patience: timedelta
    talk: timedelta
    ends: Ends

    @property
    def title(self) -> str:
        """What they are called on the screen."""
        return f"{self.name} #{self.number}"

    @property
    def main_menu(self) -> str:
        """The prompt of the demo hotline that offers the queues."""
        return f"{self.language}/{MAIN_MENU}"

    @property
    def keys(self) -> tuple[str, str]:
        """The keys of the demo hotline: for the language, for the queue."""
        return {"zh": "1", "en": "2"}[self.language], {"sales": "1", "support": "2"}[self.queue]


class Reaction(StrEnum):
    """What an agent does about a ring."""

    ANSWER = "answer"
    MISS = "miss"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Mood:
    """How an agent takes the next ring, and what they do after it."""

    reaction: Reaction
    delay: timedelta
    wrap: timedelta
    pause: timedelta | None


@dataclass(frozen=True, slots=True)
class AgentPart:
    """An agent, the queues they serve, and whether the demo has to add them to the centre."""

    id: str
    name_en: str
    name_zh: str
    queues: tuple[str, ...]
    is_new: bool = False


AGENTS: Final = (
    AgentPart("ana", "Ana Novak", "安娜·诺瓦克", ("sales", "support")),
    AgentPart("bo", "Bo Lindqvist", "博·林奎斯特", ("sales",)),
    AgentPart("chen", "Chen Wei", "陈伟", ("sales", "support")),
    AgentPart("dora", "Dora Okafor", "多拉·奥卡福", ("support",), is_new=True),
    AgentPart("emil", "Emil Haas", "埃米尔·哈斯", ("sales", "support"), is_new=True),
)

# In this order, so that a demo of a few calls shows the kinds that matter first.
_TEN_CALLERS: Final = (
    *(Intent.TALK, Intent.UNKNOWN_NUMBER, Intent.TALK, Intent.GIVE_UP, Intent.LEAVE_EARLY),
    *(Intent.TALK, Intent.TALK, Intent.TALK, Intent.GIVE_UP, Intent.TALK),
)
_SEVEN_RINGS: Final = (*[Reaction.ANSWER] * 5, Reaction.MISS, Reaction.REJECT)


def callers(seed: int, calls: int | None = None) -> Iterator[CallerPart]:
    """The callers in the order in which they call; for ever when `calls` is None."""
    random = Random(f"callers {seed}")
    number = 0
    while calls is None or number < calls:
        hand = list(_TEN_CALLERS if calls is None else _TEN_CALLERS[: calls - number])
        random.shuffle(hand)
        for intent in hand:
            number += 1
            yield _caller(random, number, intent)


def _caller(random: Random, number: int, intent: Intent) -> CallerPart:
    return CallerPart(
        number=number,
        name=_NAMES[(number - 1) % len(_NAMES)],
        ani=_NUMBERS[(number - 1) % len(_NUMBERS)],
        dial=UNKNOWN if intent is Intent.UNKNOWN_NUMBER else "4000",
        intent=intent,
        language=random.choice(("zh", "en")),
        queue=random.choice(("sales", "support")),
        gap=_seconds(min(6.0, 0.3 + random.expovariate(1 / 1.6))),
        patience=_seconds(random.uniform(1.0, 5.0)),
        talk=_seconds(random.uniform(3.0, 8.0)),
        ends=random.choice((Ends.CALLER, Ends.AGENT)),
    )


def moods(seed: int, agent: str) -> Iterator[Mood]:
    """How an agent takes one ring after another, for ever."""
    random = Random(f"agent {agent} {seed}")
    while True:
        hand = list(_SEVEN_RINGS)
        random.shuffle(hand)
        for reaction in hand:
            pause = _seconds(random.uniform(1.0, 4.0)) if random.random() < 0.2 else None
            yield Mood(
                reaction,
                delay=_seconds(random.uniform(0.6, 2.2)),
                wrap=_seconds(random.uniform(0.5, 2.0)),
                pause=pause,
            )


def _seconds(seconds: float) -> timedelta:
    return timedelta(milliseconds=round(seconds * 1000))
