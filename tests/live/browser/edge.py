"""A second edge of a running centre, as a process of its own, with the tests' page on it.

    python -m tests.live.browser.edge SETTINGS SITE COOKIE

It is built as every edge is; port, certificate and TURN server come from the environment. COOKIE is
what the engine calls its cookie. One line on standard output says that it is open.
"""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from callcenter.adapters.clock.system import SystemClock
from callcenter.bootstrap.page import edge_plan
from callcenter.edge.server import serve
from callcenter.settings import load


async def main(settings: str, site: str, cookie: str) -> None:
    plan = edge_plan(load(Path(settings), os.environ), SystemClock())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    plan = replace(plan, site=Path(site), cookie_name=cookie)
    await serve(plan, stop, lambda port: print("open", port, flush=True))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
