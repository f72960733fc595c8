"""No engine decides, for long: the lifeboat carries callers, and gives them back in their order."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from callcenter.adapters.run_folder.ready import read_ready
from callcenter.core.facts.calls import CallArrived, CallEnded
from callcenter.core.ids import AgentId
from callcenter.testing.phones import CallLeg, RegistrationRefused, Side
from callcenter.testing.tones import silences
from tests.faults.ari_proxy import AriProxy
from tests.live.live_centre import FIGURES, LONG, LONGER, Agent, House, Line, seen, until

pytestmark = pytest.mark.live


async def in_fallback(house: House) -> list[str]:
    """The numbers of those who wait in the fallback's queue, in the order the switch made them."""
    legs = [leg for leg in await house.ari("/channels") if leg["dialplan"]["context"] == "fallback"]
    legs.sort(key=lambda leg: str(leg["creationtime"]))
    return [str(leg["caller"]["number"]) for leg in legs]


async def waits(house: House, line: Line) -> CallLeg:
    """Somebody who hears the queue's music."""
    caller = await house.dial(line.number)
    await house.in_phase(caller, "queued")
    await caller.hears_anything(LONG)
    return caller


async def talks(house: House, line: Line, agent: Agent) -> tuple[CallLeg, CallLeg, int]:
    caller = await house.dial(line.number)
    leg = await agent.takes()
    hz = house.tone()
    caller.say_tone(hz)
    await asyncio.gather(leg.hears(hz, LONG), caller.hears(agent.hz, LONG))
    return caller, leg, hz


async def test_callers_are_carried_in_their_order_and_given_back_in_it(house: House) -> None:
    line, other = await house.line(announce_every_seconds=None), await house.line()
    busy, idle = await house.agent([line]), await house.agent([other])
    paused = await house.agent([other], ready=False)
    talking, talk_leg, hz = await talks(house, line, busy)
    first, second = await waits(house, line), await waits(house, line)
    with house.centre.no_engine() as stopped:
        # Whoever is on duty is rung for whoever came first, of whatever queue.
        leg = await idle.takes()
        await first.hears(idle.hz, LONG)
        FIGURES.append(
            f"frozen engine: the first caller of the fallback hears an agent after "
            f"{(datetime.now(UTC) - stopped).total_seconds():.1f} s"
        )
        third = await house.dial(line.number)
        await third.hears_anything(LONG)
        await until(lambda: _wait_all(house, 3), LONG, "three to be in the fallback")
        assert talk_leg.ending is None and talking.ending is None
    await until(house.is_ready, LONGER)
    for caller in (second, third):
        await house.in_phase(caller, "queued")
    assert [call["ani"] for call in await house.calls() if call["phase"] == "queued"]
    await talk_leg.hears(hz, LONG)
    await talk_leg.hang_up()
    for caller in (second, third):
        leg_of_next = await busy.takes()
        await caller.hears(busy.hz, LONG)
        assert silences(caller.recording) == []
        await leg_of_next.hang_up()
        await caller.ended(LONG)
    assert first.ending is None and paused.phone.legs == []
    await leg.hang_up()
    await first.ended(LONG)
    await house.nothing_is_left()


@pytest.mark.parametrize("who", ["agent", "caller"])
async def test_of_a_pair_that_one_leaves_the_other_is_let_go_though_no_engine_decides(
    house: House, who: str
) -> None:
    line = await house.line()
    agent = await house.agent([line])
    caller, leg, _ = await talks(house, line, agent)
    goes, stays = (leg, caller) if who == "agent" else (caller, leg)
    with house.centre.no_engine():
        waiting = await house.dial(line.number)  # who falls back shows that the lifeboat is out
        await until(lambda: _wait_all(house, 1), LONG, "the lifeboat to be out")
        await goes.hang_up()
        left = datetime.now(UTC)
        ending = await stays.ended(LONG)
        assert ending.by is Side.THERE
        FIGURES.append(
            f"{who} hangs up while no engine decides: the other is let go after"
            f" {(ending.at - left).total_seconds():.1f} s"
        )
        await waiting.hang_up()
    await until(house.is_ready, LONGER)
    await house.nothing_is_left()
    facts = house.journal(await house.id_of(caller))
    assert sum(isinstance(fact, CallEnded) for fact in facts) == 1


async def _wait_all(house: House, number: int) -> bool:
    return len(await in_fallback(house)) == number


async def test_phones_ring_on_a_switch_that_restarted_while_no_engine_was_there(
    house: House,
) -> None:
    line = await house.line()
    agent = await house.agent([line])
    await seen(lambda: AgentId(agent.id) in read_ready(house.centre.run_folder), LONG)
    with house.centre.no_engine():
        killed = house.centre.kill("asterisk")
        await house.centre.came_back("asterisk", killed)

        async def registers() -> bool:
            try:
                await agent.phone.register(timedelta(seconds=2))
            except RegistrationRefused:
                return False
            return True

        await until(registers, LONG, "the phone to register anew", every=0.5)
        caller = await house.dial(line.number)
        leg = await agent.takes()
        await caller.hears(agent.hz, LONG)
    await until(house.is_ready, LONGER)
    assert leg.ending is None and caller.ending is None
    await caller.hang_up()
    await leg.ended(LONG)
    await house.nothing_is_left()


async def test_an_engine_that_freezes_is_replaced_and_never_heard_of_again(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line], ready=False)
    talking = await house.agent([other := await house.line()])
    caller, leg, hz = await talks(house, other, talking)
    waiting = await waits(house, line)
    frozen = house.centre.pid("engine")
    stopped = house.centre.kill("engine", signal.SIGSTOP)

    async def another() -> bool:
        return await house.is_ready() and house.centre.pid("engine") != frozen

    await until(another, LONGER)
    gap = (datetime.now(UTC) - stopped).total_seconds()
    FIGURES.append(f"frozen engine: another decides after {gap:.1f} s")
    with pytest.raises(ProcessLookupError):
        os.kill(frozen, signal.SIGCONT)
    await agent.sets("ready")
    answered = await agent.takes()
    await waiting.hears(agent.hz, LONG)
    await leg.hears(hz, LONG)
    assert silences(waiting.recording) == []
    for one in (caller, waiting):
        await one.hang_up()
    await answered.ended(LONG)
    await house.nothing_is_left()


@pytest.mark.parametrize("how", ["dead", "frozen"])
async def test_a_caller_who_has_chosen_is_not_asked_again_after_the_fallback(
    house: House, proxy: AriProxy, how: str
) -> None:
    caller = await house.dial("4000")
    await house.at(caller, "choose-language")
    await caller.press("2")
    await house.at(caller, "main-menu")
    await caller.press("1")
    await house.in_phase(caller, "queued")
    await seen(lambda: [order for order in proxy.orders if order.path.endswith("/moh")])
    call = await house.id_of(caller)
    with house.centre.no_engine():
        await until(lambda: _wait_all(house, 1), LONG, "the caller to fall back")
        if how == "dead":
            house.centre.kill("engine")
    await until(house.is_ready, LONGER)
    await house.in_phase(caller, "queued")
    facts = house.journal(call)
    assert sum(isinstance(fact, CallArrived) for fact in facts) == 1
    assert not any(isinstance(fact, CallEnded) for fact in facts)
    assert silences(caller.recording) == []
    await caller.hang_up()
    await house.nothing_is_left()
