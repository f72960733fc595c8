"""Legs in our hands that belong to no call: there must be none.

For a moment there always are some: a leg arrives before we hear of it and goes after its call has ended.
Only one that is still there after `ORPHANED_AFTER` is an orphan, whom nobody serves. Reconciling takes
them on or hangs them up; this counts those whom it should not have had to find.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.calls.phases import Call, offers_of
from callcenter.core.ids import CallId, LegId, call_of, is_called_leg, is_offer_leg, offer_of
from callcenter.ports.telephony import SeenLeg, SwitchPicture

ORPHANED_AFTER: Final = timedelta(seconds=10)


class Orphans:
    """Remembers since when a leg has had no owner."""

    def __init__(self) -> None:
        self._since: dict[LegId, datetime] = {}

    def count(self, calls: Mapping[CallId, Call], picture: SwitchPicture) -> int:
        """How many have had none for longer than `ORPHANED_AFTER`."""
        alone = [leg.leg for leg in picture.legs.values() if not _is_owned(leg, calls)]
        self._since = {leg: self._since.get(leg, picture.at) for leg in alone}
        return sum(picture.at - since > ORPHANED_AFTER for since in self._since.values())


def _is_owned(seen: SeenLeg, calls: Mapping[CallId, Call]) -> bool:
    """Whether a call of ours has this leg, or it is not in our hands at all."""
    if seen.arrived is not None:
        return seen.arrived.call in calls
    if not seen.answered:
        return True
    if is_called_leg(seen.leg):
        call = calls.get(call_of(seen.leg))
        return call is not None and call.caller == seen.leg
    if not is_offer_leg(seen.leg):
        return True
    of, number = offer_of(seen.leg)
    return of in calls and number in offers_of(calls[of])
