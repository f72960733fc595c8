"""The faults in which it can matter that an agent sits at a browser: the engine dies, dies again, freezes,
or stays away, and the page keeps its line through an edge that outlives it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from playwright.async_api import Browser

from callcenter.adapters.run_folder.ready import read_ready
from callcenter.core.facts.calls import AgentOffered
from callcenter.core.ids import AgentId
from callcenter.testing.phones import CallLeg, Side
from callcenter.testing.tones import silences
from tests.live.browser.softphone import MICROPHONE_HZ, Softphone, chromium
from tests.live.browser.stand import PASSWORD, PLAIN, Person, edge, person
from tests.live.live_centre import FIGURES, LONG, LONGER, House, Line, LiveCentre, seen, until

pytestmark = pytest.mark.live

AT_ONCE = timedelta(seconds=1)
KILLS = 10
PAGES = 4


@pytest.fixture(scope="module")
def page(centre: LiveCentre) -> Iterator[str]:
    """Address of an edge with the page."""
    with edge(centre, PLAIN) as address:
        yield f"http://{address}"


@pytest.fixture
async def line(house: House) -> Line:
    return await house.line(announce_every_seconds=None)


@pytest.fixture
async def agent(house: House, line: Line) -> AsyncIterator[Person]:
    async with person(house, line) as somebody:
        yield somebody


@pytest.fixture
async def phone(tmp_path: Path, page: str, agent: Person) -> AsyncIterator[Softphone]:
    """The agent's page, registered and ready. However the test went on, it registered only once."""
    async with chromium(tmp_path) as browser:
        opened = await sit_down(agent, browser, page)
        yield opened
        await they_registered_once(opened)


async def sit_down(agent: Person, browser: Browser, page: str) -> Softphone:
    """Open the page, be registered and ready."""
    phone = Softphone(await browser.new_page())
    await phone.open(page, agent.id, PASSWORD)
    await agent.is_ready()
    return phone


async def they_registered_once(*phones: Softphone) -> None:
    for phone in phones:
        seen = await phone.look()
        assert (seen["registered"], seen["registrations"], seen["disconnects"]) == (True, 1, 0)


async def talk(house: House, line: Line, phone: Softphone) -> tuple[CallLeg, int]:
    """A caller who talks to the page, and the caller's tone."""
    caller = await house.dial(line.number)
    await caller.established(LONG)
    hz = house.tone()
    caller.say_tone(hz)
    await phone.takes()
    await they_hear(phone, caller, hz)
    return caller, hz


async def they_hear(phone: Softphone, caller: CallLeg, hz: int) -> None:
    await asyncio.gather(phone.hears(hz, LONG), caller.hears(MICROPHONE_HZ, LONG))


async def test_a_ringing_page_rings_on_and_who_answers_in_the_gap_stays(
    house: House, line: Line, phone: Softphone
) -> None:
    caller = await house.dial(line.number)
    await caller.established(LONG)
    await phone.until("seen.rings === 1")
    house.centre.kill("engine")
    await phone.takes()  # in the gap
    await until(house.is_ready, LONGER)
    hz = house.tone()
    caller.say_tone(hz)
    await they_hear(phone, caller, hz)
    facts = house.journal(await house.id_of(caller))
    assert sum(isinstance(fact, AgentOffered) for fact in facts) == 1
    assert silences(caller.recording) == []
    await phone.hang_up()
    assert (await caller.ended(LONG)).by is Side.THERE
    assert (await phone.look())["rings"] == 1
    await house.nothing_is_left()


@pytest.mark.parametrize("who", ["page", "caller"])
async def test_whoever_hangs_up_in_the_gap_the_other_is_let_go_when_it_is_over(
    house: House, line: Line, phone: Softphone, who: str
) -> None:
    caller, _ = await talk(house, line, phone)
    killed = house.centre.kill("engine")
    await (phone if who == "page" else caller).hang_up()
    await until(house.is_ready, LONGER)
    ready = datetime.now(UTC)
    if who == "page":
        assert (await caller.ended(LONG)).by is Side.THERE
    else:
        assert await phone.ended() == "remote"
    ended = datetime.now(UTC)
    FIGURES.append(
        f"{who} hangs up in the gap: the other is let go {(ended - killed).total_seconds():.1f} s"
        " after the engine's death"
    )
    assert ended - ready < AT_ONCE
    await house.nothing_is_left()


