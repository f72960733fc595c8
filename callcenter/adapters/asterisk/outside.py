"""Legs to numbers outside: dialled over one carrier after the other, until one takes the call.

The next one's turn comes when a carrier refuses or when all lines of a trunk with a limit are taken. The
switch counts those, callers' and ours alike: each leg is in the group of its trunk's name (callers by
`dialplan/inbound.conf`), so the count outlives us. It is asked for on the caller's leg, because the leg
to be dialled is not there yet, and one at a time: two would both be told of the last free line.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from callcenter.adapters.asterisk.ari.generated import channels
from callcenter.adapters.asterisk.ari.request import Reply, Request
from callcenter.adapters.asterisk.trunks import Way
from callcenter.core.facts.calls import LegCause, LegEnded
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import LegId, call_of
from callcenter.ports.clock import Clock

logger = logging.getLogger(__name__)

# What a carrier says of itself, not of whom we want (RFC 3261, 21): we may not, or it cannot now.
_CARRIER_REFUSES: Final = frozenset({401, 402, 403, 407, 408, *range(500, 600)})
# The same in Q.850: no circuit, network out of order, temporary failure, congestion, no resource. Not 21,
# which Asterisk makes of 403, but also of 603: that is the person's own refusal.
_CARRIER_FAILS: Final = frozenset({34, 38, 41, 42, 47})


class Send(Protocol):
    """Puts a command on its way, behind what was sent under the same key; the facts are what has
    happened once it is refused, or taken."""

    def __call__(
        self, key: LegId, request: Request[Any], if_refused: Fact, if_taken: Fact | None = None
    ) -> asyncio.Future[Reply[Any]]: ...


@dataclass(slots=True, eq=False)
class _Wanted:
    """A leg that nobody has answered yet."""

    leg: LegId
    caller: LegId | None
    ways: deque[tuple[Way, Request[Any]]]
    rings: Fact | None
    """What has happened when the first carrier takes the call; told once."""


class OutsideLegs:
    """The legs that may still go over another carrier."""

    def __init__(self, send: Send, *, clock: Clock, deliver: Callable[[Fact], None]) -> None:
        self._send = send
        self._clock = clock
        self._deliver = deliver
        self._wanted: dict[LegId, _Wanted] = {}
        self._asking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def dial(
        self,
        leg: LegId,
        caller: LegId | None,
        ways: Sequence[tuple[Way, Request[Any]]],
        rings: Fact | None,
    ) -> None:
        """Dial over the first of these that takes the call; UNREACHABLE when there is none. Without a
        `caller`, the leg of somebody who waits for it, nobody can be asked how many lines are taken: the
        carrier says so itself then, by refusing."""
        wanted = _Wanted(leg, caller, deque(ways), rings)
        self._wanted[leg] = wanted
        self._next(wanted)

    def settled(self, leg: LegId) -> None:
        """Answered, or hung up: it is not dialled again, nor at all while we still ask."""
        self._wanted.pop(leg, None)

    def refused(self, leg: LegId, sip_status: int | None, cause: int) -> bool:
        """Whether this leg has ended because its carrier refused. Then it is seen to: the next carrier is
        tried, or the number is unreachable, which is no refusal of the agent's.

        `cause` is the Q.850 one. It counts only without a SIP status, which Asterisk before 22.7 does not
        tell: answers that differ look the same in it.
        """
        wanted = self._wanted.get(leg)
        by_carrier = (
            cause in _CARRIER_FAILS if sip_status is None else sip_status in _CARRIER_REFUSES
        )
        if wanted is None or not by_carrier:
            self.settled(leg)
            return False
        logger.warning(
            "carrier refuses a call",
            extra={"status": sip_status, "cause": cause, "left": len(wanted.ways)},
        )
        self._next(wanted)
        return True

    async def close(self) -> None:
        """Let go of what is still under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _next(self, wanted: _Wanted) -> None:
        if not wanted.ways:
            self.settled(wanted.leg)
            self._deliver(self._failed(wanted))
            return
        way, request = wanted.ways.popleft()
        if way.limit and wanted.caller is not None:
            self._start(self._dial_if_free(wanted, wanted.caller, way, request))
        else:
            self._dial(wanted, request)

    def _dial(self, wanted: _Wanted, request: Request[Any]) -> asyncio.Future[Reply[Any]]:
        rings, wanted.rings = wanted.rings, None
        return self._say(wanted, request, rings)

    async def _dial_if_free(
        self, wanted: _Wanted, caller: LegId, way: Way, request: Request[Any]
    ) -> None:
        async with self._asking:
            if not self._is_wanted(wanted):
                return
            count = channels.get_channel_var(caller, variable=f"GROUP_COUNT({way.trunk}@trunk)")
            asked = self._say(wanted, count)
            await asyncio.wait([asked])
            # A question that is not answered is like a leg of which nothing is heard: its time runs out.
            if not self._is_wanted(wanted) or asked.exception():
                return
            if int(asked.result().value()["value"]) < way.limit:
                # The leg is counted from the answer on.
                await asyncio.wait([self._dial(wanted, request)])
                return
        logger.warning("trunk is full", extra={"trunk": way.trunk, "left": len(wanted.ways)})
        self._next(wanted)

    def _say(
        self, wanted: _Wanted, request: Request[Any], if_taken: Fact | None = None
    ) -> asyncio.Future[Reply[Any]]:
        answer = self._send(wanted.leg, request, self._failed(wanted), if_taken)
        answer.add_done_callback(lambda done: self._said(wanted, done))
        return answer

    def _said(self, wanted: _Wanted, done: asyncio.Future[Reply[Any]]) -> None:
        if not done.cancelled() and not done.exception() and not done.result().taken:
            self.settled(wanted.leg)

    def _is_wanted(self, wanted: _Wanted) -> bool:
        return self._wanted.get(wanted.leg) is wanted

    def _failed(self, wanted: _Wanted) -> LegEnded:
        leg = wanted.leg
        return LegEnded(self._clock.now(), call_of(leg), leg, LegCause.UNREACHABLE)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
