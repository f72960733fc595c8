"""Bridges, made once and used again: a bridge per call costs Asterisk 7 % more than a pool.

A bridge goes back only when the switch has said that its last leg left. Given out a moment earlier, the
next two parties would hear the tail of a stranger's call. For the same reason a picture of the switch is
believed only when we have been away: taken a moment before two legs were ordered into a bridge, it shows
that bridge as empty.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from callcenter.core.ids import BridgeId, LegId

TALK: Final = "br-"
"""How the names of our bridges begin."""


@dataclass(slots=True)
class BridgePool:
    """Which bridges are free, and which holds whom. `stale` until it has learnt what there is: at the
    start, and after a time in which legs may have left unheard."""

    stale: bool = True
    _free: deque[BridgeId] = field(default_factory=deque)
    _holding: dict[BridgeId, set[LegId]] = field(default_factory=dict)
    _of_leg: dict[LegId, BridgeId] = field(default_factory=dict)
    _made: int = 0
    _unproved: set[BridgeId] = field(default_factory=set)  # ordered since we became stale

    def learn(self, bridges: Iterable[tuple[BridgeId, Iterable[LegId]]]) -> None:
        """Start again from what the switch has, if we are stale, and what we have ordered since."""
        if not self.stale:
            return
        ordered = {bridge: self._holding[bridge] for bridge in self._unproved & set(self._holding)}
        self.stale = False
        self._free.clear()
        self._holding.clear()
        self._of_leg.clear()
        self._unproved.clear()
        for bridge, legs in bridges:
            number = bridge.removeprefix(TALK)
            self._made = max(self._made, int(number) if number.isdecimal() else 0)
            self._hold(bridge, {*legs, *ordered.pop(bridge, ())})
            if not self._holding[bridge]:
                self._release(bridge)
        for bridge, held in ordered.items():
            self._hold(bridge, held)

    def take(self, legs: tuple[LegId, ...]) -> tuple[BridgeId, bool]:
        """A bridge for these legs, the one they are in if there is one; and whether it may have to be
        made. Whoever asks again for legs that have one does so because they are not together: the order
        to make it may have been lost, and making it twice does no harm."""
        for leg in legs:
            if leg in self._of_leg:
                bridge = self._of_leg[leg]
                self._hold(bridge, self._holding[bridge] | set(legs))
                return bridge, True
        new = self.stale or not self._free
        if self.stale:
            # Which numbers the switch has is not known now; a name made of the leg is nobody else's.
            bridge = BridgeId(f"{TALK}{legs[0]}")
            self._unproved.add(bridge)
        elif new:
            self._made += 1
            bridge = BridgeId(f"{TALK}{self._made}")
        else:
            bridge = self._free.popleft()
        self._hold(bridge, set(legs))
        return bridge, new

    def lost(self, bridge: BridgeId) -> None:
        """The switch does not have it: nobody is in there, and nobody may be sent there again."""
        for leg in self._holding.pop(bridge, ()):
            if self._of_leg.get(leg) == bridge:
                del self._of_leg[leg]
        self._unproved.discard(bridge)

    def left(self, bridge: BridgeId, leg: LegId, remaining: Iterable[LegId]) -> None:
        """A leg left; `remaining` is what the switch says is still in there."""
        held = self._holding.get(bridge)
        if held is None:
            return
        held.discard(leg)
        if self._of_leg.get(leg) == bridge:
            del self._of_leg[leg]
        if not held and not list(remaining):
            self._release(bridge)

    def gone(self, leg: LegId) -> None:
        """A leg is gone for good, although it may never have entered its bridge."""
        bridge = self._of_leg.get(leg)
        if bridge is not None:
            self.left(bridge, leg, ())

    def _hold(self, bridge: BridgeId, legs: set[LegId]) -> None:
        self._holding[bridge] = legs
        for leg in legs:
            self._of_leg[leg] = bridge

    def _release(self, bridge: BridgeId) -> None:
        del self._holding[bridge]
        self._free.append(bridge)
