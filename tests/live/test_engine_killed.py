"""The parts die or freeze while calls are up: no call is lost that the switch still holds."""

import asyncio
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from callcenter.core.facts.calls import AgentOffered, CallEnded
from callcenter.demo.centre_api import CentreSaidNo
from callcenter.testing.phones import CallLeg, Side
from callcenter.testing.tones import Span, hears, silences
from tests.live.live_centre import FIGURES, LONG, LONGER, Agent, House, Line, number_of, until

pytestmark = pytest.mark.live

HOTLINE = "4000"


async def connected(house: House, line: Line, agent: Agent) -> tuple[CallLeg, CallLeg, int]:
    """A caller and an agent who talk, and the caller's tone."""
    caller = await house.dial(line.number)
    leg = await agent.takes()
    hz = house.tone()
    caller.say_tone(hz)
    await asyncio.gather(leg.hears(hz, LONG), caller.hears(agent.hz, LONG))
    return caller, leg, hz


@dataclass(slots=True)
class Scene:
    """Callers in every phase at once, and the agents of three queues."""

    talking: Agent
    in_talk: CallLeg
    talk_leg: CallLeg
    hz: int
    ringing: Agent
    rung: CallLeg
    ring_leg: CallLeg
    resting: Agent
    waiting: list[CallLeg]
    in_menu: CallLeg


async def set_the_scene(house: House) -> Scene:
    talk_line, ring_line, wait_line = [await house.line() for _ in range(3)]
    talking = await house.agent([talk_line])
    ringing = await house.agent([ring_line])
    resting = await house.agent([wait_line], ready=False)
    in_talk, talk_leg, hz = await connected(house, talk_line, talking)
    waiting = []
    for _ in range(3):
        waiting.append(await house.dial(wait_line.number))
        await house.in_phase(waiting[-1], "queued")
    await asyncio.gather(*(caller.hears_anything(LONG) for caller in waiting))
    in_menu = await house.dial(HOTLINE)
    await house.at(in_menu, "choose-language")
    rung = await house.dial(ring_line.number)
    ring_leg = await ringing.phone.rings(LONG)
    return Scene(
        *(talking, in_talk, talk_leg, hz, ringing, rung, ring_leg, resting), waiting, in_menu
    )


async def test_an_engine_that_is_killed_loses_no_call(house: House) -> None:
    scene = await set_the_scene(house)
    killed_at = house.centre.kill("engine")
    await scene.ring_leg.answer(LONG)  # in the gap
    scene.ring_leg.say_tone(scene.ringing.hz)
    back = await house.centre.came_back("engine", killed_at)
    await until(house.is_ready, LONGER)
    ready_at = datetime.now(UTC)
    gap = (ready_at - killed_at).total_seconds()
    FIGURES.append(f"engine: started {back.total_seconds():.3f} s after its death")
    FIGURES.append(f"engine: decides again {gap:.2f} s after it was killed")
    assert back < timedelta(seconds=0.5)

    await who_answered_in_the_gap_stays(house, scene)
    for leg, tone in ((scene.in_talk, scene.talking.hz), (scene.talk_leg, scene.hz)):
        heard = leg.recording
        span = Span(killed_at - heard.started_at, ready_at - heard.started_at)
        assert hears(heard, tone, span, share=0.9)
    await house.pause(scene.in_menu)
    await scene.in_menu.press("2")
    await house.at(scene.in_menu, "main-menu")
    await the_order_is_kept(house, scene)
    assert (await scene.in_talk.hang_up()).by is Side.HERE
    assert (await scene.talk_leg.ended(LONG)).by is Side.THERE
    await scene.ring_leg.hang_up()
    assert (await scene.rung.ended(LONG)).by is Side.THERE
    await scene.in_menu.hang_up()
    for caller in (*scene.waiting, scene.rung, scene.in_menu):
        assert silences(caller.recording) == []
    await house.nothing_is_left()


async def who_answered_in_the_gap_stays(house: House, scene: Scene) -> None:
    await scene.rung.hears(scene.ringing.hz, LONG)
    hz = house.tone()
    scene.rung.say_tone(hz)
    await scene.ring_leg.hears(hz, LONG)
    facts = house.journal(await house.id_of(scene.rung))
    assert sum(isinstance(fact, AgentOffered) for fact in facts) == 1


async def the_order_is_kept(house: House, scene: Scene) -> None:
    await asyncio.gather(*(caller.hears_anything(LONG) for caller in scene.waiting))
    await scene.resting.sets("ready")
    callers = {number_of(caller): caller for caller in scene.waiting}
    served = []
    for _ in callers:
        leg = await scene.resting.takes()
        served.append(str(leg.peer).partition("@")[0].removeprefix("sip:"))
        # Who hangs up before anybody was connected has not served: the caller would keep the place.
        await callers[served[-1]].hears(scene.resting.hz, LONG)
        await leg.hang_up(LONG)
    assert served == list(callers)


