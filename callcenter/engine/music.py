"""How many callers hear music at once. Each stream costs the switch as much as several calls do; beyond
the limit callers wait with what they are told from time to time, and decisions stay quick."""

from collections.abc import Sequence

from callcenter.core.calls.effects import (
    BridgeLegs,
    GiveBack,
    HangUpLeg,
    LegEffect,
    Say,
    StartMusic,
    StopMusic,
    TakeMessage,
    TellBusy,
)
from callcenter.core.ids import LegId


class MusicRoom:
    """Who hears it now, as far as we ordered it. `limit` 0: anybody may."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._hear: set[LegId] = set()

    def __len__(self) -> int:
        return len(self._hear)

    def admit(self, effects: Sequence[LegEffect]) -> list[LegEffect]:
        """What of these is to be done."""
        return [effect for effect in effects if self._may(effect)]

    def gone(self, leg: LegId) -> None:
        """The caller has hung up."""
        self._hear.discard(leg)

    def _may(self, effect: LegEffect) -> bool:
        match effect:
            case StartMusic(leg=leg):
                if self._limit and len(self._hear) >= self._limit and leg not in self._hear:
                    return False
                self._hear.add(leg)
            # What is said takes the line from the music.
            case (
                Say(leg=leg)
                | StopMusic(leg=leg)
                | HangUpLeg(leg=leg)
                | GiveBack(leg=leg)
                | TakeMessage(leg=leg)
                | TellBusy(leg=leg)
            ):
                self._hear.discard(leg)
            case BridgeLegs(legs=legs):
                self._hear.difference_update(legs)
        return True
