"""What the engine wants, as commands to Asterisk; and which answers become facts."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import NoReply, Refused, Reply, Request
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.telephony import AriTelephony
from callcenter.adapters.asterisk.trunks import Way
from callcenter.core.acd.device import Answering
from callcenter.core.calls.effects import (
    AnswerLeg,
    BridgeLegs,
    GiveBack,
    HangUpLeg,
    LegEffect,
    Prompt,
    RingAgent,
    Say,
    StartMusic,
    StopMusic,
    StopSaying,
    TakeMessage,
    TellBusy,
    Words,
)
from callcenter.core.errors import NotFound
from callcenter.core.facts.calls import AgentRinging, LegCause, LegEnded, PromptEnded
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    FlowId,
    LegId,
    PromptId,
    QueueId,
    offer_leg,
    prompt_id,
)
from callcenter.ports.speech import SpeechFailed
from callcenter.testing.clock import NOON, HandClock

pytestmark = pytest.mark.adapter

CALL = CallId("cc1-1.1")
CALLER = LegId(CALL)
ANA = AgentId("ana")
LEG = offer_leg(CALL, 1)
FIRST, SECOND = Way("PJSIP/+4917@tk-1", "main"), Way("PJSIP/+4917@tk-2", "second")
TAKEN = Reply[Any](200, b"{}")
SPOKEN = {
    ("system", "agent-accept", "zh"): "/prompts/zh/system/agent-accept",
    ("system", "hello", "zh"): "/prompts/zh/system/hello",
}


def lines_taken(count: int) -> Reply[Any]:
    """What the switch answers when it is asked how many lines of a trunk are taken."""
    return Reply(200, f'{{"value": "{count}"}}')


class Wire:
    """The sockets' end of the contract: commands go out in order, answers come when told."""

    def __init__(self) -> None:
        self.sent: list[Request[Any]] = []
        self.keys: list[str | None] = []
        self._answers: list[asyncio.Future[Reply[Any]]] = []

    def send(self, request: Request[Any], key: str | None = None) -> asyncio.Future[Reply[Any]]:
        self.sent.append(request)
        self.keys.append(key)
        self._answers.append(asyncio.get_running_loop().create_future())
        return self._answers[-1]

    async def answer(self, reply: Reply[Any] | Exception) -> None:
        """Answer the oldest command."""
        future = self._answers.pop(0)
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)
        await _let_it_sink_in()


class Voice:
    """Speaks words when it is told to."""

    def __init__(self) -> None:
        self.wanted: dict[str, asyncio.Future[str]] = {}

    async def speak(self, words: Words) -> str:
        self.wanted[words.text] = asyncio.get_running_loop().create_future()
        return await self.wanted[words.text]

    async def says(self, text: str) -> None:
        """It has spoken."""
        self.wanted[text].set_result(f"/words/{len(text)}")
        await _let_it_sink_in()

    async def fails(self, text: str, why: Exception) -> None:
        self.wanted[text].set_exception(why)
        await _let_it_sink_in()


async def _let_it_sink_in() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Switch:
    """The adapter between a wire and an engine that only listens."""

    def __init__(self, *ways: Way, words_within: timedelta = timedelta(minutes=1)) -> None:
        self.wire = Wire()
        self.voice = Voice()
        self.facts: list[Fact] = []
        self._telephony = AriTelephony(
            cast(RestSockets, self.wire),
            cast(PooledHttp, Shown()),
            clock=HandClock(),
            deliver=self.facts.append,
            media=self._media,
            words=self.voice.speak,
            outside=lambda number: ways,
            region="DE",
            longest_call=timedelta(hours=6),
            words_within=words_within,
        )

    def _media(self, prompt: Prompt) -> str:
        found = SPOKEN.get((prompt.flow, prompt.name, prompt.language))
        if found is None:
            raise NotFound
        return found

    def learn(self, *bridges: str) -> None:
        """The switch has these, and nobody in them."""
        self._telephony.pool.learn((BridgeId(one), ()) for one in bridges)

    def hang_up(self, *legs: LegId) -> None:
        """These are gone for good."""
        for leg in legs:
            self._telephony.pool.gone(leg)
            self._telephony.ended(leg)

    def ends(self, sip_status: int | None, cause: int = 0) -> bool:
        """The agent's leg ends so; whether that was the carrier's doing and is seen to."""
        return self._telephony.outside.refused(LEG, sip_status, cause)

    async def do(self, *effects: LegEffect) -> None:
        self._telephony.perform(CALL, effects)
        await asyncio.sleep(0)

    async def playing(self, prompt: PromptId) -> bool:
        """Whether a look at the switch finds that this is being said."""
        picture = await self._telephony.picture([prompt])
        return prompt in picture.playing

    async def close(self) -> None:
        await self._telephony.close()


