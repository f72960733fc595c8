"""What the browser tests put around a centre: edges with the page, and people who sit at browsers."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from callcenter.demo.centre_api import Desk
from tests.live.browser.page import built_page
from tests.live.browser.softphone import MICROPHONE_HZ
from tests.live.live_centre import PROJECT, House, Line, LiveCentre

HOST: Final = "127.0.0.1"
# Places in the centre's block of ports, which leaves ten of them free from here on.
PLAIN: Final = 10
SECURE: Final = 11
RELAYING: Final = 12
TURN: Final = 13
PASSWORD: Final = "correct horse battery staple"


@contextmanager
def edge(centre: LiveCentre, place: int, **settings: str) -> Iterator[str]:
    """An edge of the centre with the page on it; its address, without a scheme."""
    port = centre.ports.base + place
    config = centre.folder / "callcenter.toml"
    cookie = f"cc_login_{centre.prepared.settings.edge.port}"
    given = {f"CALLCENTER_EDGE_{key}".upper(): text for key, text in settings.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.live.browser.edge", config, built_page(), cookie],
        cwd=PROJECT,
        env={**os.environ, **given, "CALLCENTER_EDGE_PORT": str(port)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == f"open {port}\n".encode()
            yield f"{HOST}:{port}"
        finally:
            process.terminate()


@dataclass(frozen=True, slots=True)
class Person:
    """An agent with a login of their own."""

    id: str
    desk: Desk
    hz: int = MICROPHONE_HZ

    async def is_ready(self) -> None:
        """Take calls."""
        await self.desk.ask("PUT", f"/agents/{self.id}/presence", {"presence": "ready"})

    async def live(self) -> Mapping[str, object]:
        """What the centre says this person is doing."""
        shown: Mapping[str, object] = (await self.desk.ask("GET", f"/agents/{self.id}"))["live"]
        return shown


@asynccontextmanager
async def person(house: House, line: Line) -> AsyncIterator[Person]:
    """Somebody new who serves a line and may sign in; gone when the test ends."""
    name = f"b{time.time_ns() % 10**10}"
    await house.admin.ask("POST", "/agents", {"id": name, "name_en": name, "queues": [line.queue]})
    user = {"name": name, "password": PASSWORD, "role": "agent", "agent_id": name}
    await house.admin.ask("POST", "/users", user)
    try:
        yield Person(name, house.admin)
    finally:
        await house.admin.ask("DELETE", f"/users/{name}")
        await house.admin.ask("DELETE", f"/agents/{name}")
