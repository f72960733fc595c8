"""Whole calls on a real Asterisk, judged by what the telephones recorded."""

import asyncio
import re
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from callcenter.core.facts.calls import (
    AgentOffered,
    CallEnded,
    LeftBy,
    OfferEnded,
    PositionReached,
    QueueLeft,
    WantEased,
)
from callcenter.core.facts.wire import name_of
from callcenter.testing.phones import CallLeg, CallRefused, Codec, Side
from callcenter.testing.sipp import Load, RegisteredPhone, Scenario, Sipp, SippRun
from callcenter.testing.tones import silences
from tests.live.live_centre import (
    LONG,
    LONGER,
    SPOKEN,
    Agent,
    House,
    Line,
    number_of,
    promptly,
    seen,
    until,
)

pytestmark = pytest.mark.live

HOTLINE = "4000"
STORY = "4200"
NOBODY = "4999"
WAY = (
    *("hotline/welcome", "hotline/choose-language", "en/hotline/main-menu"),
    *("en/hotline/to-sales", "en/system/queue-position-1"),
)
SALES = Line("sales", HOTLINE)
A_WORD = timedelta(seconds=1)
NO_MUSIC_YET = {"quiet_for_seconds": 2.5, "announce_every_seconds": None}


async def talk(house: House, caller: CallLeg, agent: Agent, leg: CallLeg) -> None:
    """They speak and hear each other."""
    hz = house.tone()
    caller.say_tone(hz)
    await asyncio.gather(
        leg.hears(hz, LONG, lasting=A_WORD), caller.hears(agent.hz, LONG, lasting=A_WORD)
    )
    assert await house.voices(caller) == {agent.hz}
    assert await house.voices(leg) == {hz}


async def formats(house: House, channel: str) -> set[str]:
    """What the switch reads, writes and carries on a leg."""
    names = ("audioreadformat", "audiowriteformat", "audionativeformat")
    asked = [f"/channels/{channel}/variable?variable=CHANNEL({name})" for name in names]
    found = [(await house.ari(path))["value"] for path in asked]
    return set(re.findall(r"[a-z0-9]+", " ".join(found)))


async def bound(house: House, channel: str) -> float:
    """The seconds after which the switch itself ends a leg."""
    asked = await house.ari(f"/channels/{channel}/variable?variable=TIMEOUT(absolute)")
    return float(asked["value"])


def offers(house: House, call: str) -> list[str]:
    """Who was offered the call, in order."""
    return [str(fact.agent) for fact in house.journal(call) if isinstance(fact, AgentOffered)]


def lefts(house: House, call: str) -> list[LeftBy]:
    """Why the caller left queues, in order."""
    return [fact.why for fact in house.journal(call) if isinstance(fact, QueueLeft)]


# ── the whole way ──


@pytest.mark.parametrize(
    ("codec", "law", "who"), [("pcmu", "ulaw", "agent"), ("pcma", "alaw", "caller")]
)
async def test_the_whole_way_of_a_call(house: House, codec: Codec, law: str, who: str) -> None:
    await house.admin.ask("PATCH", "/queues/sales", {"wrap_up_seconds": 2})
    other_line = await house.line()
    agent = await house.agent([SALES], ready=False, codecs=(codec,))
    other_agent = await house.agent([other_line])
    other, caller = await asyncio.gather(
        house.dial(other_line.number), house.dial(HOTLINE, codec=codec)
    )
    other_leg = await other_agent.takes()
    await talk(house, other, other_agent, other_leg)

    await house.at(caller, "choose-language")
    await caller.press("2")
    await house.at(caller, "main-menu")
    await caller.press("1")
    call = str((await house.in_phase(caller, "queued"))["id"])
    await house.said(caller, "en/system/queue-position-1")
    assert await formats(house, call) == {law}
    await agent.sets("ready")
    leg = await agent.phone.rings(LONG)
    assert leg.headers["X-CC-Call"] == call
    await leg.answer(LONG)
    leg.say_tone(agent.hz)
    await talk(house, caller, agent, leg)
    assert await formats(house, call) | await formats(house, f"ag-{call}-1") == {law}
    assert min(await bound(house, call), await bound(house, f"ag-{call}-1")) > 0

    first, second = {"agent": (leg, caller), "caller": (caller, leg)}[who]
    mine = await first.hang_up(LONG)
    theirs = await second.ended(LONG)
    assert (mine.by, theirs.by) == (Side.HERE, Side.THERE)
    assert theirs.at - mine.at < promptly()
    await agent.becomes(activity="wrapping")
    await other.hang_up()
    await house.nothing_is_left()
    assert silences(caller.recording) == []
    assert await house.voices(caller) == {agent.hz}
    assert not await house.unheard(caller, *WAY)
    await everything_is_written_down(house, call, who)


