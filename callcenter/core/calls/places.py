"""The places of those who are not on the line, by number: who gave up waiting a short while ago, and who
will be called back. Whoever calls again has the place they had.

It lives in memory and is told by the facts; a start knows of those that its journal still tells.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.acd.queue import QueueEntry
from callcenter.core.calls.phases import Call, Kept, Reaching
from callcenter.core.facts.calls import (
    CallArrived,
    Callback,
    CallbackAgreed,
    CallEnded,
    CallFact,
    Known,
    Outcome,
)
from callcenter.core.ids import CallId, QueueId
from callcenter.core.numbers import ANONYMOUS

# The longest that a queue's rules may ask for.
LONGEST: Final = timedelta(hours=1)
MOST: Final = 20_000

_Place = tuple[QueueId, datetime, datetime]
"""Where, until when, since when."""


class Places:
    """The last to give up, and all who will be called back, each number once."""

    def __init__(self, calls: Mapping[CallId, Call]) -> None:
        self._calls = calls
        self._dropped: OrderedDict[str, _Place] = OrderedDict()
        self._agreed: dict[str, CallId] = {}
        self.numbers: dict[CallId, str] = {}
        """Where callers are to be called back, or were and talk now, by their calls."""

    def hear(self, fact: CallFact, entry: QueueEntry | None) -> None:
        """Hear a fact before its call does; `entry` is the call's place on the floor."""
        match fact:
            case CallArrived(ani=ani):
                self._dropped.pop(ani, None)  # they are back; a place is given back once
            case CallbackAgreed(call=call, callback=Callback(number=number)):
                self._agreed[number] = call
                self.numbers[call] = number
            case CallEnded(call=call):
                number = self.numbers.pop(call, "")
                if self._agreed.get(number) == call:
                    del self._agreed[number]
                if call in self._calls:
                    self._drops(self._calls[call].ani, fact, entry)

    def known(self, fact: CallArrived) -> CallArrived:
        """The arrival with the place that the caller had until they gave up."""
        found = self._dropped.get(fact.ani)
        if found is None or fact.at - found[1] > LONGEST:
            return fact
        queue, at, since = found
        had = fact.known or Known()
        back = replace(had, dropped_queue=queue, dropped_at=at, waited_since=since)
        return replace(fact, known=back)

    def of(self, number: str) -> tuple[CallId, Callback] | None:
        """The place that is kept for who will be called back at this number, and whose call it is."""
        call = self._calls.get(self._agreed.get(number, CallId("")))
        match call.phase if call is not None else None:
            case Kept(callback=callback) | Reaching(callback=callback) if call is not None:
                return call.id, callback
        return None

    def _drops(self, ani: str, fact: CallEnded, entry: QueueEntry | None) -> None:
        self._dropped.pop(ani, None)
        if entry is None or fact.outcome is not Outcome.ABANDONED or ani in ("", ANONYMOUS):
            return
        self._dropped[ani] = entry.queue, fact.at, entry.enqueued_at
        if len(self._dropped) > MOST:
            self._dropped.popitem(last=False)
