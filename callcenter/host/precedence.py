"""Who goes first where processors are short: the switch, since a packet that leaves late is a gap in what
people hear; then the engine at work; last an engine that stands by, since nobody waits for it.

Going before others takes root's right or a limit that allows it (RLIMIT_NICE). Who has neither
keeps the place that everybody has.
"""

import contextlib
import os
from enum import IntEnum


class Precedence(IntEnum):
    """Places as `nice` counts them: -20 goes first, 19 last."""

    SWITCH = -11
    AT_WORK = -10
    USUAL = 0
    STANDING_BY = 10


def take(place: Precedence) -> None:
    """Give this thread, and every one that it starts from now on, its place."""
    with contextlib.suppress(PermissionError):
        # Nobody steps back who could not step forward again.
        os.setpriority(os.PRIO_PROCESS, 0, Precedence.AT_WORK)
        os.setpriority(os.PRIO_PROCESS, 0, place)
