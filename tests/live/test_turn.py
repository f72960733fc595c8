"""A real TURN server believes what the edge hands out, and a browser that may use nothing else talks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from callcenter.demo.centre_api import Desk
from callcenter.edge.turn import turn_credentials
from tests.live.browser.softphone import Softphone, chromium
from tests.live.browser.stand import PASSWORD, RELAYING, TURN, Person, edge, person
from tests.live.browser.turn import SHARED_SECRET, TurnServer, turn_server
from tests.live.live_centre import LONG, House, Line, LiveCentre

pytestmark = pytest.mark.live

A_MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def turn(centre: LiveCentre, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    port = centre.ports.base + TURN
    with turn_server(tmp_path_factory.mktemp("turn"), port) as running:
        yield running


@pytest.fixture(scope="module")
def page(centre: LiveCentre, turn: TurnServer) -> Iterator[str]:
    """Address of an edge that knows the TURN server."""
    settings = {"turn_urls": turn.url, "turn_secret": SHARED_SECRET}
    with edge(centre, RELAYING, **settings) as address:
        yield f"http://{address}"


@pytest.fixture
async def line(house: House) -> Line:
    return await house.line()


@pytest.fixture
async def agent(house: House, line: Line) -> AsyncIterator[Person]:
    async with person(house, line) as somebody:
        yield somebody


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Softphone]:
    async with chromium(tmp_path) as browser:
        yield Softphone(await browser.new_page())


async def test_the_server_relays_for_whom_the_edge_gave_credentials(
    house: House, agent: Person, turn: TurnServer, page: str
) -> None:
    desk = await Desk.sign_in(house.http, page, agent.id, PASSWORD)
    ice = await desk.ask("GET", "/ice")
    [server] = ice["ice_servers"]
    assert server["urls"] == [turn.url]
    assert datetime.fromisoformat(ice["expires_at"]) > datetime.now(UTC) + A_MINUTE
    assert await asyncio.to_thread(turn.relays, server["username"], server["credential"])


async def test_nobody_gets_credentials_without_a_login(page: str) -> None:
    async with aiohttp.ClientSession() as stranger, stranger.get(f"{page}/api/v1/ice") as reply:
        assert reply.status == 401
        assert "credential" not in await reply.text()


@pytest.mark.parametrize(
    ("secret", "life"),
    [(SHARED_SECRET, -A_MINUTE), ("a secret that somebody has guessed", A_MINUTE)],
)
def test_the_server_refuses_credentials_that_ran_out_or_were_made_up(
    turn: TurnServer, secret: str, life: timedelta
) -> None:
    made = turn_credentials("l1", secret, datetime.now(UTC) + life)
    assert not turn.relays(made.username, made.password)


async def test_a_browser_that_may_only_use_the_relay_talks_with_a_caller(
    house: House, line: Line, agent: Person, phone: Softphone, page: str
) -> None:
    await phone.open(page, agent.id, PASSWORD, transport_policy="relay")
    await agent.is_ready()
    caller = await house.dial(line.number)
    caller_hz = house.tone()
    await caller.established(LONG)
    caller.say_tone(caller_hz)
    await phone.takes()
    await asyncio.gather(phone.hears(caller_hz), caller.hears(agent.hz, LONG))
    assert (await phone.path())["local"] == "relay"
    await caller.hang_up()
    assert await phone.ended() == "remote"
    await house.nothing_is_left()
