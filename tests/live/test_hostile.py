"""What a hostile network can send to a whole centre: callers are served, facts stay clean, nobody else
is hurt, and nobody becomes somebody else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from callcenter.core.facts.calls import CallArrived, CallEnded, DigitPressed
from callcenter.core.numbers import LONGEST
from callcenter.testing.phones import Side
from callcenter.testing.sip_raw import RawSip, Reply, Request, Text, sdp_offer
from callcenter.testing.tones import silences
from tests.live.live_centre import LONG, House, seen, until

pytestmark = pytest.mark.live

STRANGER = "127.0.0.9"
TRUNK = "127.0.0.1"
KEPT = 79  # signs of a name that the switch itself keeps, one less than we would
RTL = "\u202eevil\u2066"


@pytest.fixture
async def trunk(house: House) -> AsyncIterator[RawSip]:
    """A carrier that passes on whatever it was given."""
    async with RawSip(TRUNK, (TRUNK, house.centre.ports.sip)) as opened:
        yield opened


def invite(sip: RawSip, house: House, number: Text, sender: Text) -> Request:
    user = number if isinstance(number, bytes) else number.encode()
    uri = b"sip:" + user + b"@" + house.centre.sip.encode()
    offer = sdp_offer(sip.source.partition(":")[0], house.centre.ports.base + 18)
    return sip.request("INVITE", uri, sender=sender, body=offer)


async def arrived(house: House, before: set[str]) -> CallArrived:
    """The call that was not there before."""

    async def find() -> str | None:
        return next((str(c["id"]) for c in await house.calls() if c["id"] not in before), None)

    call = await until(find, LONG)
    return next(fact for fact in house.journal(call) if isinstance(fact, CallArrived))


@pytest.mark.parametrize(
    ("sender", "ani", "name"),
    [
        ('"Doe, Jo & Co" <sip:+4917139200@127.0.0.1>', "+4917139200", "Doe, Jo & Co"),
        ('"' + "x" * 3000 + '" <sip:+4917139200@127.0.0.1>', "+4917139200", "x" * KEPT),
        (b'"\xff\xc3A" <sip:+4917139200@127.0.0.1>', "+4917139200", "A"),
        ('"<img onerror=x>" <sip:a,b&c@127.0.0.1>', "abc", "<img onerror=x>"),
        (f'"{RTL}" <sip:+4917139200@127.0.0.1>', "+4917139200", "evil"),
        ("<sip:" + "9" * 3000 + "@127.0.0.1>", "9" * LONGEST, ""),
        ('"x" <sip:%00%0d%0aBYE@127.0.0.1>', None, None),
    ],
    ids=["comma", "long name", "no UTF-8", "markup", "right to left", "long number", "control"],
)
async def test_a_caller_with_a_hostile_identity_is_served_and_written_down_clean(
    house: House, trunk: RawSip, sender: Text, ani: str | None, name: str | None
) -> None:
    line = await house.line()
    request = invite(trunk, house, line.number, sender)
    answer = await trunk.ask(request, LONG)
    assert answer.status == 200
    fact = await arrived(house, set())
    assert (fact.ani, fact.name) == (
        fact.ani if ani is None else ani,
        fact.name if name is None else name,
    )
    assert fact.ani.isprintable() and fact.name.isprintable()
    agent = await house.agent([line])
    leg = await agent.phone.rings(LONG)
    assert leg.headers["X-CC-Call"] == fact.call
    await leg.answer(LONG)
    assert (await trunk.hang_up(request, answer, LONG)).status == 200
    assert (await leg.ended(LONG)).by is Side.THERE
    await house.nothing_is_left()


@pytest.mark.parametrize(
    "dialled",
    ["4101%2Cadopt-push", "4101&4102", "4101,agent,x,y", "9" * 3000, "%3Cb%3E", "%00"],
)
async def test_a_hostile_number_is_an_unknown_number(
    house: House, trunk: RawSip, dialled: Text
) -> None:
    request = invite(trunk, house, dialled, "<sip:+4917139201@127.0.0.1>")
    answer = await trunk.ask(request, LONG)
    assert answer.status == 200
    fact = await arrived(house, set())
    assert not set(fact.dnis) & set(",&<>%\x00\ufffd")
    assert len(fact.dnis) <= LONGEST
    legs = await house.ari("/channels")
    assert [leg["dialplan"]["app_data"].count(",") for leg in legs] == [2]
    assert (await trunk.hang_up(request, answer, LONG)).status == 200
    await house.nothing_is_left()


async def test_a_number_that_is_no_text_is_dropped_and_does_no_harm(
    house: House, trunk: RawSip
) -> None:
    trunk.send(invite(trunk, house, b"41\xff01", "<sip:+4917139201@127.0.0.1>").render())
    request = invite(trunk, house, "4999", "<sip:+4917139201@127.0.0.1>")
    answer = await trunk.ask(request, LONG)
    assert answer.status == 200
    assert len(await house.ari("/channels")) == 1
    await trunk.hang_up(request, answer, LONG)
    await house.nothing_is_left()


@pytest.mark.parametrize("whose", ["agent", "trunk"])
async def test_a_stranger_with_a_known_name_gets_no_channel(house: House, whose: str) -> None:
    agent = await house.agent(ready=False)
    endpoints = house.centre.prepared.rendered.trunk_endpoints
    name = {"agent": agent.phone.user, "trunk": endpoints["test"]}[whose]
    async with RawSip(STRANGER, (TRUNK, house.centre.ports.sip)) as stranger:
        request = stranger.request(
            "INVITE",
            f"sip:4000@{house.centre.sip}",
            sender=f"<sip:{name}@{house.centre.sip}>",
            contact=f"<sip:{name}@127.0.0.1:{house.centre.ports.phones}>",
            body=sdp_offer(STRANGER, house.centre.ports.base + 18),
        )
        assert (await stranger.ask(request, LONG)).status == 401
    assert await house.ari("/channels") == []


async def within_the_call(
    sip: RawSip, call: Request, answer: Reply, method: str, number: int, **more: object
) -> Reply:
    """A request in the dialogue of a call that was answered."""
    target = answer.header("Contact").partition("<")[2].partition(">")[0]
    request = sip.request(method, target, sender=call.sender, recipient=answer.header("To"))
    values = {"call_id": call.call_id, "tag": call.tag, "number": number, **more}
    for name, value in values.items():
        object.__setattr__(request, name, value)
    return await sip.ask(request, LONG)


async def test_a_caller_cannot_transfer_anybody(house: House, trunk: RawSip) -> None:
    line = await house.line()
    agent = await house.agent([line])
    request = invite(trunk, house, line.number, "<sip:+4917139202@127.0.0.1>")
    answer = await trunk.ask(request, LONG)
    leg = await agent.takes()
    refer = [("Refer-To", f"<sip:4000@{house.centre.sip}>")]
    refused = await within_the_call(trunk, request, answer, "REFER", 2, headers=refer)
    assert refused.status == 603
    # Whatever the centre does for itself at the same time goes through the switch alone.
    legs = [leg["name"] for leg in await house.ari("/channels")]
    assert sorted(name.partition("-")[0] for name in legs if name.startswith("PJSIP/")) == [
        "PJSIP/agent",
        "PJSIP/tk",
    ], legs
    assert leg.ending is None
    await leg.hang_up()
    await house.nothing_is_left()


async def test_a_flood_of_keys_hurts_nobody_else(house: House, trunk: RawSip) -> None:
    request = invite(trunk, house, "4000", "<sip:+4917139203@127.0.0.1>")
    answer = await trunk.ask(request, LONG)
    call = (await arrived(house, set())).call
    press = {
        "headers": [("Content-Type", "application/dtmf-relay")],
        # The one key that the main menu answers with itself, for ever.
        "body": b"Signal=9\r\nDuration=100\r\n",
    }
    caller = await house.dial("4000")

    async def flood() -> None:
        statuses = set()
        for number in range(2, 402):
            reply = await within_the_call(trunk, request, answer, "INFO", number, **press)
            statuses.add(reply.status)
            if reply.status == 481:
                break
        assert statuses <= {200, 481}

    async def use_the_menu() -> None:
        await house.at(caller, "choose-language")
        await caller.press("2")
        await house.at(caller, "main-menu")

    async with asyncio.TaskGroup() as both:
        both.create_task(flood())
        both.create_task(use_the_menu())
    ended = await seen(
        lambda: [fact for fact in house.journal(call) if isinstance(fact, CallEnded)],
        timedelta(minutes=2),
    )
    assert [str(fact.by) for fact in ended] == ["flow"]
    assert sum(isinstance(fact, DigitPressed) for fact in house.journal(call)) <= 201
    await caller.hang_up()
    assert silences(caller.recording) == []
    await house.nothing_is_left()