def ring(device: str, language: str = "zh") -> RingAgent:
    ring_for = timedelta(seconds=20)
    return RingAgent(LEG, device, ANA, CALLER, "+4930", 'Jo "<&', ring_for, language)


async def test_a_phone_of_ours_is_rung_without_being_asked_to_accept() -> None:
    switch = Switch()
    await switch.do(ring("sip:agent-ana"))
    asked = dict(switch.wire.sent[0].query)
    assert (asked["endpoint"], asked["context"]) == ("PJSIP/agent-ana", "agent-leg")
    assert asked["callerId"] == '"Jo &" <+4930>'
    assert "CC_ACCEPT" not in (switch.wire.sent[0].body or {})["variables"]
    await switch.wire.answer(TAKEN)
    assert switch.facts == []


async def test_a_phone_of_ours_may_answer_by_itself_or_ask_for_a_key() -> None:
    switch = Switch()
    await switch.do(replace(ring("sip:agent-ana"), answering=Answering.BY_ITSELF))
    variables = (switch.wire.sent[0].body or {})["variables"]
    assert variables["PJSIP_HEADER(add,Call-Info)"] == "<sip:callcenter>;answer-after=0"
    assert "CC_ACCEPT" not in variables
    await switch.do(replace(ring("sip:agent-ana"), answering=Answering.BY_KEY))
    asked = switch.wire.sent[1]
    assert dict(asked.query)["context"] == "agent-outside"
    assert (asked.body or {})["variables"]["CC_ACCEPT"] == "/prompts/zh/system/agent-accept"


async def test_a_phone_is_rung_beside_what_is_done_for_the_caller_and_bounded() -> None:
    switch = Switch()
    for effect in (AnswerLeg(CALLER), ring("sip:agent-ana"), HangUpLeg(LEG), HangUpLeg(CALLER)):
        await switch.do(effect)
    assert switch.wire.keys == [CALL, LEG, LEG, CALL]
    assert (switch.wire.sent[1].body or {})["variables"]["TIMEOUT(absolute)"] == "21600"


async def test_a_number_outside_is_asked_in_the_callers_language_and_rings_when_taken() -> None:
    switch = Switch(FIRST)
    await switch.do(ring("tel:+4917"))
    asked = dict(switch.wire.sent[0].query)
    assert (asked["endpoint"], asked["context"]) == ("PJSIP/+4917@tk-1", "agent-outside")
    variables = (switch.wire.sent[0].body or {})["variables"]
    assert variables["CC_ACCEPT"] == "/prompts/zh/system/agent-accept"
    assert switch.facts == []
    await switch.wire.answer(TAKEN)
    assert switch.facts == [AgentRinging(NOON, CALL, ANA, 1)]


@pytest.mark.parametrize(
    ("ways", "language"), [((), "zh"), ((FIRST,), "en")], ids=["no trunk", "unspoken"]
)
async def test_a_number_outside_that_cannot_be_rung_is_unreachable(
    ways: tuple[Way, ...], language: str
) -> None:
    switch = Switch(*ways)
    await switch.do(ring("tel:+4917", language))
    assert switch.wire.sent == []
    assert switch.facts == [LegEnded(NOON, CALL, LEG, LegCause.UNREACHABLE)]


@pytest.mark.parametrize("status", [403, 408, 500, 503])
async def test_a_carrier_that_refuses_is_followed_by_the_next_and_the_last_by_none(
    status: int,
) -> None:
    switch = Switch(FIRST, SECOND)
    await switch.do(ring("tel:+4917"))
    await switch.wire.answer(TAKEN)
    assert switch.ends(status)
    again = dict(switch.wire.sent[1].query)
    assert (again["endpoint"], again["context"]) == (SECOND.dial, "agent-outside")
    await switch.wire.answer(TAKEN)
    assert switch.facts == [AgentRinging(NOON, CALL, ANA, 1)]  # and not twice
    assert switch.ends(status)
    assert switch.facts[1:] == [LegEnded(NOON, CALL, LEG, LegCause.UNREACHABLE)]
    assert len(switch.wire.sent) == 2


