"""Effects to commands: the engine's wishes, said to Asterisk in order and without waiting.

Commands of one caller travel on one socket and the switch carries them out in series, so order needs no
waiting here. So do those of an agent's leg, on a socket of their own: to answer a caller and to ring
somebody for them need not wait for each other. The exception is a command on a leg to which something may
still be playing: it waits inside the switch for the playback's length, and everything behind it on the
socket would wait too. Those go by pooled HTTP.

What is said in words of the moment may have to be spoken first; `sounds` keeps the order of what is to
sound on a leg meanwhile.

An answer is only looked at when it means that an event will never come: an agent's leg that could not be
made, a prompt that was not taken. 404 and 409 are everyday life: the leg hung up first, or it exists.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from callcenter.adapters.asterisk.ari.generated import asterisk, bridges, channels, playbacks
from callcenter.adapters.asterisk.ari.generated.objects import Bridge, Channel
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError, Refused, Reply, Request
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.breadcrumbs import variable
from callcenter.adapters.asterisk.bridge_pool import TALK, BridgePool
from callcenter.adapters.asterisk.events import HANG_UP_FOLLOWS, arrival, came_at
from callcenter.adapters.asterisk.outside import OutsideLegs
from callcenter.adapters.asterisk.sounds import Sound, Sounds
from callcenter.adapters.asterisk.trial import is_trial
from callcenter.adapters.asterisk.trunks import Way
from callcenter.core.acd.device import Answering, parse_device
from callcenter.core.calls.effects import (
    AnswerLeg,
    BridgeLegs,
    DialCaller,
    GiveBack,
    HangUpLeg,
    LegEffect,
    Prompt,
    RingAgent,
    RingTone,
    Say,
    StartMusic,
    StopMusic,
    StopSaying,
    TakeMessage,
    TellBusy,
    TurnAway,
    Words,
)
from callcenter.core.errors import NotFound
from callcenter.core.facts.calls import AgentRinging, LegCause, LegEnded, PromptEnded
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import (
    BridgeId,
    CallId,
    LegId,
    PromptId,
    is_called_leg,
    is_offer_leg,
    offer_of,
    prompt_of,
)
from callcenter.core.ivr.announcements import AGENT_ACCEPT, SYSTEM_FLOW
from callcenter.ports.clock import Clock
from callcenter.ports.telephony import SeenLeg, SwitchAway, SwitchPicture

logger = logging.getLogger(__name__)

_UNQUOTABLE = re.compile(r'["\\<>\x00-\x1f]')
_GONE: Final = 404
# Phones know one or the other of these.
_BY_ITSELF: Final = {
    "PJSIP_HEADER(add,Call-Info)": "<sip:callcenter>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)": "<sip:callcenter>;info=alert-autoanswer;delay=0",
}
# Where a caller lands who is called back and has answered.
_CALLED: Final = "called-leg"
# Until it is stopped.
_RING_TONE: Final = "tone:ring"
_NO_CALLER: Final = 400  # to an agent's leg: "Provided originator channel was not found"
# Asterisk ends the ringing itself a little after the engine should have: a bound, not a timer.
_RING_BOUND_SECONDS: Final = 3
# Nobody may hear more than 3 s of silence.
_WORDS_WITHIN: Final = timedelta(seconds=2)

OutsideDial = Callable[[str], Sequence[Way]]


class AriTelephony:
    """The engine's switch: Asterisk by ARI."""

    def __init__(
        self,
        rest: RestSockets,
        http: PooledHttp,
        *,
        clock: Clock,
        deliver: Callable[[Fact], None],
        media: Callable[[Prompt], str],
        words: Callable[[Words], Awaitable[str]],
        outside: OutsideDial,
        region: str,
        longest_call: timedelta,
        app: str = "cc",
        words_within: timedelta = _WORDS_WITHIN,
    ) -> None:
        self.pool = BridgePool()
        self._rest = rest
        self._http = http
        self._clock = clock
        self._deliver = deliver
        self._media = media
        self._words = words
        self._ways = outside
        self.outside = OutsideLegs(self._send, clock=clock, deliver=deliver)
        self._sounds = Sounds(
            speak=self._spoken, begin=self._begin, unsaid=self._never_said, within=words_within
        )
        self._region = region
        self._longest_call = longest_call
        self._app = app
        self._waiting: set[asyncio.Task[None]] = set()

    # -- the port -----------------------------------------------------------------------------

    def perform(self, call: CallId, effects: Sequence[LegEffect]) -> None:
        """See `ports.telephony`."""
        for effect in effects:
            match effect:
                case AnswerLeg(leg=leg):
                    self._send(call, channels.answer(leg))
                case RingAgent() | DialCaller():
                    self._out(call, effect)
                case BridgeLegs():
                    self._bridge(call, effect)
                case HangUpLeg(leg=leg, elsewhere=elsewhere):
                    self.outside.settled(leg)
                    self._sounds.leave(leg)
                    # The phone is told so in a Reason header, and shows no missed call.
                    reason: Any = "answered_elsewhere" if elsewhere else None
                    self._send(leg, channels.hangup(leg, reason=reason))
                case TurnAway(leg=leg, for_good=for_good):
                    # 34: no circuit available, which is 503 in SIP. Carriers try the next route on it.
                    # 21: call rejected, on which they do not.
                    self._send(call, channels.hangup(leg, reason_code="21" if for_good else "34"))
                case GiveBack(leg=leg):
                    self._send_on(call, leg, "fallback")
                case TellBusy(leg=leg):
                    self._send_on(call, leg, "busy")
                case TakeMessage(leg=leg):
                    self._send(call, channels.set_channel_vars(leg, variables=_about(effect)))
                    self._send_on(call, leg, "message")
                case _:
                    self._sound(call, effect)

    def _send_on(self, call: CallId, leg: LegId, context: str) -> None:
        """To what the switch does by itself."""
        self._sounds.leave(leg)
        self._send(
            call, channels.continue_in_dialplan(leg, context=context, extension="s", priority=1)
        )

    def turn_away(self, share: float) -> None:
        """See `ports.telephony`."""
        percent = str(round(100 * share))
        self._send(None, asterisk.set_global_var(variable="CC_TURN_AWAY", value=percent))

    async def picture(self, prompts: Sequence[PromptId]) -> SwitchPicture:
        """See `ports.telephony`."""
        at = self._clock.now()
        try:
            all_legs = await self._http.ask(channels.list_all())
            all_bridges = await self._http.ask(bridges.list_all())
            playing = [prompt for prompt in prompts if await self._is_under_way(prompt)]
        except AriError as error:
            raise SwitchAway(type(error).__name__) from None
        ours = [b for b in all_bridges if b["id"].startswith(TALK)]
        self.pool.learn((BridgeId(b["id"]), [LegId(leg) for leg in b["channels"]]) for b in ours)
        together = _together(ours)
        legs = {
            LegId(leg["id"]): self._seen(leg, together.get(LegId(leg["id"]), frozenset()), at)
            for leg in all_legs
        }
        return SwitchPicture(at, legs, frozenset(playing))

    def ended(self, leg: LegId) -> None:
        """Nobody is there any more to hear what was to sound."""
        self._sounds.leave(leg)

    async def close(self) -> None:
        """Let go of what is still under way."""
        await self.outside.close()
        await self._sounds.close()
        for task in list(self._waiting):
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    # -- effects ------------------------------------------------------------------------------

    def _sound(self, call: CallId, effect: Sound | StopSaying) -> None:
        match effect:
            case Say(id=prompt, prompts=prompts):
                try:
                    media = [self._medium(one) for one in prompts]
                except NotFound:  # never spoken; the call goes on without it
                    self._never_said(call, prompt)
                    return
                self._sounds.add(call, effect, media)
            case StopSaying(id=prompt):
                leg = self._sounds.stop(prompt)
                if leg is None:
                    self._send(call, playbacks.stop(prompt))
                else:
                    self._quiet(call, leg)
            case _:
                self._sounds.add(call, effect)

    def _medium(self, said: Prompt | Words | RingTone) -> str | Words:
        """What plays it; words have to be spoken first."""
        match said:
            case RingTone():
                return _RING_TONE
            case Words():
                return said
            case Prompt():
                return f"sound:{self._media(said)}"

    async def _spoken(self, words: Words) -> str:
        return f"sound:{await self._words(words)}"

    def _begin(self, call: CallId, sound: Sound, media: Sequence[str]) -> None:
        match sound:
            case Say(leg=leg, id=prompt):
                unsaid = PromptEnded(self._clock.now(), call, prompt_of(prompt)[1], played=False)
                self._send(call, channels.play_with_id(leg, prompt, media=list(media)), unsaid)
            case StartMusic(leg=leg, music=music):
                self._send(call, channels.start_moh(leg, moh_class=music))
            case StopMusic(leg=leg):
                self._quiet(call, leg)

    def _never_said(self, call: CallId, prompt: PromptId) -> None:
        self._later(PromptEnded(self._clock.now(), call, prompt_of(prompt)[1], played=False))

    def _quiet(self, call: CallId, leg: LegId) -> None:
        """No music. A prompt that begins takes the line from it; one that never did has not."""
        self._send(call, channels.stop_moh(leg))

    def _out(self, call: CallId, effect: RingAgent | DialCaller) -> None:
        if isinstance(effect, DialCaller):
            self._dial(call, effect)
        else:
            self._ring(call, effect)

    def _ring(self, call: CallId, effect: RingAgent) -> None:
        device = parse_device(effect.device)
        failed = LegEnded(self._clock.now(), call, effect.leg, LegCause.UNREACHABLE)
        by_key = effect.answering is Answering.BY_KEY or device.kind == "tel"
        accept = self._accept(effect.language) if by_key else None
        if by_key and accept is None:
            self._later(failed)
            return
        asked = {} if accept is None else {"CC_ACCEPT": accept}
        if device.kind == "sip":
            # Not `app=`: who answers while we restart would be cut off. The dialplan tries again.
            context = "agent-outside" if by_key else "agent-leg"
            more = {**asked, **_BY_ITSELF} if effect.answering is Answering.BY_ITSELF else asked
            request = self._originate(call, effect, f"PJSIP/{device.address}", context, more)
            self._send(effect.leg, request, failed)
            return
        ways = self._ways(device.address)
        if not ways:
            self._later(failed)
            return
        # A carrier that answers with another number (302) must not bring us a new caller of our own.
        known = {**asked, "FORWARD_CONTEXT": "from-agent"}
        dials = [
            (
                way,
                self._originate(call, effect, way.dial, "agent-outside", {**known, **way.counted}),
            )
            for way in ways
        ]
        # A carrier may take ten seconds to say that it rings, or never say it.
        offer = offer_of(effect.leg)[1]
        rings = AgentRinging(self._clock.now(), call, effect.agent, offer)
        self.outside.dial(effect.leg, effect.caller, dials, rings)

    def _dial(self, call: CallId, effect: DialCaller) -> None:
        """Somebody outside, by the ways that agents' outside numbers are rung."""
        ways = self._ways(effect.number)
        if not ways:
            self._later(LegEnded(self._clock.now(), call, effect.leg, LegCause.UNREACHABLE))
            return
        came = {
            # Of them as of any caller, if the fallback must take them over.
            "CC_DID": effect.shown,
            "CC_SINCE": str(int(effect.since.timestamp())),
            "FORWARD_CONTEXT": "from-agent",
        }
        dials = [
            (way, self._call_out(call, effect, way.dial, {**came, **way.counted})) for way in ways
        ]
        self.outside.dial(effect.leg, effect.beside, dials, None)

    def _call_out(
        self, call: CallId, effect: DialCaller, dial: str, variables: Mapping[str, str]
    ) -> Request[Any]:
        return channels.originate_with_id(
            effect.leg,
            endpoint=dial,
            context=_CALLED,
            extension="s",
            priority=1,
            caller_id=f"<{effect.shown}>",
            timeout=int(effect.ring_for.total_seconds()) + _RING_BOUND_SECONDS,
            originator=effect.beside,
            variables={**self._bounds(call), **variables},
        )

    def _bounds(self, call: CallId) -> Mapping[str, str]:
        """Nobody may stay on the line for ever if we are gone."""
        seconds = int(self._longest_call.total_seconds())
        return {"TIMEOUT(absolute)": str(seconds), "PJSIP_HEADER(add,X-CC-Call)": call}

    def _accept(self, language: str) -> str | None:
        """What asks an agent whether they take the call."""
        try:
            return self._media(Prompt(SYSTEM_FLOW, AGENT_ACCEPT, language))
        except NotFound:
            return None

    def _originate(
        self,
        call: CallId,
        effect: RingAgent,
        dial: str,
        context: str,
        variables: Mapping[str, str] | None = None,
    ) -> Request[Any]:
        return channels.originate_with_id(
            effect.leg,
            endpoint=dial,
            context=context,
            extension="s",
            priority=1,
            caller_id=f'"{_UNQUOTABLE.sub("", effect.name)}" <{effect.ani}>',
            timeout=int(effect.ring_for.total_seconds()) + _RING_BOUND_SECONDS,
            originator=effect.caller,
            variables={"CC_AGENT": effect.agent, **self._bounds(call), **(variables or {})},
        )

    def _bridge(self, call: CallId, effect: BridgeLegs) -> None:
        for leg in effect.legs:
            self.outside.settled(leg)  # Whoever has answered is not dialled again.
            if self._sounds.leave(leg):
                self._quiet(call, leg)
        bridge, make = self.pool.take(effect.legs)
        requests: list[Request[Any]] = [
            *([bridges.create_with_id(bridge, type="mixing")] if make else []),
            bridges.add_channel(bridge, channel=list(effect.legs)),
        ]

        def judge(reply: Reply[Any]) -> None:
            if reply.status != _GONE:
                return
            self.pool.lost(bridge)
            if not make:  # one that we had taken for ours: they get another, made for them
                self._bridge(call, effect)

        if effect.busy:
            self._wait_for(requests, judge)
            return
        for request in requests:
            self._send(call, request, judge=judge)

    # -- sending ------------------------------------------------------------------------------

    def _send(
        self,
        key: CallId | LegId | None,
        request: Request[Any],
        if_refused: Fact | None = None,
        if_taken: Fact | None = None,
        judge: Callable[[Reply[Any]], None] | None = None,
    ) -> asyncio.Future[Reply[Any]]:
        """Put a command on its way, behind what was sent under the same key; the facts are what has
        happened once it is answered. `judge` looks at the answer itself."""
        answer = self._rest.send(request, key=key)
        answer.add_done_callback(
            lambda done: self._answered(request, done, if_refused, if_taken, judge)
        )
        return answer

    def _answered(
        self,
        request: Request[Any],
        done: asyncio.Future[Reply[Any]],
        if_refused: Fact | None,
        if_taken: Fact | None,
        judge: Callable[[Reply[Any]], None] | None,
    ) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            # Not a failure yet: it may have been carried out. Leases and reconciling find out.
            logger.info("command unanswered", extra={"why": type(error).__name__})
            return
        reply = done.result()
        if judge is not None:
            judge(reply)
        if reply.taken:
            if if_taken is not None:
                self._deliver(if_taken)
            return
        if reply.status != _GONE:
            logger.info("command refused", extra={"status": reply.status, "method": request.method})
        if if_refused is None:
            return
        if reply.status in (_GONE, _NO_CALLER):
            # The caller has hung up, which we are about to hear: told at once, this would be taken for
            # a fault of the prompt, or of an agent who then rests.
            loop = asyncio.get_running_loop()
            loop.call_later(HANG_UP_FOLLOWS.total_seconds(), self._deliver, if_refused)
        else:
            self._deliver(if_refused)

    def _later(self, fact: Fact) -> None:
        asyncio.get_running_loop().call_soon(self._deliver, fact)

    def _wait_for(
        self, requests: Sequence[Request[Any]], judge: Callable[[Reply[Any]], None]
    ) -> None:
        task = asyncio.get_running_loop().create_task(self._in_turn(requests, judge))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _in_turn(
        self, requests: Sequence[Request[Any]], judge: Callable[[Reply[Any]], None]
    ) -> None:
        for request in requests:
            try:
                judge(await self._http.send(request))
            except AriError as error:
                logger.info("command unanswered", extra={"why": type(error).__name__})

    # -- looking ------------------------------------------------------------------------------

    async def _is_under_way(self, prompt: PromptId) -> bool:
        if self._sounds.is_waiting(prompt):
            return True
        try:
            await self._http.ask(playbacks.get(prompt))
        except Refused as refused:
            if refused.status == _GONE:
                return False
            raise
        return True

    def _seen(self, leg: Channel, together: frozenset[LegId], at: datetime) -> SeenLeg:
        leg_id = LegId(leg["id"])
        place = leg["dialplan"]
        inside = place.get("app_name") == "Stasis" and str(place.get("app_data", "")).startswith(
            f"{self._app},"
        )
        arrived, is_called = None, is_called_leg(leg_id)
        ours = is_offer_leg(leg_id) or is_trial(leg_id) or is_called
        if inside and not ours:
            came = came_at(leg, at)
            arrived = arrival(leg, variable(leg, "CC_DID"), came, self._region)
        is_up = leg["state"] == "Up"
        has_left = is_called and is_up and not inside and place["context"] != _CALLED
        return SeenLeg(leg_id, inside and is_up, arrived, together, has_left)


def _about(message: TakeMessage) -> dict[str, str]:
    """What the dialplan is to know of a message: how long it may be, and what its file is called."""
    return {
        "CC_LONGEST": str(int(message.longest.total_seconds())),
        "CC_ABOUT": f"_{message.queue or ''}_{message.language}",
    }


def _together(all_bridges: Sequence[Bridge]) -> Mapping[LegId, frozenset[LegId]]:
    found: dict[LegId, frozenset[LegId]] = {}
    for bridge in all_bridges:
        legs = frozenset(LegId(leg) for leg in bridge["channels"])
        for leg in legs:
            found[leg] = legs - {leg}
    return found
