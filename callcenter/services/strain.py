"""How late we are, told to the engine twice a second: it takes in fewer calls while that is too much.

Two things are measured: how much later than asked for this process is woken, and how long the switch
takes to answer. Whoever waits for either waits for both.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

LOOK: Final = timedelta(seconds=0.5)
_NAPS: Final = 10
_SLOWEST_SHARE: Final = 0.05

Took = Callable[[], Sequence[float]]


async def watch_strain(observe: Callable[[timedelta], None], took: Took) -> None:
    """Tell `observe`, for ever. `took`: the seconds that each answer of the switch has taken since it was
    asked last."""
    loop = asyncio.get_running_loop()
    nap = LOOK.total_seconds() / _NAPS
    while True:
        overslept = 0.0
        for _ in range(_NAPS):
            before = loop.time()
            await asyncio.sleep(nap)
            overslept = max(overslept, loop.time() - before - nap)
        observe(timedelta(seconds=max(overslept, slow(took()))))


def slow(took: Sequence[float]) -> float:
    """The 95th percentile: one answer that waits behind a prompt is no strain."""
    if not took:
        return 0.0
    return sorted(took)[-1 - int(len(took) * _SLOWEST_SHARE)]