async def everything_is_written_down(house: House, call: str, ended_by: str) -> None:
    kinds = [name_of(fact) for fact in house.journal(call)]
    way = iter(kinds)
    assert all(
        f"call.{kind}" in way
        for kind in (
            *("arrived", "node_entered", "digit_pressed", "node_entered", "digit_pressed"),
            *("queue_joined", "position_reached", "agent_offered", "agent_ringing"),
            *("agent_answered", "leg_ended", "ended"),
        )
    ), kinds
    archived = await house.archived(call)
    assert [fact["kind"] for fact in archived] == kinds[: len(archived)]
    record = await house.admin.ask("GET", f"/calls/{call}")
    assert (record["outcome"], record["ended_by"]) == ("answered", ended_by)


async def test_an_unknown_number_is_announced_and_hung_up(house: House) -> None:
    caller = await house.dial(NOBODY)
    assert (await caller.ended(SPOKEN)).by is Side.THERE
    assert not await house.unheard(caller, "system/unknown-number")
    await house.nothing_is_left()


# ── waiting ──


async def test_nobody_waits_in_silence(house: House) -> None:
    line = await house.line(ring_for_seconds=8)
    agent = await house.agent([line], ready=False)
    patient, keyless = await asyncio.gather(house.dial(line.number), house.dial(HOTLINE))

    async def waits_long() -> None:
        await house.in_phase(patient, "queued")
        await seen(lambda: patient.recording.length > timedelta(seconds=46), LONGER)
        assert not await house.unheard(
            patient, "en/system/queue-position-1", "en/system/queue-wait"
        )
        await agent.sets("ready")
        missed = await agent.phone.rings(LONG)
        await missed.ended(LONG)
        await talk(house, patient, agent, await agent.takes())

    async def presses_nothing() -> None:
        await house.in_phase(keyless, "queued", LONGER)
        await house.said(keyless, "zh/system/queue-position-1")

    async with asyncio.TaskGroup() as both:
        both.create_task(waits_long())
        both.create_task(presses_nothing())
    await asyncio.gather(patient.hang_up(), keyless.hang_up())
    assert silences(patient.recording) == []
    assert silences(keyless.recording) == []
    assert not await house.unheard(keyless, "zh/hotline/no-key", "zh/hotline/to-a-person")
    await house.nothing_is_left()


async def test_callers_are_served_in_the_order_of_their_arrival(house: House) -> None:
    line = await house.line(announce_every_seconds=None)
    agent = await house.agent([line], ready=False)
    callers = []
    for _ in range(5):
        callers.append(await house.dial(line.number))
        await house.in_phase(callers[-1], "queued")
    await agent.sets("ready")
    served = []
    for caller in callers:
        leg = await agent.takes()
        served.append(str(leg.peer).partition("@")[0].removeprefix("sip:"))
        # Who hangs up before anybody was connected has not served: the caller would keep the place.
        await caller.hears(agent.hz, LONG)
        await leg.hang_up(LONG)
    assert served == [number_of(caller) for caller in callers]
    endings = await asyncio.gather(*(caller.ended(LONG) for caller in callers))
    assert {ending.by for ending in endings} == {Side.THERE}
    await house.nothing_is_left()