@pytest.mark.parametrize("status", [0, 200, 404, 480, 486, 487, 603])
async def test_whom_we_called_may_refuse_for_good(status: int) -> None:
    switch = Switch(FIRST, SECOND)
    await switch.do(ring("tel:+4917"))
    assert not switch.ends(status)
    assert not switch.ends(503)


@pytest.mark.parametrize("cause", [34, 38, 41, 42, 47])
async def test_a_switch_that_tells_no_sip_status_says_by_the_cause_that_the_carrier_refuses(
    cause: int,
) -> None:
    switch = Switch(FIRST, SECOND)
    await switch.do(ring("tel:+4917"))
    assert switch.ends(None, cause)
    assert dict(switch.wire.sent[1].query)["endpoint"] == SECOND.dial


@pytest.mark.parametrize(
    ("status", "cause"), [(None, 16), (None, 17), (None, 19), (None, 21), (None, 1), (486, 34)]
)
async def test_a_cause_that_may_be_the_persons_own_is_not_the_carriers(
    status: int | None, cause: int
) -> None:
    switch = Switch(FIRST, SECOND)
    await switch.do(ring("tel:+4917"))
    assert not switch.ends(status, cause)


async def test_a_call_out_takes_a_line_of_a_trunk_that_has_a_limit() -> None:
    switch = Switch(FIRST._replace(limit=2))
    await switch.do(ring("tel:+4917"))
    await switch.wire.answer(lines_taken(1))
    variables = (switch.wire.sent[1].body or {})["variables"]
    assert variables["GROUP(trunk)"] == "main"
    await switch.wire.answer(TAKEN)
    assert switch.facts == [AgentRinging(NOON, CALL, ANA, 1)]
    free = Switch(FIRST)
    await free.do(ring("tel:+4917"))
    assert "GROUP(trunk)" not in (free.wire.sent[0].body or {})["variables"]


@pytest.mark.parametrize("over", [HangUpLeg(LEG), BridgeLegs((CALLER, LEG), busy=False)])
async def test_a_leg_that_we_hung_up_or_that_was_answered_is_not_dialled_again(
    over: LegEffect,
) -> None:
    switch = Switch(FIRST, SECOND)
    await switch.do(ring("tel:+4917"))
    await switch.do(over)
    assert not switch.ends(503)


async def test_a_refused_leg_is_unreachable_and_an_unanswered_command_is_not_a_fact() -> None:
    switch = Switch(FIRST)
    await switch.do(ring("sip:agent-ana"))
    await switch.wire.answer(Reply(500))
    assert switch.facts == [LegEnded(NOON, CALL, LEG, LegCause.UNREACHABLE)]
    await switch.do(ring("sip:agent-ana"))
    await switch.wire.answer(NoReply())
    await switch.do(ring("tel:+4917"))
    await switch.wire.answer(Reply(409))
    assert switch.facts[1:] == [AgentRinging(NOON, CALL, ANA, 1)]


async def test_a_leg_refused_for_a_caller_who_left_is_told_only_when_their_end_was_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = Switch()
    await switch.do(ring("sip:agent-ana"))
    await switch.wire.answer(Reply(400))
    assert switch.facts == []
    monkeypatch.setattr("callcenter.adapters.asterisk.telephony.HANG_UP_FOLLOWS", timedelta())
    await switch.do(ring("sip:agent-ana"))
    await switch.wire.answer(Reply(400))
    for _ in range(3):
        await asyncio.sleep(0)
    assert switch.facts == [LegEnded(NOON, CALL, LEG, LegCause.UNREACHABLE)]


TOGETHER = BridgeLegs((CALLER, LEG), busy=False)
GONE = Reply[Any](404, b"{}")


def told(wire: Wire) -> list[tuple[str, str]]:
    """What was asked of bridges, and of which."""
    return [(one.path.split("/")[-1], one.path.split("/")[1]) for one in wire.sent]


async def test_a_bridge_that_is_gone_is_replaced_at_once_and_for_good() -> None:
    switch = Switch()
    switch.learn("br-1")
    await switch.do(TOGETHER)
    await switch.wire.answer(GONE)
    assert told(switch.wire) == [("addChannel", "br-1"), ("br-2", "br-2"), ("addChannel", "br-2")]
    await switch.wire.answer(TAKEN)
    await switch.wire.answer(TAKEN)
    switch.hang_up(CALLER, LEG)
    await switch.do(TOGETHER)
    assert told(switch.wire)[3:] == [("addChannel", "br-2")]


