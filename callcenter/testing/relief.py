"""A switch whose engine may stop writing its heartbeat; see `ports.telephony.Relief`."""

from collections.abc import Iterable, Sequence

from callcenter.core.ids import LegId
from callcenter.ports.telephony import SwitchAway


class FakeRelief:
    """`beat` is what the engine wrote last. `callers` are in the engine's hands, `fallen` in the
    fallback's queue, where `filled` are rung; who they talked with has left those who are `alone`."""

    def __init__(self) -> None:
        self.beat = ""
        self.away = False
        self.callers: list[str] = []
        self.fallen: list[str] = []
        self.filled: set[str] = set()
        self.alone: set[LegId] = set()

    def restart(self) -> None:
        """Everything that lives in its memory is gone."""
        self.beat = ""
        self.callers, self.fallen, self.filled = [], [], set()

    async def heartbeat(self) -> str:
        """See `ports.telephony.Relief`."""
        self._check()
        return self.beat

    async def fill(self, endpoints: Sequence[str]) -> None:
        """See `ports.telephony.Relief`."""
        self._check()
        self.filled.update(endpoints)

    async def empty(self, endpoints: Sequence[str]) -> None:
        """See `ports.telephony.Relief`."""
        self._check()
        self.filled.difference_update(endpoints)

    async def hand_over(self) -> int:
        """See `ports.telephony.Relief`."""
        self._check()
        handed, self.callers = self.callers, []
        self.fallen += handed
        return len(handed)

    async def deserted(self) -> frozenset[LegId]:
        """See `ports.telephony.Relief`."""
        self._check()
        return frozenset(self.alone)

    async def let_go(self, legs: Iterable[LegId]) -> None:
        """See `ports.telephony.Relief`."""
        self._check()
        self.alone.difference_update(legs)

    async def call_back(self) -> int:
        """See `ports.telephony.Relief`."""
        self._check()
        back, self.fallen = self.fallen, []
        self.callers += back
        return len(back)

    def _check(self) -> None:
        if self.away:
            raise SwitchAway("asked to be")
