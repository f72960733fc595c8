"""All tables together: importing this fills `schema.metadata`, which migrations are compared with."""

from callcenter.adapters.db import (
    accounts,
    agents,
    callers,
    calls,
    config_versions,
    facts,
    lease,
    messages,
    numbers,
    queues,
    skills,
    spans,
)
from callcenter.adapters.db.schema import metadata

__all__ = [
    "accounts",
    "agents",
    "callers",
    "calls",
    "config_versions",
    "facts",
    "lease",
    "messages",
    "metadata",
    "numbers",
    "queues",
    "skills",
    "spans",
]
