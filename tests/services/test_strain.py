"""How late we are is measured, and told twice a second."""

import asyncio
import time
from datetime import timedelta

import pytest

from callcenter.services.strain import slow, watch_strain

pytestmark = pytest.mark.service


def test_one_slow_answer_among_many_is_no_strain() -> None:
    assert slow([]) == 0
    assert slow([0.3]) == 0.3
    assert slow([0.01] * 99 + [2.0]) == 0.01
    assert slow([0.01] * 90 + [2.0] * 10) == 2.0


async def test_a_switch_that_answers_late_and_a_loop_that_stands_still_are_both_told() -> None:
    heard = asyncio.Queue[timedelta]()
    answers = iter([[0.9] * 3])
    watching = asyncio.create_task(watch_strain(heard.put_nowait, lambda: next(answers, [])))
    try:
        async with asyncio.timeout(30):
            assert await heard.get() >= timedelta(seconds=0.9)
            await asyncio.sleep(0)
            time.sleep(0.8)  # noqa: ASYNC251 - to stand still is the point
            assert await heard.get() >= timedelta(seconds=0.5)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
