"""What people do in the second without an engine, and engines that die one after the other."""

import asyncio
import itertools
import re
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from callcenter.core.facts.calls import CallEnded
from callcenter.testing.phones import CallLeg, Side
from callcenter.testing.tones import silences
from tests.live.live_centre import FIGURES, LONG, LONGER, Agent, House, Line, number_of, until

pytestmark = pytest.mark.live

AT_ONCE = timedelta(seconds=1)
SCANNER = "127.0.0.66"


async def talk(house: House, line: Line, agent: Agent) -> tuple[CallLeg, CallLeg, int]:
    caller = await house.dial(line.number)
    leg = await agent.takes(LONGER)
    hz = house.tone()
    caller.say_tone(hz)
    await asyncio.gather(leg.hears(hz, LONG), caller.hears(agent.hz, LONG))
    return caller, leg, hz


@pytest.mark.parametrize("who", ["agent", "caller"])
async def test_whoever_hangs_up_in_the_gap_the_other_is_let_go_when_it_is_over(
    house: House, who: str
) -> None:
    line = await house.line()
    agent = await house.agent([line])
    caller, leg, _ = await talk(house, line, agent)
    goes, stays = (leg, caller) if who == "agent" else (caller, leg)
    killed = house.centre.kill("engine")
    await goes.hang_up()
    await until(house.is_ready, LONGER)
    ready = datetime.now(UTC)
    ending = await stays.ended(LONG)
    assert ending.by is Side.THERE
    FIGURES.append(
        f"{who} hangs up in the gap: the other is let go {(ending.at - killed).total_seconds():.1f} s"
        f" after the engine's death, {(ending.at - ready).total_seconds():+.1f} s from its being ready"
    )
    assert ending.at - ready < AT_ONCE
    await house.nothing_is_left()


async def test_a_key_pressed_in_the_gap_is_lost_and_the_menu_is_not(house: House) -> None:
    caller = await house.dial("4000")
    await house.at(caller, "choose-language")
    house.centre.kill("engine")
    await caller.press("2")
    await until(house.is_ready, LONGER)
    await house.pause(caller)
    await caller.press("2")
    await house.at(caller, "main-menu")
    assert silences(caller.recording) == []
    await caller.hang_up()
    await house.nothing_is_left()


async def test_engines_that_die_one_after_the_other_lose_nobody_and_keep_the_order(
    house: House,
) -> None:
    line, other = await house.line(announce_every_seconds=None), await house.line()
    talking, later = await house.agent([other]), await house.agent([line], ready=False)
    caller, leg, hz = await talk(house, other, talking)
    waiting = []
    for _ in range(4):
        waiting.append(await house.dial(line.number))
        await house.in_phase(waiting[-1], "queued")
    for _ in range(6):
        await until(house.has_an_engine, LONGER)
        house.centre.kill("engine")
        await asyncio.sleep(3)
    await until(house.is_ready, LONGER)
    await leg.hears(hz, LONG)
    await caller.hears(talking.hz, LONG)
    for one in waiting:
        await house.in_phase(one, "queued", LONGER)
    await later.sets("ready")
    served = []
    for _ in waiting:
        answered = await later.takes(LONGER)
        served.append(str(answered.peer).partition("@")[0].removeprefix("sip:"))
        await next(one for one in waiting if number_of(one) == served[-1]).hears(later.hz, LONG)
        await answered.hang_up(LONG)
    assert served == [number_of(one) for one in waiting]
    for one in waiting:
        await one.ended(LONG)
        assert silences(one.recording) == []
    await caller.hang_up()
    assert (await leg.ended(LONG)).by is Side.THERE
    await house.nothing_is_left()


async def test_a_database_that_stands_still_holds_up_no_call(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line])
    with closing(sqlite3.connect(house.centre.run_folder / "callcenter.db")) as database:
        database.isolation_level = None
        database.execute("BEGIN EXCLUSIVE")
        began = datetime.now(UTC)
        caller = await house.dial(line.number)
        leg = await agent.phone.rings(LONG)
        FIGURES.append(
            "a database that stands still: rung after "
            f"{(datetime.now(UTC) - began).total_seconds():.2f} s"
        )
        await leg.answer(LONG)
        leg.say_tone(agent.hz)
        await caller.hears(agent.hz, LONG)
        await caller.hang_up()
        await leg.ended(LONG)
        database.execute("ROLLBACK")
    await house.archived(await house.id_of(caller))
    await house.nothing_is_left()


