"""What the engine asks of the telephone switch.

Sending never waits and never fails: whatever becomes of an effect comes back as a fact (`LegEnded`,
`PromptEnded` …), since on a switch the answer to a command and the events of the leg race each other
anyway. Effects of one call are carried out in the order given; calls do not wait for each other. Only
what is said in words that are not spoken yet comes later, and on its leg the sounds behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from callcenter.core.calls.effects import LegEffect
from callcenter.core.facts.calls import CallArrived
from callcenter.core.ids import CallId, LegId, PromptId


class SwitchAway(Exception):
    """The switch cannot be asked now. Ordinary: it is restarting, or the connection is."""


@dataclass(frozen=True, slots=True)
class SeenLeg:
    """A leg the switch has now.

    `arrived` is set for a caller who is in our hands, its `at` being when they came, `answered` for a
    leg in our hands at all; `together` are the legs it can hear. `has_left`: it was in our hands, and the
    fallback has it now.
    """

    leg: LegId
    answered: bool
    arrived: CallArrived | None
    together: frozenset[LegId]
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class SwitchPicture:
    """Everything the switch has, as of `at` (when we began to ask)."""

    at: datetime
    legs: Mapping[LegId, SeenLeg]
    playing: frozenset[PromptId]


class Telephony(Protocol):
    """The switch, as the engine sees it."""

    def perform(self, call: CallId, effects: Sequence[LegEffect]) -> None:
        """Send these on their way, in order."""
        ...

    def turn_away(self, share: float) -> None:
        """Let this part of the new callers be turned away at the door, 0 … 1, without our hearing of them
        before. It holds as long as an engine answers for the switch."""
        ...

    async def picture(self, prompts: Sequence[PromptId]) -> SwitchPicture:
        """What the switch has now; of `prompts`, those that are still being said.

        Raises:
            SwitchAway: it cannot be asked now.
        """
        ...


class Endpoints(Protocol):
    """The agents' telephone accounts on the switch. They live in its memory only."""

    async def put(self, endpoint: str, password: str, *, browser: bool) -> None:
        """Make an account anew; the phone of an older one is not rung any more. Raises: SwitchAway."""
        ...

    async def remove(self, endpoint: str) -> None:
        """Forget an account; one that does not exist is fine. Raises: SwitchAway."""
        ...

    async def reachable(self) -> Mapping[str, bool]:
        """Which accounts have a telephone behind them now. Raises: SwitchAway."""
        ...


class Relief(Protocol):
    """The switch, as those see it who care for callers while no engine does. Each raises SwitchAway."""

    async def heartbeat(self) -> str:
        """What an engine that hears the switch has last written there, or one that comes back and is about
        to; empty if nothing yet."""
        ...

    async def fill(self, endpoints: Sequence[str]) -> None:
        """Let these phones take calls in the fallback's queue; those that do already are left alone."""
        ...

    async def empty(self, endpoints: Sequence[str]) -> None:
        """Let these phones be."""
        ...

    async def hand_over(self) -> int:
        """Send callers who are the engine's, and with whom nobody talks, to the fallback. How many."""
        ...

    async def deserted(self) -> frozenset[LegId]:
        """Who talked with somebody that has hung up, and is left alone."""
        ...

    async def let_go(self, legs: Iterable[LegId]) -> None:
        """Hang up these; who is gone already is gone."""
        ...

    async def call_back(self) -> int:
        """Take those who wait in the fallback back into the engine's hands. How many."""
        ...
