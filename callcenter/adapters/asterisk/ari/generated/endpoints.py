"""Requests to /endpoints.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from callcenter.adapters.asterisk.ari.generated.objects import (
    Endpoint,
)
from callcenter.adapters.asterisk.ari.request import Request, Vars, body, query, segment


def list_all() -> Request[list[Endpoint]]:
    return Request("GET", "endpoints")


def send_message(
    *, to: str, from_: str, body_: str | None = None, variables: Vars | None = None
) -> Request[None]:
    return Request(
        "PUT",
        "endpoints/sendMessage",
        query(("to", to), ("from", from_), ("body", body_)),
        body("variables", variables),
    )


def refer(
    *,
    to: str,
    from_: str,
    refer_to: str,
    to_self: bool | None = None,
    variables: Vars | None = None,
) -> Request[None]:
    return Request(
        "POST",
        "endpoints/refer",
        query(("to", to), ("from", from_), ("refer_to", refer_to), ("to_self", to_self)),
        body("variables", variables),
    )


def list_by_tech(tech: str) -> Request[list[Endpoint]]:
    return Request("GET", f"endpoints/{segment(tech)}")


def get(tech: str, resource: str) -> Request[Endpoint]:
    return Request("GET", f"endpoints/{segment(tech)}/{segment(resource)}")


def send_message_to_endpoint(
    tech: str, resource: str, *, from_: str, body_: str | None = None, variables: Vars | None = None
) -> Request[None]:
    return Request(
        "PUT",
        f"endpoints/{segment(tech)}/{segment(resource)}/sendMessage",
        query(("from", from_), ("body", body_)),
        body("variables", variables),
    )


def refer_to_endpoint(
    tech: str,
    resource: str,
    *,
    from_: str,
    refer_to: str,
    to_self: bool | None = None,
    variables: Vars | None = None,
) -> Request[None]:
    return Request(
        "POST",
        f"endpoints/{segment(tech)}/{segment(resource)}/refer",
        query(("from", from_), ("refer_to", refer_to), ("to_self", to_self)),
        body("variables", variables),
    )
