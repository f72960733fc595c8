"""An agent at a real browser, through a real edge, on a real switch."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser

from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.core.access import Actor, Role
from callcenter.host.secret_file import ensure_secrets
from callcenter.ports.passwords import Login
from callcenter.testing.phones import CallLeg, Side
from callcenter.testing.tones import loudness
from tests.live.browser.softphone import Softphone, chromium
from tests.live.browser.stand import PASSWORD, PLAIN, SECURE, Person, edge, person
from tests.live.live_centre import LONG, House, Line, LiveCentre

pytestmark = pytest.mark.live

FOREIGN_PAGE = "http://127.0.0.1:20500/"  # never asked: the browser gets it from the test
AN_HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def plain(centre: LiveCentre) -> Iterator[str]:
    """Address of an edge without TLS."""
    with edge(centre, PLAIN) as address:
        yield f"http://{address}"


@pytest.fixture(scope="module")
def secure(centre: LiveCentre) -> Iterator[str]:
    """Address of an edge with a certificate that it made itself."""
    with edge(centre, SECURE, certificate="self-signed") as address:
        yield f"https://{address}"


@pytest.fixture
async def browser(tmp_path: Path, centre: LiveCentre, secure: str) -> AsyncIterator[Browser]:
    """A browser that knows our own certificate."""
    async with chromium(tmp_path, [centre.run_folder / "tls/self-signed.crt"]) as opened:
        yield opened


@pytest.fixture
async def phone(browser: Browser) -> Softphone:
    return Softphone(await browser.new_page())


@pytest.fixture
async def line(house: House) -> Line:
    return await house.line()


@pytest.fixture
async def agent(house: House, line: Line) -> AsyncIterator[Person]:
    async with person(house, line) as somebody:
        yield somebody


@pytest.fixture
def tokens(centre: LiveCentre) -> JwtTokens:
    """Signs as the centre itself does."""
    secrets = ensure_secrets(centre.run_folder, ("token_secret",))
    return JwtTokens(secrets["token_secret"].encode())


def login(expires_at: datetime) -> Login:
    return Login("l1", Actor("ana", Role.AGENT), expires_at - AN_HOUR, expires_at)


# ── calls ──


@pytest.mark.parametrize("scheme", ["plain", "secure"])
async def test_a_caller_and_an_agent_at_a_browser_talk_and_either_may_end_it(
    house: House,
    line: Line,
    agent: Person,
    phone: Softphone,
    request: pytest.FixtureRequest,
    scheme: str,
) -> None:
    await phone.open(request.getfixturevalue(scheme), agent.id, PASSWORD)
    await agent.is_ready()

    caller = await house.dial(line.number)
    caller_hz = house.tone()
    await caller.established(LONG)
    caller.say_tone(caller_hz)
    call = await phone.takes()
    await they_talk(house, phone, caller, agent, caller_hz)
    assert call == (await house.call_of(caller))["id"]
    await phone.press("42#")
    await caller.gets_keys("42#", LONG)
    await phone.hang_up()
    assert (await caller.ended(LONG)).by is Side.THERE
    assert await phone.ended() == "local"

    second = await house.dial(line.number)
    await second.established(LONG)
    assert await phone.takes(ring=2) != call
    await second.hears(agent.hz, LONG)
    await second.hang_up()
    assert await phone.ended() == "remote"
    await house.nothing_is_left()


async def they_talk(
    house: House, phone: Softphone, caller: CallLeg, agent: Person, caller_hz: int
) -> None:
    """Each hears the other; if not, all three sides tell what they know of the sound's way."""
    listening = {"agent": phone.hears(caller_hz), "caller": caller.hears(agent.hz, LONG)}
    told = await asyncio.gather(*listening.values(), return_exceptions=True)
    deaf = {who: error for who, error in zip(listening, told, strict=True) if error is not None}
    if deaf:
        pytest.fail(
            f"no sound for {deaf}\nbrowser: {json.dumps(await phone.connection(), indent=1)}\n"
            f"switch: {await house.console('pjsip show channelstats')}\n"
            f"{await house.console('core show channels concise')}\n"
            f"{json.dumps(await house.ari('/bridges'), indent=1)}\n"
            f"caller: {loudness(caller.arrived(timedelta(seconds=1)))} dBFS"
        )


