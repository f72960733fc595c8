"""What a queue's rules may be. The one table that forms, API and store go by."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from callcenter.core.acd.queue import QueueRules
from callcenter.core.reading import Problem
from callcenter.services.refusing import invalid, out_of_range

SECONDS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "ring_for": (3, 120),
        "wrap_up": (0, 3600),
        "announce_first": (1, 600),
        "announce_every": (10, 3600),
        # Nobody may hear more than 3 s of silence: music comes before that.
        "quiet_for": (0, 2.5),
        "service_level_within": (1, 3600),
        "tier_for": (1, 3600),
        "head_start": (-86_400, 86_400),
        # Not 0: a phone that refuses at once would be rung again at once.
        "rest_no_answer": (1, 600),
        "rest_rejected": (1, 600),
        "rest_unreachable": (1, 600),
        "known_for": (0, 600),
        "known_within": (3_600, 366 * 86_400),
        "resume_within": (0, 3_600),
    }
)
"""Least and most, in seconds."""

MISSES: Final = (1, 100)
MUSIC: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def rule_problems(rules: QueueRules) -> Iterator[Problem]:
    """The values that cannot be."""
    for name, (least, most) in SECONDS.items():
        value = getattr(rules, name)
        if value is not None:
            yield from out_of_range((f"{name}_seconds",), value.total_seconds(), least, most)
    yield from out_of_range(("misses_allowed",), rules.misses_allowed, *MISSES)
    if not MUSIC.fullmatch(rules.music):
        yield invalid(
            ("music",),
            "use 1 to 40 of a-z, 0-9, - and _, such as default",
            "请使用 1 到 40 个 a-z、0-9、- 和 _，例如 default",
        )
