"""Who goes first where processors are short: the switch, since a packet that leaves late is a gap in what
people hear; then the engine at work; then the one that stands by, which is no help before it is loaded.

Going before others takes root's right or a limit that allows it (RLIMIT_NICE). Who has neither
keeps the place that everybody has.
"""

import os
from enum import IntEnum
from pathlib import Path


class Precedence(IntEnum):
    """Places as `nice` counts them: -20 goes first, 19 last."""

    SWITCH = -11
    """And telephones that we play ourselves: others' are on machines of their own."""
    AT_WORK = -10
    STANDING_BY = -5
    USUAL = 0


def take(place: Precedence, leader: int | None = None) -> None:
    """Give a process its place, with the group and the session that it is in; None is this process."""
    process = os.getpid() if leader is None else leader
    try:
        os.setpriority(os.PRIO_PGRP, os.getpgid(process), place)
        # Linux shares processors out among sessions first: niceness counts only within one's own, and
        # each session has one of its own (sched(7), "The autogroup feature").
        Path(f"/proc/{process}/autogroup").write_text(f"{place:d}")
    except OSError:  # Not allowed, no such thing here, or gone.
        return
