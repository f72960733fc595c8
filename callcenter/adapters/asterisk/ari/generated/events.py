"""Requests to /events.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from callcenter.adapters.asterisk.ari.request import Request, Vars, body, query, segment


def user_event(
    event_name: str,
    *,
    application: str,
    source: Sequence[str] | None = None,
    variables: Vars | None = None,
) -> Request[None]:
    return Request(
        "POST",
        f"events/user/{segment(event_name)}",
        query(("application", application), ("source", source)),
        body("variables", variables),
    )


def claim_channel(*, channel_id: str, application: str) -> Request[None]:
    return Request(
        "POST", "events/claim", query(("channelId", channel_id), ("application", application))
    )
