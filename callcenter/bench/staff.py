"""The agents at their desks: signs them in over the engine's own HTTP, and watches its live feed."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from callcenter.settings import Settings

AT_ONCE = 8


class StaffFailed(Exception):
    """The engine's HTTP did not do what was asked."""


class Staff:
    """Speaks to one engine. Counts what the live feed tells it, as a supervisor's screen would."""

    def __init__(self, http: aiohttp.ClientSession, queue: str) -> None:
        self._http = http
        self._queue = queue
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self.changes = 0

    @staticmethod
    @asynccontextmanager
    async def of(settings: Settings, queue: str) -> AsyncIterator["Staff"]:
        """Once the engine is ready. Raises: StaffFailed when it is not within 30 s."""
        url = f"http://127.0.0.1:{settings.http.port}"
        await until_ready(url)
        key = json.loads((settings.run_folder / "cli.json").read_text())["key"]
        headers = {"Authorization": f"ApiKey {key}"}
        async with aiohttp.ClientSession(url, headers=headers) as http:
            staff = Staff(http, queue)
            following = asyncio.create_task(staff._follow())
            try:
                yield staff
            finally:
                following.cancel()
                with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                    await following

    async def sign_in(self, agents: Iterable[str]) -> dict[str, str]:
        """Everybody sits down at a desk phone. The phones' passwords, by agent."""
        names = list(agents)
        seats = await asyncio.gather(*(self._sit_down(name) for name in names))
        return dict(zip(names, seats, strict=True))

    async def make_ready(self, agents: Iterable[str]) -> None:
        """Everybody presses Ready."""
        await asyncio.gather(*(self.ready(name) for name in agents))

    async def ready(self, agent: str) -> None:
        """One presses Ready."""
        await self._ask("PUT", f"/api/v1/agents/{agent}/presence", {"presence": "ready"})

    async def all_reachable(self, agents: int, within: timedelta = timedelta(seconds=30)) -> None:
        """Wait until the engine knows that so many phones can be rung. Raises: StaffFailed."""

        async def reachable() -> bool:
            there = sum(bool(row["live"]["reachable"]) for row in await self._agents())
            return there >= agents

        if not await eventually(reachable, within):
            raise StaffFailed("not all phones became reachable")

    async def free(self) -> int:
        """How many could take a call now; whoever was paused for missing calls is made ready."""
        for row in await self._agents():
            if row["live"]["presence"] == "paused":
                await self.ready(row["id"])
        queue = await self._ask("GET", f"/api/v1/queues/{self._queue}")
        return int(queue["live"]["free"])

    async def waiting(self) -> int:
        """How many callers wait."""
        queue = await self._ask("GET", f"/api/v1/queues/{self._queue}")
        return int(queue["live"]["waiting"])

    async def refused(self) -> dict[str, float]:
        """How many calls this engine turned away so far, by reason."""
        async with self._http.get("/metrics") as reply:
            text = await reply.text()
        families = text_string_to_metric_families(text)
        return {
            sample.labels["why"]: sample.value
            for family in families
            for sample in family.samples
            if sample.name == "callcenter_calls_refused_total"
        }

    async def _sit_down(self, agent: str) -> str:
        seat = await self._ask("POST", f"/api/v1/agents/{agent}/login", {"phone": "desk-phone"})
        return str(seat["account"]["password"])

    async def _agents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._ask("GET", "/api/v1/agents"))["items"]
        return found

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._at_once, self._http.request(method, path, json=body) as reply:
            if reply.status >= 400:
                raise StaffFailed(f"{method} {path}: {reply.status} {await reply.text()}")
            return await reply.json() if reply.status != 204 else None

    async def _follow(self) -> None:
        async with self._http.ws_connect("/api/v1/live", max_msg_size=0) as socket:
            async for _message in socket:
                self.changes += 1


async def eventually(
    holds: Callable[[], Awaitable[bool]], within: timedelta, *, every: float = 0.2
) -> bool:
    """Ask until it holds, each `every` seconds; whether it did in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            while True:
                if await holds():
                    return True
                await asyncio.sleep(every)
    return False


async def until_ready(url: str, within: timedelta = timedelta(seconds=90)) -> None:
    """Wait until an engine says that it is ready. Raises: StaffFailed."""
    async with aiohttp.ClientSession() as session:

        async def is_ready() -> bool:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with session.get(f"{url}/readyz") as reply:
                    return reply.status == 200
            return False

        if not await eventually(is_ready, within, every=0.005):
            raise StaffFailed(f"{url} did not become ready; read engine.log in the bench's folder")