async def test_a_long_prompt_to_one_caller_holds_up_nobody(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    line = await house.line(announce_every_seconds=None)
    listener = await house.dial(STORY)
    switch = house.centre.prepared.switch
    folder = tmp_path_factory.mktemp("sipp")
    sipp = Sipp(switch.sipp_argv(), folder, switch.sipp.environment())
    base = house.centre.ports.base
    crew, answering = await seat_silent_agents(house, line, sipp, 20)
    load = Load(
        Scenario.CALLER,
        port=base + 10,
        target=("127.0.0.1", base),
        number=line.number,
        calls=20,
        calls_per_second=5,
        stay=timedelta(seconds=3),
        media_port=base + 16,
    )
    await asyncio.gather(
        *(
            house.admin.ask("PUT", f"/agents/{name}/presence", {"presence": "ready"})
            for name in crew
        )
    )
    outcome = await (await sipp.start(load)).finished(LONGER)
    rang = (await answering.stop()).at("rang")
    assert (outcome.successful, outcome.failed, len(rang)) == (20, 0, 20)
    dialled = outcome.at("dialled")
    assert max(rang[number] - dialled[number] for number in dialled) < LONG
    assert (await listener.ended(LONGER)).by is Side.THERE
    assert not await house.unheard(listener, "en/story/story", "en/story/bye")
    for name in crew:
        await house.admin.ask("DELETE", f"/agents/{name}")
    await house.nothing_is_left()


async def seat_silent_agents(
    house: House, line: Line, sipp: Sipp, count: int
) -> tuple[list[str], SippRun]:
    """Agents whose phones are SIPp's, and the run that answers for them all."""
    port = house.centre.ports.base + 12
    names = [f"crew{number}" for number in range(count)]

    async def seat(name: str) -> RegisteredPhone:
        wish = {"id": name, "name_en": name, "queues": [line.queue]}
        await house.admin.ask("POST", "/agents", wish)
        seat = await house.admin.ask("POST", f"/agents/{name}/login", {"phone": "desk-phone"})
        account = seat["account"]
        return RegisteredPhone(account["endpoint"], account["password"], port)

    registering = Load(
        Scenario.REGISTER,
        port=port,
        target=("127.0.0.1", house.centre.ports.sip),
        calls_per_second=20,
        media_port=port + 2,
        phones=await asyncio.gather(*(seat(name) for name in names)),
    )
    outcome = await (await sipp.start(registering)).finished(LONGER)
    assert outcome.successful == count
    answering = await sipp.start(Load(Scenario.AGENT, port=port, media_port=port + 2))

    async def all_there() -> bool:
        agents = (await house.admin.ask("GET", "/agents"))["items"]
        there = [a["id"] for a in agents if a["id"] in names and a["live"]["reachable"]]
        return len(there) == count

    await until(all_there, LONG)
    return names, answering


# ── agents who do not take the call ──


async def test_a_caller_keeps_the_place_while_agents_do_not_answer(house: House) -> None:
    line = await house.line(ring_for_seconds=4, misses_allowed=2)
    deaf = await house.agent([line])
    picky = await house.agent([line], ready=False)
    caller = await house.dial(line.number)
    call = await house.id_of(caller)
    missed = [await deaf.phone.rings(LONG)]
    later = await house.dial(line.number)
    missed.append(await deaf.phone.rings(LONG))
    await deaf.becomes(presence="paused", reason="rona", activity="idle")
    await picky.sets("ready")
    missed.append(await picky.phone.rings(LONG))
    await missed[-1].reject()
    leg = await picky.takes()
    await talk(house, caller, picky, leg)
    assert {ring.headers["X-CC-Call"] for ring in (*missed, leg)} == {call}
    assert offers(house, call) == [deaf.id, deaf.id, picky.id, picky.id]
    whys = [str(fact.why) for fact in house.journal(call) if isinstance(fact, OfferEnded)]
    assert whys == ["no-answer", "no-answer", "busy"]
    assert (await house.call_of(later))["phase"] == "queued"
    await asyncio.gather(caller.hang_up(), later.hang_up())
    assert silences(caller.recording) == []
    await house.nothing_is_left()


async def test_a_specialist_does_not_answer_and_the_next_best_takes_the_caller_in_their_place(
    house: House,
) -> None:
    await house.admin.ask("PUT", "/skills/cantonese", {"name_en": "Cantonese", "name_zh": "粤语"})
    steps = [{"after_seconds": 8, "skill": "cantonese", "to": 20}]
    line = await house.line(ring_for_seconds=4, misses_allowed=1, easing=steps)
    target = {"flow": line.queue, "requires": "cantonese >= 50"}
    await house.admin.ask("PUT", f"/numbers/{line.number}", target)
    deaf, next_best = await house.agent([line]), await house.agent([line])
    for agent, level in ((deaf, 80), (next_best, 30)):
        await house.admin.ask("PATCH", f"/agents/{agent.id}", {"skills": {"cantonese": level}})
    caller = await house.dial(line.number)
    call = await house.id_of(caller)
    missed = await deaf.phone.rings(LONG)
    later = await house.dial(line.number)
    leg = await next_best.takes()
    await talk(house, caller, next_best, leg)
    assert {ring.headers["X-CC-Call"] for ring in (missed, leg)} == {call}
    assert offers(house, call) == [deaf.id, next_best.id]
    (eased,) = [fact for fact in house.journal(call) if isinstance(fact, WantEased)]
    assert eased.requires == "cantonese >= 20"
    assert (await house.call_of(later))["phase"] == "queued"
    await asyncio.gather(caller.hang_up(), later.hang_up())
    assert silences(caller.recording) == []
    await house.nothing_is_left()


async def test_all_are_rung_and_whom_another_forestalled_missed_nothing(house: House) -> None:
    line = await house.line(strategy="ring-all", misses_allowed=1)
    first, taker, third = [await house.agent([line]) for _ in range(3)]
    caller = await house.dial(line.number)
    call = await house.id_of(caller)
    rings = await asyncio.gather(first.phone.rings(LONG), third.phone.rings(LONG))
    leg = await taker.takes()
    endings = await asyncio.gather(*(ring.ended(LONG) for ring in rings))
    await talk(house, caller, taker, leg)
    assert ["Call completed elsewhere" in ending.reason for ending in endings] == [True, True]
    await caller.hang_up()
    assert {ring.headers["X-CC-Call"] for ring in (*rings, leg)} == {call}
    whys = [fact.why.value for fact in house.journal(call) if isinstance(fact, OfferEnded)]
    assert whys == ["elsewhere", "elsewhere"]
    await house.nothing_is_left()


async def test_out_of_the_queue_by_time_and_by_key_and_the_place_is_kept(house: House) -> None:
    second = await house.line()
    first = await house.line(
        ways_out=[
            {"after_seconds": 6, "queue": second.queue},
            {"key": "5", "flow": "hotline"},
        ]
    )
    by_time = await house.dial(first.number)
    call = await house.id_of(by_time)
    later = await house.dial(second.number)
    agent = await house.agent([second], ready=False)
    assert await seen(lambda: lefts(house, call)) == [LeftBy.TIMEOUT]
    await agent.sets("ready")
    leg = await agent.takes()
    await talk(house, by_time, agent, leg)
    assert leg.headers["X-CC-Call"] == call  # who waits longer, wherever they began
    by_key = await house.dial(first.number)
    thinks = await house.id_of(by_key)
    await house.at_phase(by_key, "queued")
    await by_key.press("5")
    await house.at_phase(by_key, "in-flow")
    assert lefts(house, thinks) == [LeftBy.KEY]
    await asyncio.gather(by_time.hang_up(), later.hang_up(), by_key.hang_up())
    assert [silences(leg.recording) for leg in (by_time, later, by_key)] == [[], [], []]
    await house.nothing_is_left()


async def test_a_phone_that_is_not_there_is_not_rung_until_it_is_back(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line])
    await agent.phone.unregister(LONG)
    await agent.becomes(reachable=False)
    caller = await house.dial(line.number)
    call = str((await house.in_phase(caller, "queued"))["id"])
    await caller.hears_anything(LONG)
    assert offers(house, call) == []
    await agent.phone.register(LONG)
    await talk(house, caller, agent, await agent.takes())
    await caller.hang_up()
    await house.nothing_is_left()