async def test_a_bridge_whose_making_was_lost_is_made_when_it_is_asked_for_again() -> None:
    switch = Switch()
    switch.learn()
    await switch.do(TOGETHER)
    await switch.wire.answer(NoReply("late"))
    await switch.wire.answer(GONE)
    assert len(switch.wire.sent) == 2
    await switch.do(TOGETHER)
    assert told(switch.wire)[2:] == [("br-2", "br-2"), ("addChannel", "br-2")]


async def test_a_prompt_that_was_never_spoken_is_over_at_once() -> None:
    switch = Switch()
    await switch.do(Say(CALLER, prompt_id(CALL, 3), (Prompt(FlowId("x"), "y", "en"),)))
    assert switch.wire.sent == []
    assert switch.facts == [PromptEnded(NOON, CALL, 3, played=False)]


HELLO = Prompt(FlowId("system"), "hello", "zh")
SECOND_PLACE = Words("第二位", "zh")
FIRST_SAID, THEN_SAID = prompt_id(CALL, 3), prompt_id(CALL, 4)
UNSAID = PromptEnded(NOON, CALL, 3, played=False)
WORDS_FIRST = Say(CALLER, FIRST_SAID, (HELLO, SECOND_PLACE, HELLO))
THEN_HELLO = Say(CALLER, THEN_SAID, (HELLO,))


def heard(wire: Wire) -> list[str]:
    """What was played, begun and stopped, in order."""
    return [
        dict(one.query).get("media", f"{one.method} {one.path.split('/')[-1]}") for one in wire.sent
    ]


SOUND = "sound:/prompts/zh/system/hello"
WHOLE = f"{SOUND},sound:/words/3,{SOUND}"


async def test_words_are_spoken_before_they_are_played_and_one_thing_with_their_prompts() -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    assert switch.wire.sent == []
    await switch.voice.says("第二位")
    assert heard(switch.wire) == [WHOLE]
    assert switch.wire.keys == [CALL]
    assert switch.facts == []


async def test_what_follows_words_on_a_leg_waits_behind_them_in_order() -> None:
    switch = Switch()
    again = Say(CALLER, THEN_SAID, (Words("再见", "zh"),))
    await switch.do(WORDS_FIRST, again, StartMusic(CALLER, "jazz"))
    await switch.voice.says("再见")
    assert switch.wire.sent == []
    await switch.voice.says("第二位")
    assert heard(switch.wire) == [WHOLE, "sound:/words/2", "POST moh"]


async def test_another_leg_and_what_is_no_sound_do_not_wait_for_words() -> None:
    switch = Switch()
    other = LegId("cc1-1.2")
    await switch.do(WORDS_FIRST, AnswerLeg(CALLER), StartMusic(other, "jazz"))
    assert heard(switch.wire) == ["POST answer", "POST moh"]
    await switch.close()


async def test_words_that_are_stopped_before_they_are_spoken_are_never_played() -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    await switch.do(THEN_HELLO, StopSaying(FIRST_SAID))
    # They would have taken the line from the music.
    assert heard(switch.wire) == [SOUND, "DELETE moh"]
    assert switch.facts == [UNSAID]
    assert switch.voice.wanted["第二位"].cancelled()


@pytest.mark.parametrize("ending", [StopSaying(FIRST_SAID), HangUpLeg(CALLER)])
async def test_words_that_fail_as_they_are_dropped_are_over_once(ending: LegEffect) -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    switch.voice.wanted["第二位"].set_exception(SpeechFailed())
    await switch.do(ending)
    await _let_it_sink_in()
    assert switch.facts == [UNSAID]


async def test_what_waits_behind_words_may_be_stopped_too() -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST, THEN_HELLO, StopSaying(THEN_SAID))
    await switch.voice.says("第二位")
    assert heard(switch.wire) == ["DELETE moh", WHOLE]
    assert switch.facts == [PromptEnded(NOON, CALL, 4, played=False)]


async def test_what_is_being_played_is_stopped_on_the_switch() -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    await switch.voice.says("第二位")
    await switch.do(StopSaying(FIRST_SAID))
    assert switch.wire.sent[-1].path == f"playbacks/{FIRST_SAID}"
    assert switch.facts == []