async def test_pages_and_their_callers_outlive_ten_engines(
    house: House, page: str, tmp_path: Path
) -> None:
    """Every pair talks on through each kill, and who waited is served in the order of coming."""
    chance = Random(10)
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium(tmp_path))
        lines = [await house.line(announce_every_seconds=None) for _ in range(PAGES)]
        phones = [
            await sit_down(await stack.enter_async_context(person(house, line)), browser, page)
            for line in lines
        ]
        pairs = [
            (phone, *await talk(house, line, phone))
            for line, phone in zip(lines, phones, strict=True)
        ]
        waiting = []
        for _ in range(3):
            waiting.append(await house.dial(lines[0].number))
            await house.in_phase(waiting[-1], "queued")
        calls = [await house.id_of(caller) for caller in waiting]
        for _ in range(KILLS):
            await until(house.has_an_engine, LONGER)
            house.centre.kill("engine")
            await asyncio.gather(*(they_hear(*pair) for pair in pairs))
            await asyncio.sleep(chance.uniform(0.2, 2.0))
            rings = [(await phone.look())["rings"] for phone in phones]
            assert rings == [1] * PAGES, [house.journal(call) for call in calls]
        await until(house.is_ready, LONGER)
        await asyncio.gather(*(they_hear(*pair) for pair in pairs))
        for number, (phone, caller, _) in enumerate(pairs):
            if number % 2:
                await phone.hang_up()
                assert (await caller.ended(LONG)).by is Side.THERE
            else:
                await caller.hang_up()
                assert await phone.ended() == "remote"
        for number, (caller, call) in enumerate(zip(waiting, calls, strict=True)):
            assert await phones[0].takes(ring=2 + number) == call
            await caller.hears(MICROPHONE_HZ, LONG)
            assert silences(caller.recording) == []
            await phones[0].hang_up()
            assert (await caller.ended(LONG)).by is Side.THERE
        await they_registered_once(*phones)
    await house.nothing_is_left()


async def test_a_page_is_rung_while_no_engine_decides(
    house: House, line: Line, agent: Person, phone: Softphone
) -> None:
    await seen(lambda: AgentId(agent.id) in read_ready(house.centre.run_folder), LONG)
    with house.centre.no_engine():
        began = datetime.now(UTC)
        caller = await house.dial(line.number)
        await caller.established(LONG)
        await phone.until("seen.rings === 1")
        FIGURES.append(
            f"no engine: a page rings {(datetime.now(UTC) - began).total_seconds():.1f} s after dialling"
        )
        hz = house.tone()
        caller.say_tone(hz)
        await phone.takes()
        await they_hear(phone, caller, hz)
    await until(house.is_ready, LONGER)
    await they_hear(phone, caller, hz)
    assert silences(caller.recording) == []
    await phone.hang_up()
    assert (await caller.ended(LONG)).by is Side.THERE
    again = await house.dial(line.number)
    await again.established(LONG)
    await phone.takes(ring=2)
    await again.hears(MICROPHONE_HZ, LONG)
    await again.hang_up()
    assert await phone.ended() == "remote"
    await house.nothing_is_left()


async def test_an_engine_that_freezes_rings_no_page_twice(
    house: House, line: Line, phone: Softphone
) -> None:
    caller, hz = await talk(house, line, phone)
    waiting = await house.dial(line.number)
    await house.in_phase(waiting, "queued")
    frozen = house.centre.pid("engine")
    house.centre.kill("engine", signal.SIGSTOP)

    async def another() -> bool:
        return await house.is_ready() and house.centre.pid("engine") != frozen

    await until(another, LONGER)
    await they_hear(phone, caller, hz)
    await caller.hang_up()
    assert await phone.ended() == "remote"
    await phone.takes(ring=2)
    await waiting.hears(MICROPHONE_HZ, LONG)
    assert silences(waiting.recording) == []
    await waiting.hang_up()
    assert await phone.ended() == "remote"
    assert (await phone.look())["rings"] == 2
    await house.nothing_is_left()