async def test_an_engine_takes_over_while_the_database_is_away(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line])
    database = house.centre.run_folder / "callcenter.db"
    aside = database.rename(database.with_suffix(".aside"))
    database.mkdir()
    try:
        killed_at = house.centre.kill("engine")
        await house.centre.came_back("engine", killed_at)
        await until(house.is_ready, LONGER)
        caller, leg, _ = await connected(house, line, agent)
        await caller.hang_up()
        await leg.ended(LONG)
        with pytest.raises(CentreSaidNo):
            await house.admin.ask("GET", "/queues")
    finally:
        database.rmdir()
        aside.rename(database)

    async def answers() -> bool:
        try:
            return bool((await house.admin.ask("GET", "/queues"))["items"])
        except CentreSaidNo:
            return False

    await until(answers, LONG)
    await house.nothing_is_left()


async def test_a_frozen_engine_leaves_callers_with_music_and_serves_them_later(
    house: House,
) -> None:
    line = await house.line(announce_every_seconds=None)
    agent = await house.agent([line], ready=False)
    with house.centre.no_engine():
        await no_heartbeat(house)
        caller = await house.dial(line.number)
        await caller.established(LONG)
        await caller.hears_anything(LONG)
        place = (await house.ari("/channels"))[0]["dialplan"]
        assert (place["context"], place["app_name"]) == ("fallback", "Queue")
    await house.in_phase(caller, "queued", LONGER)
    await agent.sets("ready")
    leg = await agent.takes(LONGER)
    await caller.hears(agent.hz, LONG)
    call = await house.id_of(caller)
    assert len([f for f in house.journal(call) if isinstance(f, AgentOffered)]) == 1
    assert len(agent.phone.legs) == 1
    assert silences(caller.recording) == []
    await leg.hang_up()
    await caller.ended(LONG)
    await house.nothing_is_left()


async def no_heartbeat(house: House) -> None:
    """Wait until the dialplan would not trust the engine any more."""

    async def is_old() -> bool:
        beat = (await house.ari("/asterisk/variable?variable=CC_HB"))["value"]
        return time.time() - int(beat) > 4

    await until(is_old, LONG)


async def test_a_switch_that_says_nothing_is_away_until_it_is_heard_again(house: House) -> None:
    async def is_away() -> bool:
        async with house.http.get(f"{house.centre.url}/readyz") as reply:
            return reply.status == 503 and "switch-away" in await reply.text()

    house.centre.kill("asterisk", signal.SIGSTOP)
    try:
        await until(is_away, LONG)
    finally:
        house.centre.kill("asterisk", signal.SIGCONT)
    await until(house.is_ready, LONG)


async def test_a_switch_that_is_killed_ends_its_calls_and_takes_new_ones(house: House) -> None:
    line, other = await house.line(), await house.line()
    agent = await house.agent([line])
    talked, leg, _ = await connected(house, line, agent)
    waited = await house.dial(other.number)
    calls = [await house.id_of(talked), await house.id_of(waited)]
    killed_at = house.centre.kill("asterisk")
    back = await house.centre.came_back("asterisk", killed_at)
    FIGURES.append(f"switch started {back.total_seconds():.3f} s after its death")
    assert back < timedelta(seconds=2)

    async def all_ended() -> bool:
        return all(any(isinstance(f, CallEnded) for f in house.journal(call)) for call in calls)

    await until(all_ended, LONG)
    ends = [next(f for f in house.journal(call) if isinstance(f, CallEnded)) for call in calls]
    assert [str(end.by) for end in ends] == ["switch", "switch"]
    for call in calls:
        await house.archived(call)
        assert (await house.admin.ask("GET", f"/calls/{call}"))["ended_by"] == "switch"
    await until(house.is_ready, LONGER)
    await house.registers_again(agent)
    FIGURES.append(
        f"calls again {(datetime.now(UTC) - killed_at).total_seconds():.2f} s after the death"
    )
    # No BYE came from a switch that died.
    await asyncio.gather(*(gone.hang_up(LONG) for gone in (talked, leg, waited)))
    again, again_leg, _ = await connected(house, line, agent)
    await again.hang_up()
    await again_leg.ended(LONG)
    await house.nothing_is_left()


async def test_an_edge_that_is_killed_is_back_and_knows_who_is_signed_in(house: House) -> None:
    """Even while somebody is just writing settings."""
    settings = house.centre.folder / "callcenter.toml"
    written = settings.read_text()
    settings.write_text(written + "[edge\n")
    try:
        await edge_comes_back(house)
    finally:
        settings.write_text(written)


async def edge_comes_back(house: House) -> None:
    killed_at = house.centre.kill("edge")
    await house.centre.came_back("edge", killed_at)

    async def answers() -> bool:
        try:
            return bool((await house.admin.ask("GET", "/queues"))["items"])
        except (aiohttp.ClientError, OSError):
            return False

    await until(answers, LONG)
