"""What the switch is told to do at the door while more come than are taken in."""

from datetime import datetime, timedelta

from callcenter.core.admission import Admission, Refusal
from callcenter.ports.telephony import Telephony


class Entrance:
    """Owns what the switch was told last. `admission` decides; see there."""

    def __init__(self, admission: Admission, telephony: Telephony) -> None:
        self._admission = admission
        self._telephony = telephony
        self._told: float | None = None

    def look(self, now: datetime, late: timedelta, *, tells_when_full: bool) -> None:
        """Hear how late we have been. `tells_when_full`: callers beyond the limits that are set are spoken
        to, which the switch cannot do by itself; under strain nobody is."""
        self._admission.observe(now, late)
        share = self._admission.share
        if tells_when_full and self._admission.why is Refusal.RATE:
            share = 0.0
        # Told again at each look while it matters: the switch may have started anew.
        if share or share != self._told:
            self._told = share
            self._telephony.turn_away(share)

    def turned_away(self, now: datetime) -> Refusal:
        """Hear of a caller whom the switch has turned away by itself; why it has."""
        self._told = None  # It may not have heard that it is over: the next look says so again.
        return self._admission.turned_away(now)
