"""What caller and agent are told before they hear each other, on a real switch with real phones."""

import asyncio

import pytest

from callcenter.core.facts.calls import AgentAnswered, GreetingBegan
from tests.live.live_centre import LONG, LONGER, House, seen, until

pytestmark = pytest.mark.live

BOTH = {"greets_with_number": True, "briefs_agent": True}


def moments(house: House, call: str) -> tuple[float, ...]:
    kinds = (GreetingBegan, AgentAnswered)
    return tuple(fact.at.timestamp() for fact in house.journal(call) if isinstance(fact, kinds))


async def test_each_is_told_something_and_then_they_hear_each_other(house: House) -> None:
    line = await house.line(**BOTH)
    agent = await house.agent([line], prefix="")  # an id that is a number is what they go by
    caller = await house.dial(line.number)
    own = house.tone()
    caller.say_tone(own)
    call = await house.id_of(caller)
    leg = await agent.takes()
    await leg.hears_anything(LONG)
    await house.in_phase(caller, "connected")  # a voice has many tones
    await asyncio.gather(caller.hears(agent.hz, LONG), leg.hears(own, LONG))
    began, talked = moments(house, call)
    assert 0.5 < talked - began < 10.5
    await caller.hang_up()
    await leg.ended(LONG)
    await house.nothing_is_left()


async def test_an_engine_that_dies_meanwhile_lets_them_talk_in_the_end(house: House) -> None:
    line = await house.line(**BOTH)
    agent = await house.agent([line], prefix="")
    caller = await house.dial(line.number)
    call = await house.id_of(caller)
    leg = await agent.takes()
    await seen(lambda: moments(house, call))
    house.centre.kill("engine")
    await until(house.is_ready, LONGER, "the engine to be back")
    await house.in_phase(caller, "connected")  # a voice has many tones
    await caller.hears(agent.hz, LONG)
    await leg.hang_up()
    await caller.ended(LONG)
    await house.nothing_is_left()
