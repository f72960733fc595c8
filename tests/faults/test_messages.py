"""No engine decides and nobody answers: callers leave a message, and it is there once afterwards."""

import hashlib
import io
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenter.testing.phones import CallLeg
from callcenter.testing.tones import Recording, heard, tone
from tests.live.live_centre import (
    FIGURES,
    LONG,
    LONGER,
    SPOKEN,
    House,
    number_of,
    seen,
    until,
)

pytestmark = pytest.mark.live

SPEAKS_SECONDS = 5


async def in_fallback(house: House, leg: CallLeg) -> str:
    """The name that the switch has for the leg of a caller who waits in the fallback."""

    async def find() -> str | None:
        found = [
            str(one["name"])
            for one in await house.ari("/channels")
            if one["dialplan"]["context"] == "fallback"
            and one["caller"]["number"] == number_of(leg)
        ]
        return found[0] if found else None

    return await until(find, LONG, f"{leg.name} in the fallback")


async def messages_of(house: House, leg: CallLeg) -> list[dict[str, Any]]:
    page = await house.admin.ask("GET", "/messages?limit=500")
    return [one for one in page["items"] if one["ani"] == number_of(leg)]


async def taken_in(house: House, leg: CallLeg) -> dict[str, Any]:
    """The one message of a caller, once the spool has been emptied of it."""
    (message,) = await until(lambda: messages_of(house, leg), LONG, f"the message of {leg.name}")
    spool = house.centre.run_folder / "asterisk/spool/fallback"
    await seen(lambda: not recorded(spool), LONG, "the spool to be empty")
    return message


async def spoken(house: House, message: dict[str, Any], hz: int) -> timedelta:
    """For how long the tone is in the message, which is the file that was written down."""
    sound = await house.admin.load(f"/messages/{message['id']}/sound")
    assert hashlib.sha256(sound).hexdigest() == message["sha256"]
    with wave.open(io.BytesIO(sound)) as file:
        recording = Recording(file.readframes(file.getnframes()), datetime.now(UTC))
    return sum((span.length for span in heard(recording, hz)), timedelta())


def recorded(spool: Path) -> list[Path]:
    return list(spool.glob("*.wav"))


async def test_a_caller_whom_nobody_can_answer_leaves_a_message_that_is_there_once(
    house: House,
) -> None:
    line = await house.line(announce_every_seconds=None)
    spool = house.centre.run_folder / "asterisk/spool/fallback"
    hz = house.tone()
    caller = await house.dial(line.number)
    call = await house.in_phase(caller, "queued")
    with house.centre.no_engine():
        name = await in_fallback(house, caller)
        await caller.hears_anything(LONG)
        # As if they had waited for five minutes: this turn in the queue is the last.
        await house.console(f"dialplan set chanvar {name} CC_LOOPS 15")
        await house.said(caller, "zh/system/leave-message")
        await house.said(caller, "en/system/leave-message")
        await seen(lambda: recorded(spool), LONG, "a recording")
        caller.say(tone(hz) * SPEAKS_SECONDS)
        await caller.said(SPOKEN)
        await caller.hang_up()
        hung_up = datetime.now(UTC)
        house.centre.kill("archive")
    await until(house.is_ready, LONGER)
    message = await taken_in(house, caller)
    assert (message["id"], message["dnis"]) == (call["id"], line.number)
    assert await spoken(house, message, hz) >= timedelta(seconds=SPEAKS_SECONDS * 0.9)
    received_at = datetime.fromisoformat(message["received_at"])
    FIGURES.append(
        f"message: taken in {(received_at - hung_up).total_seconds():.1f} s after it was left"
    )
    assert len(await messages_of(house, caller)) == 1
    await house.nothing_is_left()


async def test_what_was_said_until_the_switch_died_is_kept(house: House) -> None:
    line = await house.line(announce_every_seconds=None)
    spool = house.centre.run_folder / "asterisk/spool/fallback"
    hz = house.tone()
    caller = await house.dial(line.number)
    await house.in_phase(caller, "queued")
    with house.centre.no_engine():
        name = await in_fallback(house, caller)
        await house.console(f"channel redirect {name} fallback-message,s,1")
        await seen(lambda: recorded(spool), SPOKEN, "a recording")
        caller.say_tone(hz)
        # Two blocks: what the switch has not written yet dies with it.
        await seen(lambda: sum(file.stat().st_size for file in recorded(spool)) >= 65536, LONG)
        killed = house.centre.kill("asterisk")
        (file,) = recorded(spool)
        assert file.read_bytes()[40:44] == bytes(4)
        await house.centre.came_back("asterisk", killed)
    await until(house.is_ready, LONGER)
    message = await taken_in(house, caller)
    assert await spoken(house, message, hz) >= timedelta(seconds=3)
    await caller.hang_up(LONG)
    await house.nothing_is_left()


async def test_a_message_that_a_flow_asked_for_is_taken_whole_while_the_engine_is_dead(
    house: House,
) -> None:
    line = await house.line(announce_every_seconds=None, ways_out=[{"key": "5", "flow": "message"}])
    spool = house.centre.run_folder / "asterisk/spool/fallback"
    hz = house.tone()
    caller = await house.dial(line.number)
    call = await house.in_phase(caller, "queued")
    await caller.press("5")
    await seen(lambda: recorded(spool), SPOKEN, "a recording")
    with house.centre.no_engine():
        caller.say(tone(hz) * SPEAKS_SECONDS)
        await caller.said(SPOKEN)
        await caller.press("#")
        await caller.ended(LONG)
    await until(house.is_ready, LONGER)
    message = await taken_in(house, caller)
    assert (message["id"], message["queue"]) == (call["id"], line.queue)
    assert message["language"] == call["language"]
    # The tone that bids them speak and the key that ends it cover a little.
    assert await spoken(house, message, hz) >= timedelta(seconds=SPEAKS_SECONDS * 0.8)
    assert len(await messages_of(house, caller)) == 1
    await house.nothing_is_left()
