"""The way between engine and switch misbehaves, or ends after any order: every call comes to its end."""

import asyncio
import itertools
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from callcenter.core.facts.calls import AgentOffered
from callcenter.demo.centre_api import CentreSaidNo
from callcenter.testing.phones import CallLeg
from tests.faults.ari_proxy import AriProxy, Order, Verdict
from tests.live.live_centre import FIGURES, LONG, LONGER, Agent, House, Line, until

pytestmark = pytest.mark.live

T = TypeVar("T")

_KEYS = """
id: keys
languages: [en]
start: ask
nodes:
  ask:
    menu:
      prompt: ask
      choices:
        1: thanks
      otherwise: wait
  thanks:
    play: {prompt: thanks, then: wait}
  wait:
    enqueue: {queue: QUEUE}
prompts:
  ask:
    en: Press one.
  thanks:
    en: Thank you.
"""


def kill_after(house: House, proxy: AriProxy, number: int) -> Callable[[], bool]:
    """Kill the engine once so many orders have reached the switch; whether that has happened."""
    killed: list[int] = []

    def passed(order: Order) -> None:
        if order.number == number and not killed:
            killed.append(house.centre.pid("engine"))
            os.kill(killed[0], signal.SIGKILL)

    proxy.begin(passed=passed)
    return lambda: bool(killed)


