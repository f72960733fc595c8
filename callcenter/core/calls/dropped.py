"""Who gave up waiting a short while ago, by number: whoever calls again soon has the place they had.

It lives in memory and is told by the facts; a start knows of those that its journal still tells.
"""

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.acd.queue import QueueEntry
from callcenter.core.facts.calls import CallArrived, CallEnded, Known, Outcome
from callcenter.core.ids import QueueId
from callcenter.core.numbers import ANONYMOUS

# The longest that a queue's rules may ask for.
LONGEST: Final = timedelta(hours=1)
MOST: Final = 20_000

_Place = tuple[QueueId, datetime, datetime]
"""Where, until when, since when."""


class Dropped:
    """The last to give up, each number once."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def ended(self, ani: str, fact: CallEnded, entry: QueueEntry | None) -> None:
        """A call is over, which had this place until then."""
        self._places.pop(ani, None)
        if entry is None or fact.outcome is not Outcome.ABANDONED or ani in ("", ANONYMOUS):
            return
        self._places[ani] = entry.queue, fact.at, entry.enqueued_at
        if len(self._places) > MOST:
            self._places.popitem(last=False)

    def arrived(self, fact: CallArrived) -> None:
        """They are back; a place is given back once."""
        self._places.pop(fact.ani, None)

    def known(self, fact: CallArrived) -> CallArrived:
        """The arrival with the place that the caller had."""
        found = self._places.get(fact.ani)
        if found is None or fact.at - found[1] > LONGEST:
            return fact
        queue, at, since = found
        had = fact.known or Known()
        back = replace(had, dropped_queue=queue, dropped_at=at, waited_since=since)
        return replace(fact, known=back)
