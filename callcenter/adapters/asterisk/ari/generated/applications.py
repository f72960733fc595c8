"""Requests to /applications.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callcenter.adapters.asterisk.ari.generated.objects import (
    Application,
)
from callcenter.adapters.asterisk.ari.request import Request, query, segment


def list_all() -> Request[list[Application]]:
    return Request("GET", "applications")


def get(application_name: str) -> Request[Application]:
    return Request("GET", f"applications/{segment(application_name)}")


def subscribe(application_name: str, *, event_source: Sequence[str]) -> Request[Application]:
    return Request(
        "POST",
        f"applications/{segment(application_name)}/subscription",
        query(("eventSource", event_source)),
    )


def unsubscribe(application_name: str, *, event_source: Sequence[str]) -> Request[Application]:
    return Request(
        "DELETE",
        f"applications/{segment(application_name)}/subscription",
        query(("eventSource", event_source)),
    )


def filter(
    application_name: str, *, filter: Mapping[str, object] | None = None
) -> Request[Application]:
    return Request("PUT", f"applications/{segment(application_name)}/eventFilter", (), filter)
