"""The switch's events as facts: one pure function, from JSON to what happened.

Two events may say that one leg is gone (it left us, it was destroyed): both become `LegEnded`, and the
second is late. What a caller's network put into names and numbers is made harmless here, once.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from callcenter.adapters.asterisk.ari.generated.messages import (
    AnyEvent,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelStateChange,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from callcenter.adapters.asterisk.ari.generated.objects import Channel
from callcenter.adapters.asterisk.breadcrumbs import variable
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentRinging,
    CallArrived,
    CallerAnswered,
    DigitPressed,
    LegCause,
    LegEnded,
    PromptEnded,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import (
    AgentId,
    LegId,
    PromptId,
    attempt_of,
    call_of,
    is_called_leg,
    is_offer_leg,
    offer_of,
    prompt_of,
)
from callcenter.core.numbers import ANONYMOUS, clean_name, normalise

# Q.850 causes as Asterisk derives them from SIP answers (486, 603, 408/480, 404 …). What is not
# listed is a leg that could not be reached or broke down.
CAUSES: Final[Mapping[int, LegCause]] = {
    16: LegCause.NORMAL,
    17: LegCause.BUSY,
    18: LegCause.NO_ANSWER,
    19: LegCause.NO_ANSWER,
    21: LegCause.REJECTED,
    # We gave up ringing ourselves, or somebody else answered.
    26: LegCause.NORMAL,
    31: LegCause.NORMAL,
}

# How long after a prompt that broke off we may learn that the caller has hung up. Whoever is still
# there then is spoken to again: well under the silence that anybody minds.
HANG_UP_FOLLOWS: Final = timedelta(milliseconds=500)

_SAME_ARRIVAL: Final = timedelta(seconds=3)
"""From a leg's making to the dialplan's first step."""


def fact_of(event: AnyEvent, at: datetime, region: str) -> Fact | None:
    """What happened, or None when it does not concern a call.

    `region` is the country whose way of writing numbers callers and carriers use.
    """
    translate = _TRANSLATIONS.get(event["type"])
    return translate(event, at, region) if translate else None


def arrival(channel: Channel, dialled: str, at: datetime, region: str) -> CallArrived:
    """A caller, from the leg that brought them."""
    leg = LegId(channel["id"])
    ani = normalise(channel["caller"]["number"], region)
    name = clean_name(channel["caller"]["name"])
    if variable(channel, "CC_PRES").startswith("prohib"):
        # A carrier that we trust tells who is calling even if the caller asked that nobody be told.
        ani, name = ANONYMOUS, ""
    diverted = variable(channel, "CC_RDNIS")
    first = normalise(diverted, region) if diverted else ""
    dnis = normalise(dialled, region)
    return CallArrived(at, call_of(leg), leg, ani, dnis, name, first_dialled=first)


def _started(event: StasisStart, at: datetime, region: str) -> Fact | None:
    channel = event["channel"]
    match event["args"]:
        case ["inbound", dialled]:
            return arrival(channel, dialled, at, region)
        case ["agent", agent] if is_offer_leg(LegId(channel["id"])):
            call, offer = offer_of(LegId(channel["id"]))
            return AgentAnswered(at, call, AgentId(agent), offer)
        case ["called"] if is_called_leg(LegId(channel["id"])):
            return CallerAnswered(at, *attempt_of(LegId(channel["id"])))
        case ["adopt-pull" | "adopt-push"]:
            known = arrival(channel, variable(channel, "CC_DID"), at, region)
            return replace(known, since=came_at(channel, at))
        case _:
            return None


def came_at(channel: Channel, now: datetime) -> datetime:
    """When a caller came to the switch, as the dialplan wrote it down. It knows whole seconds only, in
    which many may come: within them, when the switch made the leg."""
    epoch = variable(channel, "CC_SINCE")
    if not epoch.isdecimal():
        return now
    came = datetime.fromtimestamp(int(epoch), UTC)
    made = datetime.fromisoformat(channel["creationtime"])
    return min(made if abs(made - came) < _SAME_ARRIVAL else came, now)


def _state(event: ChannelStateChange, at: datetime, region: str) -> Fact | None:
    channel = event["channel"]
    leg = LegId(channel["id"])
    if channel["state"] != "Ringing" or not is_offer_leg(leg):
        return None
    call, offer = offer_of(leg)
    return AgentRinging(at, call, AgentId(variable(channel, "CC_AGENT")), offer)


def _digit(event: ChannelDtmfReceived, at: datetime, region: str) -> Fact | None:
    leg = LegId(event["channel"]["id"])
    return None if is_offer_leg(leg) else DigitPressed(at, call_of(leg), leg, event["digit"])


def _played(event: PlaybackFinished, at: datetime, region: str) -> Fact | None:
    playback = event["playback"]
    try:
        call, number = prompt_of(PromptId(playback["id"]))
    except ValueError:
        return None
    return PromptEnded(at, call, number, playback["state"] != "failed")


def _left(event: StasisEnd, at: datetime, region: str) -> Fact | None:
    leg = LegId(event["channel"]["id"])
    return LegEnded(at, call_of(leg), leg, LegCause.NORMAL)


def _destroyed(event: ChannelDestroyed, at: datetime, region: str) -> Fact | None:
    leg = LegId(event["channel"]["id"])
    return LegEnded(at, call_of(leg), leg, CAUSES.get(event["cause"], LegCause.UNREACHABLE))


# Each function takes exactly the event it is listed under.
_TRANSLATIONS: Final[Mapping[str, Callable[[Any, datetime, str], Fact | None]]] = {
    "StasisStart": _started,
    "ChannelStateChange": _state,
    "ChannelDtmfReceived": _digit,
    "PlaybackFinished": _played,
    "StasisEnd": _left,
    "ChannelDestroyed": _destroyed,
}
