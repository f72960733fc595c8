"""All tables together: importing this fills `schema.metadata`, which migrations are compared with."""

from callcenter.adapters.db import (
    accounts,
    agents,
    callers,
    calls,
    changes,
    codes,
    config_versions,
    do_not_call,
    facts,
    lease,
    messages,
    missed,
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
    "changes",
    "codes",
    "config_versions",
    "do_not_call",
    "facts",
    "lease",
    "messages",
    "metadata",
    "missed",
    "numbers",
    "queues",
    "skills",
    "spans",
]
