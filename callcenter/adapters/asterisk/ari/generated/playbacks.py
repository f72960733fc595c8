"""Requests to /playbacks.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from typing import Literal

from callcenter.adapters.asterisk.ari.generated.objects import (
    Playback,
)
from callcenter.adapters.asterisk.ari.request import Request, query, segment


def get(playback_id: str) -> Request[Playback]:
    return Request("GET", f"playbacks/{segment(playback_id)}")


def stop(playback_id: str) -> Request[None]:
    return Request("DELETE", f"playbacks/{segment(playback_id)}")


def control(
    playback_id: str, *, operation: Literal["restart", "pause", "unpause", "reverse", "forward"]
) -> Request[None]:
    return Request(
        "POST", f"playbacks/{segment(playback_id)}/control", query(("operation", operation))
    )
