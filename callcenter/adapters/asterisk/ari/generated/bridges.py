"""Requests to /bridges.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from callcenter.adapters.asterisk.ari.generated.objects import (
    Bridge,
    LiveRecording,
    Playback,
    Variable,
    Variables,
)
from callcenter.adapters.asterisk.ari.request import Request, Vars, body, query, segment


def list_all() -> Request[list[Bridge]]:
    return Request("GET", "bridges")


def create(
    *,
    type: str | None = None,
    bridge_id: str | None = None,
    name: str | None = None,
    variables: Vars | None = None,
) -> Request[Bridge]:
    return Request(
        "POST",
        "bridges",
        query(("type", type), ("bridgeId", bridge_id), ("name", name)),
        body("variables", variables),
    )


def create_with_id(
    bridge_id: str,
    *,
    type: str | None = None,
    name: str | None = None,
    variables: Vars | None = None,
) -> Request[Bridge]:
    return Request(
        "POST",
        f"bridges/{segment(bridge_id)}",
        query(("type", type), ("name", name)),
        body("variables", variables),
    )


def get(bridge_id: str) -> Request[Bridge]:
    return Request("GET", f"bridges/{segment(bridge_id)}")


def destroy(bridge_id: str) -> Request[None]:
    return Request("DELETE", f"bridges/{segment(bridge_id)}")


def get_bridge_var(bridge_id: str, *, variable: str) -> Request[Variable]:
    return Request("GET", f"bridges/{segment(bridge_id)}/variable", query(("variable", variable)))


def set_bridge_var(
    bridge_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
) -> Request[None]:
    return Request(
        "POST",
        f"bridges/{segment(bridge_id)}/variable",
        query(("variable", variable), ("value", value), ("report_events", report_events)),
    )


def get_bridge_vars(bridge_id: str, *, variables: Sequence[str]) -> Request[Variables]:
    return Request(
        "GET", f"bridges/{segment(bridge_id)}/variables", query(("variables", variables))
    )


def set_bridge_vars(bridge_id: str, *, variables: Vars) -> Request[None]:
    return Request(
        "POST", f"bridges/{segment(bridge_id)}/variables", (), body("variables", variables)
    )


def add_channel(
    bridge_id: str,
    *,
    channel: Sequence[str],
    role: str | None = None,
    absorb_dtmf: bool | None = None,
    mute: bool | None = None,
    inhibit_connected_line_updates: bool | None = None,
) -> Request[None]:
    return Request(
        "POST",
        f"bridges/{segment(bridge_id)}/addChannel",
        query(
            ("channel", channel),
            ("role", role),
            ("absorbDTMF", absorb_dtmf),
            ("mute", mute),
            ("inhibitConnectedLineUpdates", inhibit_connected_line_updates),
        ),
    )


def remove_channel(bridge_id: str, *, channel: Sequence[str]) -> Request[None]:
    return Request(
        "POST", f"bridges/{segment(bridge_id)}/removeChannel", query(("channel", channel))
    )


def set_video_source(bridge_id: str, channel_id: str) -> Request[None]:
    return Request("POST", f"bridges/{segment(bridge_id)}/videoSource/{segment(channel_id)}")


def clear_video_source(bridge_id: str) -> Request[None]:
    return Request("DELETE", f"bridges/{segment(bridge_id)}/videoSource")


def start_moh(bridge_id: str, *, moh_class: str | None = None) -> Request[None]:
    return Request("POST", f"bridges/{segment(bridge_id)}/moh", query(("mohClass", moh_class)))


def stop_moh(bridge_id: str) -> Request[None]:
    return Request("DELETE", f"bridges/{segment(bridge_id)}/moh")


def play(
    bridge_id: str,
    *,
    media: Sequence[str],
    announcer_format: str | None = None,
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
    playback_id: str | None = None,
) -> Request[Playback]:
    return Request(
        "POST",
        f"bridges/{segment(bridge_id)}/play",
        query(
            ("media", media),
            ("announcer_format", announcer_format),
            ("lang", lang),
            ("offsetms", offsetms),
            ("skipms", skipms),
            ("playbackId", playback_id),
        ),
    )


def play_with_id(
    bridge_id: str,
    playback_id: str,
    *,
    media: Sequence[str],
    announcer_format: str | None = None,
    lang: str | None = None,
    offsetms: int | None = None,
    skipms: int | None = None,
) -> Request[Playback]:
    return Request(
        "POST",
        f"bridges/{segment(bridge_id)}/play/{segment(playback_id)}",
        query(
            ("media", media),
            ("announcer_format", announcer_format),
            ("lang", lang),
            ("offsetms", offsetms),
            ("skipms", skipms),
        ),
    )


def record(
    bridge_id: str,
    *,
    name: str,
    format: str,
    recorder_format: str | None = None,
    max_duration_seconds: int | None = None,
    max_silence_seconds: int | None = None,
    if_exists: Literal["fail", "overwrite", "append"] | None = None,
    beep: bool | None = None,
    terminate_on: Literal["none", "any", "*", "#"] | None = None,
) -> Request[LiveRecording]:
    return Request(
        "POST",
        f"bridges/{segment(bridge_id)}/record",
        query(
            ("name", name),
            ("format", format),
            ("recorder_format", recorder_format),
            ("maxDurationSeconds", max_duration_seconds),
            ("maxSilenceSeconds", max_silence_seconds),
            ("ifExists", if_exists),
            ("beep", beep),
            ("terminateOn", terminate_on),
        ),
    )