@pytest.mark.parametrize(
    ("ending", "sent"),
    [
        (
            BridgeLegs((CALLER, LEG), busy=False),
            ["DELETE moh", "POST br-cc1-1.1", "POST addChannel"],
        ),
        (HangUpLeg(CALLER), [f"DELETE {CALLER}"]),
        (GiveBack(CALLER), ["POST continue"]),
        (TellBusy(CALLER), ["POST continue"]),
        (
            TakeMessage(CALLER, QueueId("sales"), "en", timedelta(minutes=1)),
            ["POST variables", "POST continue"],
        ),
    ],
)
async def test_nobody_hears_words_after_they_were_connected_or_let_go(
    ending: LegEffect, sent: list[str]
) -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    wanted = switch.voice.wanted["第二位"]
    await switch.do(THEN_HELLO, StartMusic(CALLER, "jazz"), ending)
    assert heard(switch.wire) == sent
    assert wanted.cancelled()
    assert switch.facts == [UNSAID, PromptEnded(NOON, CALL, 4, played=False)]


async def test_words_for_a_caller_who_hung_up_are_not_spoken_to_their_end() -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    switch.hang_up(CALLER)
    await _let_it_sink_in()
    assert switch.voice.wanted["第二位"].cancelled()
    assert (switch.wire.sent, switch.facts) == ([], [UNSAID])


@pytest.mark.parametrize("why", [SpeechFailed("out of breath"), RuntimeError("a fault of ours")])
async def test_words_that_cannot_be_spoken_are_over_and_what_follows_is_heard(
    why: Exception,
) -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST, THEN_HELLO)
    await switch.voice.fails("第二位", why)
    assert heard(switch.wire) == [SOUND]
    assert switch.facts == [UNSAID]


async def test_words_that_are_not_spoken_in_time_are_over(caplog: pytest.LogCaptureFixture) -> None:
    switch = Switch(words_within=timedelta(0))
    with caplog.at_level(logging.DEBUG):
        await switch.do(WORDS_FIRST, StopMusic(CALLER))
        await _let_it_sink_in()
    assert heard(switch.wire) == ["DELETE moh"]
    assert switch.facts == [UNSAID]
    assert "第二位" not in caplog.text + repr(WORDS_FIRST)


async def test_words_beside_a_prompt_that_was_never_spoken_are_not_waited_for() -> None:
    switch = Switch()
    await switch.do(Say(CALLER, FIRST_SAID, (Prompt(FlowId("x"), "y", "en"), SECOND_PLACE)))
    assert switch.facts == [UNSAID]
    assert switch.voice.wanted == {}


async def test_words_that_are_being_spoken_are_found_when_the_switch_is_looked_at() -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    assert await switch.playing(FIRST_SAID)
    await switch.do(StopSaying(FIRST_SAID))
    assert not await switch.playing(FIRST_SAID)


async def test_an_engine_that_ends_leaves_its_words_unspoken() -> None:
    switch = Switch()
    await switch.do(WORDS_FIRST)
    await switch.close()
    assert switch.voice.wanted["第二位"].cancelled()
    assert (switch.wire.sent, switch.facts) == ([], [])


async def test_a_leg_that_is_gone_already_is_no_news() -> None:
    switch = Switch()
    await switch.do(HangUpLeg(LEG))
    await switch.wire.answer(Reply(404))
    assert switch.facts == []


class Shown:
    """Answers questions as the switch does that has these legs, and no bridge."""

    def __init__(self, *legs: dict[str, Any]) -> None:
        self._legs = legs
        self.sent: list[Request[Any]] = []

    async def ask(self, request: Request[Any]) -> Any:
        if request.path.startswith("playbacks"):
            raise Refused(request.path, 404, "")
        return self._legs if request.path == "channels" else []

    async def send(self, request: Request[Any]) -> Reply[Any]:
        self.sent.append(request)
        return TAKEN


def in_hand(leg: str, data: str) -> dict[str, Any]:
    return {
        "id": leg,
        "state": "Up",
        "caller": {"number": "", "name": ""},
        "dialplan": {"app_name": "Stasis", "app_data": data},
        "channelvars": {"CC_DID": "", "CC_SINCE": "", "CC_PRES": "", "CC_RDNIS": ""},
    }


async def test_a_test_call_is_no_caller_and_a_stranger_in_our_hands_is() -> None:
    legs = in_hand("test-call-ab12-1-centre", "cc,test"), in_hand("x.1", "cc,nobody-knows-this")
    telephony = AriTelephony(
        cast(RestSockets, Wire()),
        cast(PooledHttp, Shown(*legs)),
        clock=HandClock(),
        deliver=lambda fact: None,
        media=lambda prompt: "",
        words=Voice().speak,
        outside=lambda number: [],
        region="DE",
        longest_call=timedelta(hours=1),
    )
    picture = await telephony.picture(())
    callers = [leg for leg, seen in picture.legs.items() if seen.arrived is not None]
    assert callers == ["x.1"]
