"""Requests to /deviceStates.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from typing import Literal

from callcenter.adapters.asterisk.ari.generated.objects import (
    DeviceState,
)
from callcenter.adapters.asterisk.ari.request import Request, query, segment


def list_all() -> Request[list[DeviceState]]:
    return Request("GET", "deviceStates")


def get(device_name: str) -> Request[DeviceState]:
    return Request("GET", f"deviceStates/{segment(device_name)}")


def update(
    device_name: str,
    *,
    device_state: Literal[
        "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD"
    ],
) -> Request[None]:
    return Request(
        "PUT", f"deviceStates/{segment(device_name)}", query(("deviceState", device_state))
    )


def delete(device_name: str) -> Request[None]:
    return Request("DELETE", f"deviceStates/{segment(device_name)}")