async def test_a_switch_that_restarts_gracefully_lets_people_finish_and_takes_nobody_in(
    house: House,
) -> None:
    line = await house.line()
    agent = await house.agent([line])
    caller, leg, hz = await talk(house, line, agent)
    began = datetime.now(UTC)
    asked = asyncio.create_task(house.console("core restart gracefully"))  # answers at the end
    await refuses(house)
    await leg.hears(hz, LONG)
    await caller.hang_up()
    assert (await leg.ended(LONG)).by is Side.THERE
    await asyncio.gather(asked, return_exceptions=True)
    await back_again(house, agent, began)
    again, again_leg, _ = await talk(house, line, agent)
    await again.hang_up()
    await again_leg.ended(LONG)
    await house.nothing_is_left()


async def test_a_switch_that_restarts_now_hangs_up_and_every_call_is_closed(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line])
    caller, leg, _ = await talk(house, line, agent)
    call = await house.id_of(caller)
    began = datetime.now(UTC)
    asked = asyncio.create_task(house.console("core restart now"))
    await asyncio.gather(asked, return_exceptions=True)
    await asyncio.gather(caller.ended(LONG), leg.ended(LONG))
    await back_again(house, agent, began)

    async def is_closed() -> bool:
        return any(isinstance(fact, CallEnded) for fact in house.journal(call))

    await until(is_closed, LONG)
    again, again_leg, _ = await talk(house, line, agent)
    await again.hang_up()
    await again_leg.ended(LONG)
    await house.nothing_is_left()


async def refuses(house: House) -> None:
    """Wait until the switch says that it is about to go."""

    async def is_leaving() -> bool:
        caller = await house.dial("4999")
        return (await caller.ended(LONG)) is not None and caller.established_at is None

    await until(is_leaving, LONG, "the switch to take nobody in", every=0.5)


async def back_again(house: House, agent: Agent, began: datetime) -> None:
    """Wait until the switch has been started anew and the agent's phone is there."""

    async def started_anew() -> bool:
        try:
            status = (await house.ari("/asterisk/info"))["status"]
        except (OSError, KeyError, TypeError, ValueError):
            return False
        return datetime.fromisoformat(status["startup_time"]) > began

    await until(started_anew, LONGER)
    await until(house.is_ready, LONGER)
    await house.registers_again(agent)


def storm(address: tuple[str, int], over: threading.Event, count: list[int]) -> None:
    """INVITEs from an address that nobody knows, as many as this machine sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((SCANNER, 0))
        port = sender.getsockname()[1]
        for number in itertools.count():
            if over.is_set():
                count.append(number)
                return
            invite = (
                f"INVITE sip:{900000000 + number}@{address[0]} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {SCANNER}:{port};branch=z9hG4bK{number:x}\r\n"
                f"From: <sip:100@{SCANNER}>;tag={number:x}\r\nTo: <sip:{number}@{address[0]}>\r\n"
                f"Call-ID: {number:x}\r\nCSeq: 1 INVITE\r\nContact: <sip:100@{SCANNER}:{port}>\r\n"
                "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            )
            sender.sendto(invite.encode(), address)
            if number % 50 == 0:
                over.wait(0.02)


@contextmanager
def scanners(house: House) -> Iterator[list[int]]:
    over, count = threading.Event(), list[int]()
    address = ("127.0.0.1", house.centre.ports.sip)
    thread = threading.Thread(target=storm, args=(address, over, count))
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join()


def to_be_banned(log: str) -> Counter[str]:
    """Addresses and their attempts, by the events that fail2ban's filter for Asterisk counts."""
    return Counter(
        re.findall(
            r'SecurityEvent="(?:FailedACL|InvalidAccountID|ChallengeResponseFailed|InvalidPassword)"'
            r'.*RemoteAddress="IPV4/[^/"]+/([^/"]+)/',
            log,
        )
    )


async def test_a_storm_of_scanners_takes_no_leg_and_calls_go_on(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line])
    log = house.centre.run_folder / "asterisk/log/security"
    read = log.stat().st_size
    began = datetime.now(UTC)
    with scanners(house) as count:
        await asyncio.sleep(2)
        dialled = datetime.now(UTC)
        caller, leg, _ = await talk(house, line, agent)
        took = (datetime.now(UTC) - dialled).total_seconds()
        legs = [one["name"] for one in await house.ari("/channels")]
        assert len(legs) == 2, legs
        await caller.hang_up()
        await leg.ended(LONG)
    rate = count[0] / (datetime.now(UTC) - began).total_seconds()
    FIGURES.append(
        f"{rate:.0f} INVITE/s by scanners: two people hear each other after {took:.1f} s"
    )
    offenders = to_be_banned(log.read_bytes()[read:].decode())
    assert list(offenders) == [SCANNER] and offenders[SCANNER] >= 1000
    await house.nothing_is_left()
