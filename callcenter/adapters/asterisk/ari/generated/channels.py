"""Requests to /channels.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from callcenter.adapters.asterisk.ari.generated.objects import (
    Channel,
    LiveRecording,
    Playback,
    RTPstat,
    Variable,
    Variables,
)
from callcenter.adapters.asterisk.ari.request import Request, Vars, body, query, segment


def list_all() -> Request[list[Channel]]:
    return Request("GET", "channels")


def originate(
    *,
    endpoint: str,
    extension: str | None = None,
    context: str | None = None,
    priority: int | None = None,
    label: str | None = None,
    app: str | None = None,
    app_args: str | None = None,
    caller_id: str | None = None,
    timeout: int | None = None,
    variables: Vars | None = None,
    channel_id: str | None = None,
    other_channel_id: str | None = None,
    originator: str | None = None,
    formats: str | None = None,
) -> Request[Channel]:
    return Request(
        "POST",
        "channels",
        query(
            ("endpoint", endpoint),
            ("extension", extension),
            ("context", context),
            ("priority", priority),
            ("label", label),
            ("app", app),
            ("appArgs", app_args),
            ("callerId", caller_id),
            ("timeout", timeout),
            ("channelId", channel_id),
            ("otherChannelId", other_channel_id),
            ("originator", originator),
            ("formats", formats),
        ),
        body("variables", variables),
    )


def create(
    *,
    endpoint: str,
    app: str,
    app_args: str | None = None,
    channel_id: str | None = None,
    other_channel_id: str | None = None,
    originator: str | None = None,
    formats: str | None = None,
    variables: Vars | None = None,
) -> Request[Channel]:
    return Request(
        "POST",
        "channels/create",
        query(
            ("endpoint", endpoint),
            ("app", app),
            ("appArgs", app_args),
            ("channelId", channel_id),
            ("otherChannelId", other_channel_id),
            ("originator", originator),
            ("formats", formats),
        ),
        body("variables", variables),
    )


def get(channel_id: str) -> Request[Channel]:
    return Request("GET", f"channels/{segment(channel_id)}")


def originate_with_id(
    channel_id: str,
    *,
    endpoint: str,
    extension: str | None = None,
    context: str | None = None,
    priority: int | None = None,
    label: str | None = None,
    app: str | None = None,
    app_args: str | None = None,
    caller_id: str | None = None,
    timeout: int | None = None,
    variables: Vars | None = None,
    other_channel_id: str | None = None,
    originator: str | None = None,
    formats: str | None = None,
) -> Request[Channel]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}",
        query(
            ("endpoint", endpoint),
            ("extension", extension),
            ("context", context),
            ("priority", priority),
            ("label", label),
            ("app", app),
            ("appArgs", app_args),
            ("callerId", caller_id),
            ("timeout", timeout),
            ("otherChannelId", other_channel_id),
            ("originator", originator),
            ("formats", formats),
        ),
        body("variables", variables),
    )


def hangup(
    channel_id: str,
    *,
    reason_code: str | None = None,
    reason: Literal[
        "normal",
        "busy",
        "congestion",
        "no_answer",
        "timeout",
        "rejected",
        "unallocated",
        "normal_unspecified",
        "number_incomplete",
        "codec_mismatch",
        "interworking",
        "failure",
        "answered_elsewhere",
    ]
    | None = None,
) -> Request[None]:
    return Request(
        "DELETE",
        f"channels/{segment(channel_id)}",
        query(("reason_code", reason_code), ("reason", reason)),
    )


def continue_in_dialplan(
    channel_id: str,
    *,
    context: str | None = None,
    extension: str | None = None,
    priority: int | None = None,
    label: str | None = None,
) -> Request[None]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/continue",
        query(
            ("context", context), ("extension", extension), ("priority", priority), ("label", label)
        ),
    )


def move(channel_id: str, *, app: str, app_args: str | None = None) -> Request[None]:
    return Request(
        "POST", f"channels/{segment(channel_id)}/move", query(("app", app), ("appArgs", app_args))
    )


def redirect(channel_id: str, *, endpoint: str) -> Request[None]:
    return Request(
        "POST", f"channels/{segment(channel_id)}/redirect", query(("endpoint", endpoint))
    )


def answer(channel_id: str) -> Request[None]:
    return Request("POST", f"channels/{segment(channel_id)}/answer")


def ring(channel_id: str) -> Request[None]:
    return Request("POST", f"channels/{segment(channel_id)}/ring")


def ring_stop(channel_id: str) -> Request[None]:
    return Request("DELETE", f"channels/{segment(channel_id)}/ring")


def progress(channel_id: str) -> Request[None]:
    return Request("POST", f"channels/{segment(channel_id)}/progress")


def send_dtmf(
    channel_id: str,
    *,
    dtmf: str | None = None,
    before: int | None = None,
    between: int | None = None,
    duration: int | None = None,
    after: int | None = None,
) -> Request[None]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/dtmf",
        query(
            ("dtmf", dtmf),
            ("before", before),
            ("between", between),
            ("duration", duration),
            ("after", after),
        ),
    )


def mute(
    channel_id: str, *, direction: Literal["both", "in", "out"] | None = None
) -> Request[None]:
    return Request("POST", f"channels/{segment(channel_id)}/mute", query(("direction", direction)))


def unmute(
    channel_id: str, *, direction: Literal["both", "in", "out"] | None = None
) -> Request[None]:
    return Request(
        "DELETE", f"channels/{segment(channel_id)}/mute", query(("direction", direction))
    )


def hold(channel_id: str) -> Request[None]:
    return Request("POST", f"channels/{segment(channel_id)}/hold")


def unhold(channel_id: str) -> Request[None]:
    return Request("DELETE", f"channels/{segment(channel_id)}/hold")


def start_moh(channel_id: str, *, moh_class: str | None = None) -> Request[None]:
    return Request("POST", f"channels/{segment(channel_id)}/moh", query(("mohClass", moh_class)))


def stop_moh(channel_id: str) -> Request[None]:
    return Request("DELETE", f"channels/{segment(channel_id)}/moh")


def start_silence(channel_id: str) -> Request[None]:
    return Request("POST", f"channels/{segment(channel_id)}/silence")


def stop_silence(channel_id: str) -> Request[None]:
    return Request("DELETE", f"channels/{segment(channel_id)}/silence")


def play(
    channel_id: str,
    *,
    media: Sequence[str],
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
    playback_id: str | None = None,
) -> Request[Playback]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/play",
        query(
            ("media", media),
            ("lang", lang),
            ("offsetms", offsetms),
            ("skipms", skipms),
            ("playbackId", playback_id),
        ),
    )


def play_with_id(
    channel_id: str,
    playback_id: str,
    *,
    media: Sequence[str],
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
) -> Request[Playback]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/play/{segment(playback_id)}",
        query(("media", media), ("lang", lang), ("offsetms", offsetms), ("skipms", skipms)),
    )


def record(
    channel_id: str,
    *,
    name: str,
    format: str,
    max_duration_seconds: int | None = None,
    max_silence_seconds: int | None = None,
    if_exists: Literal["fail", "overwrite", "append"] | None = None,
    beep: bool | None = None,
    terminate_on: Literal["none", "any", "*", "#"] | None = None,
) -> Request[LiveRecording]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/record",
        query(
            ("name", name),
            ("format", format),
            ("maxDurationSeconds", max_duration_seconds),
            ("maxSilenceSeconds", max_silence_seconds),
            ("ifExists", if_exists),
            ("beep", beep),
            ("terminateOn", terminate_on),
        ),
    )


def get_channel_var(channel_id: str, *, variable: str) -> Request[Variable]:
    return Request("GET", f"channels/{segment(channel_id)}/variable", query(("variable", variable)))


def set_channel_var(
    channel_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
) -> Request[None]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/variable",
        query(("variable", variable), ("value", value), ("report_events", report_events)),
    )


def get_channel_vars(channel_id: str, *, variables: Sequence[str]) -> Request[Variables]:
    return Request(
        "GET", f"channels/{segment(channel_id)}/variables", query(("variables", variables))
    )


def set_channel_vars(channel_id: str, *, variables: Vars) -> Request[None]:
    return Request(
        "POST", f"channels/{segment(channel_id)}/variables", (), body("variables", variables)
    )


def snoop_channel(
    channel_id: str,
    *,
    app: str,
    spy: Literal["none", "both", "out", "in"] | None = None,
    whisper: Literal["none", "both", "out", "in"] | None = None,
    app_args: str | None = None,
    snoop_id: str | None = None,
) -> Request[Channel]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/snoop",
        query(
            ("app", app),
            ("spy", spy),
            ("whisper", whisper),
            ("appArgs", app_args),
            ("snoopId", snoop_id),
        ),
    )


def snoop_channel_with_id(
    channel_id: str,
    snoop_id: str,
    *,
    app: str,
    spy: Literal["none", "both", "out", "in"] | None = None,
    whisper: Literal["none", "both", "out", "in"] | None = None,
    app_args: str | None = None,
) -> Request[Channel]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/snoop/{segment(snoop_id)}",
        query(("app", app), ("spy", spy), ("whisper", whisper), ("appArgs", app_args)),
    )


def dial(
    channel_id: str, *, caller: str | None = None, timeout: int | None = None
) -> Request[None]:
    return Request(
        "POST",
        f"channels/{segment(channel_id)}/dial",
        query(("caller", caller), ("timeout", timeout)),
    )


def rtpstatistics(channel_id: str) -> Request[RTPstat]:
    return Request("GET", f"channels/{segment(channel_id)}/rtp_statistics")


def external_media(
    *,
    app: str,
    format: str,
    channel_id: str | None = None,
    variables: Vars | None = None,
    external_host: str | None = None,
    encapsulation: Literal["rtp", "audiosocket", "none"] | None = None,
    transport: Literal["udp", "tcp", "websocket"] | None = None,
    connection_type: Literal["client", "server"] | None = None,
    direction: Literal["both"] | None = None,
    data: str | None = None,
    transport_data: str | None = None,
) -> Request[Channel]:
    return Request(
        "POST",
        "channels/externalMedia",
        query(
            ("app", app),
            ("format", format),
            ("channelId", channel_id),
            ("external_host", external_host),
            ("encapsulation", encapsulation),
            ("transport", transport),
            ("connection_type", connection_type),
            ("direction", direction),
            ("data", data),
            ("transport_data", transport_data),
        ),
        body("variables", variables),
    )


def transfer_progress(channel_id: str, *, states: str) -> Request[None]:
    return Request(
        "POST", f"channels/{segment(channel_id)}/transfer_progress", query(("states", states))
    )