async def test_the_engine_dies_and_neither_the_registration_nor_the_talk_does(
    house: House, line: Line, agent: Person, phone: Softphone, plain: str
) -> None:
    await phone.open(plain, agent.id, PASSWORD)
    await agent.is_ready()
    caller = await house.dial(line.number)
    caller_hz = house.tone()
    await caller.established(LONG)
    caller.say_tone(caller_hz)
    await phone.takes()
    await they_talk(house, phone, caller, agent, caller_hz)

    killed = house.centre.kill("engine")
    await caller.hears(agent.hz, LONG)
    await house.centre.came_back("engine", killed)
    await they_talk(house, phone, caller, agent, caller_hz)
    await caller.hang_up()
    assert await phone.ended() == "remote"

    second = await house.dial(line.number)
    await second.established(LONG)
    await phone.takes(ring=2)
    await second.hears(agent.hz, LONG)
    await phone.hang_up()
    await second.ended(LONG)
    seen = await phone.look()
    assert (seen["registered"], seen["registrations"], seen["disconnects"]) == (True, 1, 0)
    await house.nothing_is_left()


# ── who may open a phone's socket ──


async def test_a_phone_with_a_login_gets_through_to_the_switch(
    plain: str, tokens: JwtTokens
) -> None:
    token = tokens.sign(login(datetime.now(UTC) + AN_HOUR))
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.ws_connect(f"{plain}/ws", protocols=("sip",)) as socket,
    ):
        await socket.send_str(request("OPTIONS", "sip:127.0.0.1"))
        assert (await socket.receive_str(timeout=20)).startswith("SIP/2.0 ")


async def test_a_page_cannot_pose_as_the_carrier_at_this_address(
    house: House, plain: str, tokens: JwtTokens
) -> None:
    """A trunk is known by its address, and the edge is on the machine of the loopback trunk."""
    token = tokens.sign(login(datetime.now(UTC) + AN_HOUR))
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.ws_connect(f"{plain}/ws", protocols=("sip",)) as socket,
    ):
        await socket.send_str(request("INVITE", "sip:4000@127.0.0.1"))
        assert (await socket.receive_str(timeout=20)).startswith("SIP/2.0 401 ")
    assert await house.ari("/channels") == []


def request(method: str, uri: str) -> str:
    """A SIP request of somebody whom the switch does not know."""
    return (
        f"{method} {uri} SIP/2.0\r\n"
        "Via: SIP/2.0/WS knock.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
        f"From: <sip:a@b.invalid>;tag=1\r\nTo: <{uri}>\r\nContact: <sip:a@b.invalid>\r\n"
        f"Call-ID: 1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "login-required"),
        ({"Authorization": "Bearer {expired}"}, "token-refused"),
        ({"Authorization": "Bearer {forged}"}, "token-refused"),
        ({"Cookie": "{cookie}={expired}", "Origin": "{page}"}, "token-refused"),
        ({"Cookie": "{cookie}={good}", "Origin": "https://evil.example"}, "foreign-origin"),
        ({"Cookie": "{cookie}={good}", "Origin": "null"}, "foreign-origin"),
        ({"Cookie": "{cookie}={good}"}, "foreign-origin"),
    ],
)
async def test_a_socket_without_a_login_or_from_elsewhere_is_refused(
    centre: LiveCentre, plain: str, tokens: JwtTokens, headers: dict[str, str], code: str
) -> None:
    now = datetime.now(UTC)
    known = {
        "good": tokens.sign(login(now + AN_HOUR)),
        "expired": tokens.sign(login(now - timedelta(seconds=1))),
        "forged": JwtTokens(b"another secret, thirty-two bytes").sign(login(now + AN_HOUR)),
        "cookie": f"cc_login_{centre.prepared.settings.edge.port}",
        "page": plain,
    }
    asked = {name: value.format(**known) for name, value in headers.items()}
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "sip",
    }
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as stranger:
        reply = await stranger.get(f"{plain}/ws", headers={**upgrade, **asked})
        assert (reply.status // 100, (await reply.json(content_type=None))["code"]) == (4, code)


async def test_a_page_of_another_site_cannot_use_the_agents_login(
    agent: Person, browser: Browser, plain: str
) -> None:
    """Cookies do not tell ports apart, so the browser does send this one along."""
    context = await browser.new_context()
    ours = Softphone(await context.new_page())
    await ours.open(plain, agent.id, PASSWORD)
    socket = f"{plain.replace('http', 'ws')}/ws"
    assert await ours.opens_socket(socket)

    page = await context.new_page()
    script = await (await context.request.get(f"{plain}/phone.js")).text()
    html = {"content_type": "text/html", "body": f"<script>{script}</script>"}
    await page.route(FOREIGN_PAGE, lambda route: route.fulfill(**html))
    await page.goto(FOREIGN_PAGE)
    assert not await Softphone(page).opens_socket(socket)
