"""Trunks whose lines may all be taken: who is dialled over which, and what the switch is asked."""

import asyncio
import logging
from collections import deque
from typing import Any

import pytest

from callcenter.adapters.asterisk.ari.request import NoReply, Reply, Request
from callcenter.adapters.asterisk.outside import OutsideLegs
from callcenter.adapters.asterisk.trunks import Way
from callcenter.core.facts.calls import AgentRinging, LegCause, LegEnded
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, LegId, offer_leg
from callcenter.testing.clock import NOON, HandClock

pytestmark = pytest.mark.adapter

CALL = CallId("cc1-1.1")
CALLER = LegId(CALL)
LEG, OTHER = offer_leg(CALL, 1), offer_leg(CALL, 2)
FREE = Way("PJSIP/1@tk-free", "free")
ONE_LINE, TWO_LINES = Way("PJSIP/1@tk-one", "one", 1), Way("PJSIP/1@tk-two", "two", 2)
RINGS = AgentRinging(NOON, CALL, AgentId("ana"), 1)
UNREACHABLE = LegEnded(NOON, CALL, LEG, LegCause.UNREACHABLE)
OK = Reply[Any](200, b"{}")


class Outside:
    """Legs to be dialled, and a switch that answers each question when told to."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.asked: list[str] = []
        self._waiting: deque[tuple[asyncio.Future[Reply[Any]], Fact, Fact | None]] = deque()
        self._legs = OutsideLegs(self._send, clock=HandClock(), deliver=self.facts.append)
        self.settled, self.refused = self._legs.settled, self._legs.refused
        self.close = self._legs.close

    def _send(
        self, key: LegId, request: Request[Any], if_refused: Fact, if_taken: Fact | None = None
    ) -> asyncio.Future[Reply[Any]]:
        asked = dict(request.query)
        self.asked.append(asked.get("variable") or asked["dialled"])
        answer: asyncio.Future[Reply[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((answer, if_refused, if_taken))
        return answer

    async def dial(self, *ways: Way, leg: LegId = LEG) -> None:
        dials = [(way, Request[Any]("POST", "", (("dialled", way.trunk),))) for way in ways]
        self._legs.dial(leg, CALLER, dials, RINGS)
        await asyncio.sleep(0)

    async def says(self, reply: Reply[Any] | Exception) -> None:
        """Answer what was asked first, and let everybody hear it."""
        answer, if_refused, if_taken = self._waiting.popleft()
        if isinstance(reply, Exception):
            answer.set_exception(reply)
        else:
            answer.set_result(reply)
            self.facts += [if_taken] if reply.taken and if_taken else []
            self.facts += [] if reply.taken else [if_refused]
        for _ in range(5):
            await asyncio.sleep(0)

    async def counts(self, lines: int) -> None:
        """So many lines of the trunk asked about are taken."""
        await self.says(Reply(200, f'{{"value": "{lines}"}}'))


@pytest.fixture
def outside() -> Outside:
    return Outside()


async def test_a_trunk_without_a_limit_is_dialled_without_a_question(outside: Outside) -> None:
    await outside.dial(FREE)
    assert outside.asked == ["free"]


async def test_a_free_line_is_taken_and_rings(outside: Outside) -> None:
    await outside.dial(TWO_LINES, FREE)
    assert outside.asked == ["GROUP_COUNT(two@trunk)"]
    await outside.counts(1)
    await outside.says(OK)
    assert outside.asked == ["GROUP_COUNT(two@trunk)", "two"]
    assert outside.facts == [RINGS]


async def test_a_full_trunk_is_passed_over_and_named(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await outside.dial(ONE_LINE, TWO_LINES, FREE)
    await outside.counts(1)
    await outside.counts(3)  # callers came in over it meanwhile
    await outside.says(OK)
    assert outside.asked == ["GROUP_COUNT(one@trunk)", "GROUP_COUNT(two@trunk)", "free"]
    assert outside.facts == [RINGS]
    told = [(record.message, record.trunk) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [("trunk is full", "one"), ("trunk is full", "two")]


async def test_when_all_are_full_the_number_is_unreachable(outside: Outside) -> None:
    await outside.dial(ONE_LINE)
    await outside.counts(1)
    assert outside.facts == [UNREACHABLE]
    assert not outside.refused(LEG, 503, 34)


async def test_after_a_refusal_the_next_ones_lines_are_asked_about(outside: Outside) -> None:
    await outside.dial(FREE, ONE_LINE)
    await outside.says(OK)
    assert outside.refused(LEG, 503, 34)
    await asyncio.sleep(0)
    await outside.counts(0)
    await outside.says(OK)
    assert outside.asked == ["free", "GROUP_COUNT(one@trunk)", "one"]
    assert outside.facts == [RINGS]


async def test_the_last_line_is_given_to_one_of_two(outside: Outside) -> None:
    await outside.dial(ONE_LINE, leg=LEG)
    await outside.dial(ONE_LINE, FREE, leg=OTHER)
    await outside.counts(0)
    assert outside.asked == ["GROUP_COUNT(one@trunk)", "one"]
    await outside.says(OK)
    await outside.counts(1)
    assert outside.asked[2:] == ["GROUP_COUNT(one@trunk)", "free"]


async def test_a_leg_hung_up_while_the_switch_was_asked_is_not_dialled(outside: Outside) -> None:
    await outside.dial(ONE_LINE, FREE, leg=LEG)
    await outside.dial(ONE_LINE, FREE, leg=OTHER)
    outside.settled(LEG)
    outside.settled(OTHER)
    await outside.counts(0)
    assert outside.asked == ["GROUP_COUNT(one@trunk)"]
    assert outside.facts == []


async def test_a_caller_who_has_gone_is_no_reason_to_try_the_next(outside: Outside) -> None:
    await outside.dial(ONE_LINE, FREE)
    await outside.says(Reply(404))
    assert outside.asked == ["GROUP_COUNT(one@trunk)"]
    assert outside.facts == [UNREACHABLE]


async def test_an_unanswered_question_is_no_fact_and_holds_nobody_up(outside: Outside) -> None:
    await outside.dial(ONE_LINE, FREE, leg=LEG)
    await outside.dial(ONE_LINE, leg=OTHER)
    await outside.says(NoReply("late"))
    assert outside.asked == ["GROUP_COUNT(one@trunk)"] * 2
    assert outside.facts == []
    await outside.close()