async def test_whoever_sits_down_elsewhere_is_rung_there_and_nowhere_else(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line])
    # At a browser for a moment, and never a word from the first phone that it is not used any more.
    await house.admin.ask("POST", f"/agents/{agent.id}/login", {"phone": "browser"})
    left_behind, agent.phone = agent.phone, await house.desk_phone(agent.id)
    await agent.phone.register(LONG)
    await agent.becomes(reachable=True)
    caller = await house.dial(line.number)
    await talk(house, caller, agent, await agent.takes())
    assert left_behind.legs == []
    await caller.hang_up()
    await house.nothing_is_left()


async def test_a_number_outside_takes_a_call_by_pressing_one(house: House) -> None:
    line = await house.line(ring_for_seconds=40)
    mailbox, person = await asyncio.gather(
        outside_phone(house, line, "+493023125901"), outside_phone(house, line, "+493023125902")
    )
    await mailbox.sets("ready")
    caller = await house.dial(line.number)
    call = str((await house.call_of(caller))["id"])
    recorded = await mailbox.takes()
    assert (await recorded.ended(LONGER)).by is Side.THERE
    await mailbox.sets("paused")
    assert not await house.unheard(recorded, "en/system/agent-accept")
    assert mailbox.hz not in await house.voices(caller)
    await person.sets("ready")
    leg = await person.takes()
    await house.said(leg, "en/system/agent-accept")
    assert person.hz not in await house.voices(caller)
    await leg.press("7")
    await leg.press("1")
    await caller.hears(person.hz, LONG)
    hz = house.tone()
    caller.say_tone(hz)
    await leg.hears(hz, LONG)
    assert offers(house, call) == [mailbox.id, person.id]
    assert silences(caller.recording) == []
    await leg.hang_up()
    assert (await caller.ended(LONG)).by is Side.THERE
    await house.nothing_is_left()


