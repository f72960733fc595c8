"""Two phones call each other over loopback: real SIP, real RTP, no switch between them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from callcenter.testing.phones import (
    CallLeg,
    CallRefused,
    Codec,
    Phone,
    Phones,
    RegistrationRefused,
    Side,
    WaitedInVain,
)
from callcenter.testing.tones import first_heard, heard, level, person_tones, silences

pytestmark = pytest.mark.adapter

SIP_PORT = 23000
HERE = f"127.0.0.1:{SIP_PORT}"
CALLER_HZ, AGENT_HZ, NOBODY_HZ = person_tones()[2:5]
SHORT = timedelta(milliseconds=50)


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    async with Phones(sip_port=SIP_PORT, rtp_ports=(23100, 23198)) as opened:
        yield opened


@pytest.fixture
async def agent(phones: Phones) -> Phone:
    return await phones.phone("agent-7", domain=HERE)


async def connected(phones: Phones, agent: Phone, codec: Codec = "pcmu") -> tuple[CallLeg, CallLeg]:
    caller = await phones.dial("agent-7", proxy=HERE, caller_id="+4930123", codecs=(codec,))
    answered = await agent.rings()
    await answered.answer()
    await caller.established()
    return caller, answered


@pytest.mark.parametrize("codec", ["pcmu", "pcma"])
async def test_each_hears_the_others_tone_and_not_their_own(phones: Phones, codec: Codec) -> None:
    agent = await phones.phone("agent-7", domain=HERE, codecs=("pcmu", "pcma"))
    caller, answered = await connected(phones, agent, codec)
    caller.say_tone(CALLER_HZ)
    answered.say_tone(AGENT_HZ)
    await caller.hears(AGENT_HZ, lasting=timedelta(seconds=0.4))
    await answered.hears(CALLER_HZ)
    (spoken, *_) = heard(caller.recording, AGENT_HZ)
    assert level(caller.recording.between(spoken), AGENT_HZ) == pytest.approx(-12.0, abs=3.0)
    assert heard(caller.recording, CALLER_HZ) == []
    assert heard(caller.recording, NOBODY_HZ) == []


async def test_a_tone_that_stops_is_no_longer_heard(phones: Phones, agent: Phone) -> None:
    caller, answered = await connected(phones, agent)
    answered.say_tone(AGENT_HZ)
    await caller.hears(AGENT_HZ)
    answered.fall_silent()
    await caller.hears_no_more(AGENT_HZ)


async def test_keys_pressed_arrive_once_and_in_order(phones: Phones, agent: Phone) -> None:
    caller, answered = await connected(phones, agent)
    await caller.press("15*#")
    await answered.gets_keys("15*#")
    await answered.press("90")
    await caller.gets_keys("90")
    assert (answered.keys, caller.keys) == ("15*#", "90")


async def test_both_sides_know_that_the_caller_hung_up(phones: Phones, agent: Phone) -> None:
    caller, answered = await connected(phones, agent)
    assert (await caller.hang_up()).by is Side.HERE
    assert (await answered.ended()).by is Side.THERE


async def test_both_sides_know_that_the_agent_hung_up(phones: Phones, agent: Phone) -> None:
    caller, answered = await connected(phones, agent)
    assert (await answered.hang_up()).by is Side.HERE
    assert (await caller.ended()).by is Side.THERE


async def test_hanging_up_after_the_far_end_did_tells_who_was_first(
    phones: Phones, agent: Phone
) -> None:
    caller, answered = await connected(phones, agent)
    await answered.hang_up()
    await caller.ended()
    assert (await caller.hang_up()).by is Side.THERE


async def test_a_rejected_caller_gets_the_status(phones: Phones, agent: Phone) -> None:
    caller = await phones.dial("agent-7", proxy=HERE)
    await (await agent.rings()).reject()
    with pytest.raises(CallRefused) as refused:
        await caller.established()
    assert (refused.value.ending.status, refused.value.ending.by) == (486, Side.THERE)


async def test_a_number_nobody_has_is_refused_with_404(phones: Phones) -> None:
    caller = await phones.dial("4711", proxy=HERE)
    assert (await caller.ended()).status == 404


async def test_a_caller_who_gives_up_ends_the_ringing(phones: Phones, agent: Phone) -> None:
    caller = await phones.dial("agent-7", proxy=HERE)
    ringing = await agent.rings()
    await caller.rings_there()
    await caller.hang_up()
    assert (await ringing.ended()).by is Side.THERE
    with pytest.raises(CallRefused):
        await ringing.answer()


async def test_the_ringing_phone_sees_the_callers_headers(phones: Phones, agent: Phone) -> None:
    await phones.dial(
        "agent-7",
        proxy=HERE,
        caller_id="+4930123",
        display_name="Jürgen O'Neill & Söhne",
        headers={"X-CC-Call": "cc1-1732246380.12"},
    )
    ringing = await agent.rings()
    assert ringing.headers["X-CC-Call"] == "cc1-1732246380.12"
    assert "Jürgen O'Neill & Söhne" in ringing.headers["From"]
    assert ringing.peer == f"sip:+4930123@{HERE}"


async def test_a_wait_in_vain_says_what_it_waited_for(phones: Phones, agent: Phone) -> None:
    with pytest.raises(WaitedInVain, match=r"0\.05 s in vain for agent-7's phone to ring"):
        await agent.rings(within=SHORT)
    caller = await phones.dial("agent-7", proxy=HERE)
    await caller.rings_there()
    with pytest.raises(WaitedInVain, match="an answer: anonymous calling agent-7 is ringing"):
        await caller.established(within=SHORT)


async def test_a_recording_runs_in_real_time_and_shows_when_somebody_spoke(
    phones: Phones, agent: Phone
) -> None:
    caller, answered = await connected(phones, agent)
    answered.say_tone(AGENT_HZ)
    await caller.hears(AGENT_HZ)
    answered.fall_silent()
    await caller.hears_no_more(AGENT_HZ)
    ending = await caller.hang_up()
    recording = caller.recording
    assert caller.established_at is not None
    assert recording.length == pytest.approx(
        ending.at - caller.established_at, abs=timedelta(milliseconds=80)
    )
    spoken = first_heard(recording, AGENT_HZ)
    assert spoken is not None
    assert spoken < timedelta(seconds=1)
    assert silences(recording, longer_than=timedelta(milliseconds=100)) != []
    assert caller.audio_trouble == []


async def test_a_sound_file_of_another_rate_is_spoken(
    phones: Phones, agent: Phone, tmp_path: Path
) -> None:
    caller, answered = await connected(phones, agent)
    caller.say_tone(CALLER_HZ)
    await answered.hears(CALLER_HZ)
    heard = tmp_path / "heard.wav"
    answered.recording.save(heard)
    answered.say_file(heard, loop=True)
    await caller.hears(CALLER_HZ)


async def test_an_unfit_sound_file_is_named(phones: Phones, agent: Phone, tmp_path: Path) -> None:
    caller, _answered = await connected(phones, agent)
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    with pytest.raises(ValueError, match=r"broken\.wav: cannot be read as sound"):
        caller.say_file(broken)


async def test_a_registrar_that_is_not_there_is_reported(phones: Phones) -> None:
    phone = await phones.phone("agent-9", "secret", domain="127.0.0.1:23001")
    with pytest.raises(RegistrationRefused, match="agent-9"):
        await phone.register(within=timedelta(milliseconds=200))
    assert not phone.registered


async def test_a_display_name_that_would_break_the_header_is_refused(phones: Phones) -> None:
    with pytest.raises(ValueError, match="sip_raw"):
        await phones.dial("agent-7", proxy=HERE, display_name='x" <sip:root@evil>')
