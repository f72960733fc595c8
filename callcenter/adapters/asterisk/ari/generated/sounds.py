"""Requests to /sounds.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from callcenter.adapters.asterisk.ari.generated.objects import (
    Sound,
)
from callcenter.adapters.asterisk.ari.request import Request, query, segment


def list_all(*, lang: str | None = None, format: str | None = None) -> Request[list[Sound]]:
    return Request("GET", "sounds", query(("lang", lang), ("format", format)))


def get(sound_id: str) -> Request[Sound]:
    return Request("GET", f"sounds/{segment(sound_id)}")