async def test_a_customer_waits_for_their_agent_and_a_blocked_number_is_turned_away(
    house: House,
) -> None:
    line = await house.line(known_for_seconds=60)
    own, other = await house.agent([line], ready=False), await house.agent([line], ready=False)
    mine, blocked = "+491713925001", "+491713925002"
    wish = {"numbers": [mine], "owner": own.id, "tier": "gold"}
    await house.admin.ask("PUT", "/customers/acme", wish)
    await house.admin.ask("PUT", f"/listed-numbers/{blocked}", {"kind": "block"})
    await other.sets("ready")
    caller = await house.dial(line.number, caller_id=mine)
    shown = await house.call_of(caller)
    assert (shown["customer"], shown["tier"]) == ("acme", "gold")
    await own.sets("ready")
    leg = await own.takes()
    await talk(house, caller, own, leg)
    with pytest.raises(CallRefused) as refused:
        await (await house.dial(line.number, caller_id=blocked)).established(LONG)
    assert refused.value.ending.status in (403, 603)
    await caller.hang_up()
    await house.admin.ask("DELETE", "/customers/acme")
    await house.admin.ask("DELETE", f"/listed-numbers/{blocked}")
    await house.nothing_is_left()


async def test_a_phone_of_ours_is_told_to_answer_by_itself_or_asks_for_a_key(house: House) -> None:
    line = await house.line()
    agent = await house.agent([line], ready=False)
    await house.admin.ask("PATCH", f"/agents/{agent.id}", {"answering": "by-itself"})
    await agent.sets("ready")
    caller = await house.dial(line.number)
    leg = await agent.takes()
    assert leg.headers["Call-Info"].endswith("answer-after=0")
    await talk(house, caller, agent, leg)
    await caller.hang_up()
    await agent.becomes(activity="idle")
    await house.admin.ask("PATCH", f"/agents/{agent.id}", {"answering": "by-key"})
    caller = await house.dial(line.number)
    leg = await agent.takes()
    await house.said(leg, "en/system/agent-accept")
    assert (await house.call_of(caller))["phase"] == "offered"
    await leg.press("1")
    await talk(house, caller, agent, leg)
    assert "Call-Info" not in leg.headers
    await caller.hang_up()
    await house.nothing_is_left()


