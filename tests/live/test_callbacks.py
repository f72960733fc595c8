"""Callers who hang up and are called back, on a real switch with real phones."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from callcenter.core.facts.calls import CallerDialled, CallerUnreached, Outcome, QueueJoined
from callcenter.testing.phones import Phone
from callcenter.testing.phones_leg import CallLeg
from tests.live.live_centre import LONG, LONGER, House, Line, seen, until

pytestmark = pytest.mark.live

_FLOW = """
id: {flow}
languages: [en, zh]
start: ask
nodes:
  ask:
    menu: {{prompt: ask, choices: {{1: agent-first, 2: caller-first}}, otherwise: wait}}
  agent-first:
    callback: {{queue: {queue}, prompt: soon, refused: wait, ring_seconds: 10, retry_minutes: 1}}
  caller-first:
    callback: {{queue: {queue}, prompt: soon, refused: wait, first: caller}}
  wait:
    enqueue: {{queue: {queue}}}
prompts:
  ask: {{en: Press 1., zh: 请按 1。}}
  soon: {{en: We will call you., zh: 我们会回电。}}
"""


@pytest.fixture
async def line(house: House) -> AsyncIterator[Line]:
    """A queue that offers by key 5 to call back."""
    line = await house.line()
    flow = f"back-{line.queue}"
    file = house.centre.folder / f"flows/{flow}.yaml"
    file.write_text(_FLOW.format(flow=flow, queue=line.queue))
    assert (await house.admin.ask("POST", "/flows/reload"))["problems"] == []
    ways = {"ways_out": [{"key": "5", "flow": flow}]}
    await house.admin.ask("PATCH", f"/queues/{line.queue}", ways)
    yield line


async def asks_to_be_called_back(
    house: House, line: Line, key: str = "1"
) -> tuple[str, Phone, CallLeg]:
    """They wait, press the key, choose, hear that they will be called, and are hung up on."""
    number = f"+4917139200{next(house.centre.numbers):02d}"
    phone = await house.phones.phone(number, domain=house.centre.sip)
    caller = await phone.dial(line.number)
    call = await house.id_of(caller)
    await house.at_phase(caller, "queued")
    await caller.press("5")
    await house.at_phase(caller, "in-flow")
    await caller.press(key)
    await caller.ended(LONG)
    await is_in(house, call, "kept")
    return call, phone, caller


async def is_in(house: House, call: str, *phases: str) -> None:
    async def is_there() -> bool:
        shown = await house.admin.ask("GET", f"/calls/{call}")
        return shown["phase"] in phases

    await until(is_there, LONG, f"{call} to be {phases}")


async def hear_each_other(house: House, one: CallLeg, other: CallLeg, hz: int) -> None:
    own = house.tone()
    one.say_tone(own)
    await asyncio.gather(one.hears(hz, LONG), other.hears(own, LONG))


async def test_the_agent_first_and_then_the_caller_who_talks_with_them(
    house: House, line: Line
) -> None:
    call, phone, _ = await asks_to_be_called_back(house, line)
    agent = await house.agent([line])
    taken = await agent.takes()
    await taken.hears_anything(LONG)  # how it rings at the caller's
    back = await phone.rings(LONG)
    assert back.headers["X-CC-Call"] == call
    await back.answer(LONG)
    await hear_each_other(house, back, taken, agent.hz)
    await back.hang_up()
    await taken.ended(LONG)
    (joined, kept) = [f for f in house.journal(call) if isinstance(f, QueueJoined)]
    assert (kept.is_kept, kept.since) == (True, joined.at)
    await house.nothing_is_left()
    await house.archived(call)
    told = await house.admin.ask("GET", f"/calls/{call}")
    assert (told["outcome"], told["agent"]) == (Outcome.ANSWERED.value, agent.id)


async def test_the_caller_first_and_then_the_agent_is_rung(house: House, line: Line) -> None:
    _, phone, _ = await asks_to_be_called_back(house, line, key="2")
    agent = await house.agent([line])
    back = await phone.rings(LONG)
    assert (await agent.live())["activity"] == "reserved"
    await back.answer(LONG)
    await house.said(back, "en/system/callback-here")
    taken = await agent.takes()
    await hear_each_other(house, back, taken, agent.hz)
    await taken.hang_up()
    await back.ended(LONG)
    await house.nothing_is_left()


async def test_who_does_not_answer_is_tried_again_and_the_agent_serves_others_meanwhile(
    house: House, line: Line
) -> None:
    call, phone, _ = await asks_to_be_called_back(house, line)
    agent = await house.agent([line])
    taken = await agent.takes()
    back = await phone.rings(LONG)
    await back.reject(LONG)
    await taken.ended(LONG)
    other = await house.dial(line.number)
    busy = await agent.takes()
    await other.hears(agent.hz, LONG)
    failed = await seen(lambda: [f for f in house.journal(call) if isinstance(f, CallerUnreached)])
    assert [one.agent for one in failed] == [agent.id]
    await asyncio.gather(other.hang_up(), busy.ended(LONG))
    await house.admin.ask("DELETE", f"/calls/{call}")
    await house.nothing_is_left()


async def test_whichever_way_the_engine_dies_they_are_called_back_and_talk(
    house: House, line: Line
) -> None:
    call, phone, _ = await asks_to_be_called_back(house, line)
    house.centre.kill("engine")
    await until(house.is_ready, LONGER, "the engine to be back")
    agent = await house.agent([line])
    taken = await agent.takes()
    back = await phone.rings(LONG)
    house.centre.kill("engine")
    await back.answer(LONG)
    await until(house.is_ready, LONGER, "the engine to be back")
    await hear_each_other(house, back, taken, agent.hz)
    house.centre.kill("engine")
    await until(house.is_ready, LONGER, "the engine to be back")
    await back.hang_up()
    await taken.ended(LONG)
    dialled = [f for f in house.journal(call) if isinstance(f, CallerDialled)]
    assert len(dialled) == 1
    await house.nothing_is_left()
