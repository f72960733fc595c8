"""Requests to /mailboxes.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from callcenter.adapters.asterisk.ari.generated.objects import (
    Mailbox,
)
from callcenter.adapters.asterisk.ari.request import Request, query, segment


def list_all() -> Request[list[Mailbox]]:
    return Request("GET", "mailboxes")


def get(mailbox_name: str) -> Request[Mailbox]:
    return Request("GET", f"mailboxes/{segment(mailbox_name)}")


def update(mailbox_name: str, *, old_messages: int, new_messages: int) -> Request[None]:
    return Request(
        "PUT",
        f"mailboxes/{segment(mailbox_name)}",
        query(("oldMessages", old_messages), ("newMessages", new_messages)),
    )


def delete(mailbox_name: str) -> Request[None]:
    return Request("DELETE", f"mailboxes/{segment(mailbox_name)}")