async def each_prefix(
    house: House, proxy: AriProxy, flow: Callable[[], Awaitable[None]], what: str
) -> None:
    """Go through the flow, and kill the engine after its first order, its second … until it has no more."""
    for number in itertools.count(1):
        was_killed = kill_after(house, proxy, number)
        await flow()
        if not was_killed():
            break
        await until(house.is_ready, LONGER)
        await house.nothing_is_left()
    FIGURES.append(f"killed after each of {number - 1} orders: {what}")
    assert number > 4


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask the centre again as long as its engine is away."""

    async def try_it() -> tuple[T] | None:
        try:
            return (await ask(),)
        except CentreSaidNo:
            return None

    return (await until(try_it, LONGER))[0]


async def talk(caller: CallLeg, agent: Agent, house: House) -> CallLeg:
    leg = await agent.takes(LONGER)
    hz = house.tone()
    caller.say_tone(hz)
    await asyncio.gather(leg.hears(hz, LONG), caller.hears(agent.hz, LONG))
    return leg


async def test_killed_after_any_order_of_a_call_that_is_taken_at_once(
    house: House, proxy: AriProxy
) -> None:
    line = await house.line()
    agent = await house.agent([line])

    async def flow() -> None:
        caller = await house.dial(line.number)
        leg = await talk(caller, agent, house)
        await leg.hang_up()
        await caller.ended(LONG)

    await each_prefix(house, proxy, flow, "a call that is taken at once")


async def test_killed_after_any_order_of_a_call_through_menu_and_music(
    house: House, proxy: AriProxy
) -> None:
    line = await house.line(announce_every_seconds=None)
    agent = await house.agent([line], ready=False)
    flows = house.centre.folder / "flows/keys.yaml"
    flows.write_text(_KEYS.replace("QUEUE", line.queue))
    assert (await house.admin.ask("POST", "/flows/reload"))["problems"] == []
    await house.admin.ask("PUT", "/numbers/4300", {"flow": "keys"})

    async def waits(caller: CallLeg) -> bool:
        # A key that is pressed while nobody hears it is lost: callers press again.
        await caller.press("1")
        return any(call["phase"] == "queued" for call in await patiently(house.calls))

    async def flow() -> None:
        caller = await house.dial("4300")
        await caller.established(LONG)
        await until(lambda: waits(caller), LONGER, "the caller to wait", every=1.5)
        await caller.hears_anything(LONG)
        await patiently(lambda: agent.sets("ready"))
        leg = await talk(caller, agent, house)
        await patiently(lambda: agent.sets("paused", "between two"))
        await caller.hang_up()
        await leg.ended(LONG)

    await each_prefix(house, proxy, flow, "a call through menu and music")


async def test_a_listener_that_is_cut_off_again_and_again_is_always_found_and_heard(
    house: House, proxy: AriProxy
) -> None:
    line = await house.line()
    agent = await house.agent([line], ready=False)
    caller = await house.dial(line.number)
    await house.in_phase(caller, "queued")
    longest = timedelta()
    for _ in range(30):
        began = datetime.now(UTC)
        proxy.cut()
        await until(house.is_ready, LONG)
        longest = max(longest, datetime.now(UTC) - began)
    FIGURES.append(f"cut off 30 times: heard again after {longest.total_seconds():.2f} s at most")
    await agent.sets("ready")
    await talk(caller, agent, house)
    await caller.hang_up()
    await house.nothing_is_left()


async def test_a_line_that_goes_silent_is_noticed_and_followed_again(
    house: House, proxy: AriProxy
) -> None:
    line = await house.line(announce_every_seconds=None)
    agent = await house.agent([line], ready=False)
    caller = await house.dial(line.number)
    await house.in_phase(caller, "queued")
    with proxy.stalled():
        began = datetime.now(UTC)

        async def noticed() -> bool:
            return not await house.is_ready()

        await until(noticed, LONG, "the silence to be noticed")
        took = (datetime.now(UTC) - began).total_seconds()
        FIGURES.append(f"a line gone silent is noticed after {took:.1f} s")
        # Nobody decides: the caller is carried by the fallback.
        await until(lambda: falls_back(house), LONG, "the caller to fall back")
    await until(house.is_ready, LONGER)
    await house.in_phase(caller, "queued", LONG)
    await agent.sets("ready")
    await talk(caller, agent, house)
    await caller.hang_up()
    await house.nothing_is_left()


async def falls_back(house: House) -> bool:
    return any(leg["dialplan"]["context"] == "fallback" for leg in await house.ari("/channels"))


@pytest.mark.parametrize("what", ["channels/ag-", "/addChannel"])
async def test_an_order_whose_answer_is_lost_is_not_carried_out_twice(
    house: House, proxy: AriProxy, what: str
) -> None:
    line = await house.line()
    agent = await house.agent([line])
    proxy.begin(judge=lambda order: Verdict(swallow_answer=what in order.path))
    caller = await house.dial(line.number)
    leg = await talk(caller, agent, house)
    assert any(what in order.path for order in proxy.orders)
    assert len(agent.phone.legs) == 1
    facts = house.journal(await house.id_of(caller))
    assert sum(isinstance(fact, AgentOffered) for fact in facts) == 1
    await caller.hang_up()
    await leg.ended(LONG)
    await house.nothing_is_left()


TROUBLES = [
    Verdict(status=500),
    Verdict(status=200, body='{"id": "cut'),
    Verdict(hold_seconds=5),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=["500", "cut JSON", "5 s late"])
async def test_the_trouble_of_one_call_is_not_anothers(
    house: House, proxy: AriProxy, trouble: Verdict
) -> None:
    lines: list[Line] = [await house.line() for _ in range(2)]
    agents = [await house.agent([line]) for line in lines]
    troubled = await house.dial(lines[0].number)
    await agents[0].phone.rings(LONG)
    unlucky = await house.id_of(troubled)
    proxy.begin(judge=lambda order: trouble if unlucky in order.path else Verdict())
    other = await house.dial(lines[1].number)
    leg = await talk(other, agents[1], house)
    proxy.begin()
    await troubled.hang_up()
    await other.hang_up()
    await leg.ended(LONG)
    await house.nothing_is_left()


async def test_a_switch_whose_doors_are_all_taken_is_followed_again_when_they_are_free(
    house: House,
) -> None:
    line = await house.line()
    agent = await house.agent([line])
    port = house.centre.ports.base + 4
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        await asyncio.sleep(3)
        caller = await house.dial(line.number)
        await caller.established(LONG)
        await caller.hears_anything(LONG)
    await until(house.is_ready, LONGER)
    leg = await agent.takes(LONGER)
    await caller.hears(agent.hz, LONG)
    await caller.hang_up()
    await leg.ended(LONG)
    await house.nothing_is_left()