async def outside_phone(house: House, line: Line, number: str) -> Agent:
    """An agent at a telephone that only the trunk leads to."""
    agent = await house.agent([line], ready=False, register=False)
    await house.admin.ask("PATCH", f"/agents/{agent.id}", {"outside_number": number})
    await house.admin.ask("POST", f"/agents/{agent.id}/login", {"phone": "outside"})
    agent.phone = await house.phones.phone(number, domain=house.centre.sip)
    return agent


# ── hanging up ──


async def test_a_caller_may_hang_up_in_every_phase_and_leaves_nothing(house: House) -> None:
    quiet, music, told, rung, spoken = [
        await house.line(**rules)
        for rules in (NO_MUSIC_YET, {}, {"announce_first_seconds": 1}, {}, {})
    ]
    ringing, talking = await house.agent([rung]), await house.agent([spoken])

    async def in_the_prompt() -> CallLeg:
        caller = await house.dial(HOTLINE)
        await caller.hears_anything(LONG)
        return caller

    async def at_the_menu() -> CallLeg:
        caller = await house.dial(HOTLINE)
        await house.at(caller, "choose-language")
        return caller

    async def in_the_quiet() -> CallLeg:
        caller = await house.dial(quiet.number)
        await house.in_phase(caller, "queued")
        return caller

    async def in_the_music() -> CallLeg:
        caller = await house.dial(music.number)
        await caller.hears_anything(LONG)
        return caller

    async def in_an_announcement() -> CallLeg:
        caller = await house.dial(told.number)
        call = await house.id_of(caller)
        await seen(lambda: has(house, call, PositionReached))
        return caller

    async def while_it_rings() -> CallLeg:
        caller = await house.dial(rung.number)
        await ringing.phone.rings(LONG)
        return caller

    async def in_the_talk() -> CallLeg:
        caller = await house.dial(spoken.number)
        await talk(house, caller, talking, await talking.takes())
        return caller

    async def in_the_goodbye() -> CallLeg:
        caller = await house.dial(NOBODY)
        await caller.hears_anything(LONG)
        return caller

    phases = (
        *(in_the_prompt(), at_the_menu(), in_the_quiet(), in_the_music()),
        *(in_an_announcement(), while_it_rings(), in_the_talk(), in_the_goodbye()),
    )
    async with asyncio.TaskGroup() as together:
        tasks = [together.create_task(hang_up_in(house, phase)) for phase in phases]
    calls = [task.result() for task in tasks]
    await house.nothing_is_left()
    ends = [ending_of(house, call) for call in calls]
    assert [str(end.by) for end in ends] == ["caller"] * len(ends)
    assert [str(end.outcome) for end in ends] == [
        *("left-flow", "left-flow", "abandoned", "abandoned"),
        *("abandoned", "abandoned", "answered", "served"),
    ]
    for agent in (ringing, talking):
        assert (await agent.phone.legs[-1].ended(LONG)).by is Side.THERE


async def hang_up_in(house: House, reached: Awaitable[CallLeg]) -> str:
    caller = await reached
    assert (await caller.hang_up(LONG)).by is Side.HERE
    return await house.id_of(caller)


def has(house: House, call: str, kind: type) -> bool:
    return any(isinstance(fact, kind) for fact in house.journal(call))


def ending_of(house: House, call: str) -> CallEnded:
    ends = [f for f in house.journal(call) if isinstance(f, CallEnded)]
    assert len(ends) == 1
    return ends[0]


async def test_busy_is_not_answered_before_a_word_and_is_a_tone_after(house: House) -> None:
    line = await house.line(ways_out=[{"key": "5", "flow": "busy"}])
    caller = await house.dial(line.number)
    await house.at_phase(caller, "queued")
    await caller.press("5")
    await caller.hears_anything(LONG)
    await caller.ended(LONG)
    await house.admin.ask("PUT", f"/numbers/{line.number}", {"flow": "busy"})
    with pytest.raises(CallRefused) as refused:
        await (await house.dial(line.number)).established(LONG)
    assert refused.value.ending.status == 486
    await house.admin.ask("PUT", f"/numbers/{line.number}", {"flow": line.queue})
    await house.nothing_is_left()
