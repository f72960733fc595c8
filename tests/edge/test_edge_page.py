"""The page, ICE, TLS."""

import asyncio
import base64
import hashlib
import hmac
import os
import ssl
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from yarl import URL

from callcenter.adapters.http.edge_papers import EDGE_PATHS
from callcenter.edge import server
from callcenter.edge.certificates import self_signed
from callcenter.edge.plan import TlsFiles, TurnPlan
from callcenter.edge.server import serve
from callcenter.edge.turn import turn_credentials
from callcenter.ports.passwords import Login

pytestmark = pytest.mark.adapter


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "dist"
    (site / "assets").mkdir(parents=True)
    (site / "index.html").write_text("<!doctype html>the app")
    (site / "assets" / "app-1a2b.js").write_text("app()")
    (site / ".secret").write_text("hidden")
    (tmp_path / "outside.txt").write_text("outside")
    os.symlink(tmp_path / "outside.txt", site / "link.txt")
    return site


async def get(street: Any, path: str, **headers: str) -> aiohttp.ClientResponse:
    response: aiohttp.ClientResponse = await street.client.get(
        URL(street.url + path, encoded=True), headers=headers
    )
    return response


async def test_without_an_app_a_plain_page_says_what_this_is_in_both_languages(edge: Any) -> None:
    response = await get(edge, "/")
    text = await response.text()
    assert "呼叫中心" in text
    assert "call-centre engine" in text
    assert "/api/v1/openapi.json" in text
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert (await get(edge, "/elsewhere")).status == 404
    assert (await edge.client.post(edge.url)).status == 405


async def test_the_app_is_served_and_its_own_addresses_lead_to_it(street: Any, site: Path) -> None:
    async with street.edge(site=site):
        for path in ("/", "/desk", "/queues/sales", "/index.html"):
            response = await get(street, path)
            assert await response.text() == "<!doctype html>the app"
            assert response.headers["Cache-Control"] == "no-cache"
        asset = await get(street, "/assets/app-1a2b.js")
        assert "immutable" in asset.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/assets/..%2f..%2foutside.txt",
        "/%2fetc/passwd",
        "/link.txt",
        "/.secret",
        "/missing.png",
        "/a%00b",
        "/" + "x" * 5000,
    ],
)
async def test_nothing_outside_the_folder_and_nothing_hidden_is_served(
    street: Any, site: Path, path: str
) -> None:
    async with street.edge(site=site):
        response = await get(street, path)
        text = await response.text()
    assert "outside" not in text and "hidden" not in text and "root:" not in text
    assert response.status == 404 or text == "<!doctype html>the app"


def test_turn_credentials_are_what_coturn_computes(login: Login) -> None:
    made = turn_credentials("l1", "north", login.issued_at)
    assert made.username == "1772452800:l1"
    digest = hmac.digest(b"north", made.username.encode(), hashlib.sha1)
    assert base64.b64decode(made.password) == digest
    with pytest.raises(ValueError, match="colon"):
        turn_credentials("a:b", "north", login.issued_at)


async def test_ice_is_given_to_the_signed_in_even_without_the_engine(
    street: Any, token: str
) -> None:
    turn = TurnPlan(urls=("turn:turn.example:3478",), secret="north", life=timedelta(hours=1))
    await street.engine.die()
    async with street.edge(turn=turn, stun_urls=("stun:stun.example",)):
        assert (await get(street, "/api/v1/ice")).status == 401
        response = await get(street, "/api/v1/ice", Cookie=f"cc_login={token}")
        given = await response.json()
    assert [server["urls"] for server in given["ice_servers"]] == [
        ["stun:stun.example"],
        ["turn:turn.example:3478"],
    ]
    assert given["ice_servers"][1]["username"] == "1772456400:l1"
    assert given["expires_at"] == "2026-03-02T13:00:00+00:00"
    assert "north" not in str(given) + repr(turn)
    told = EDGE_PATHS["/api/v1/ice"]["get"]["responses"]["200"]["content"]["application/json"]
    assert given.keys() == set(told["schema"]["required"])
    server_told = told["schema"]["properties"]["ice_servers"]["items"]
    assert given["ice_servers"][1].keys() == server_told["properties"].keys()


async def test_ice_without_servers_is_an_empty_list(edge: Any, token: str) -> None:
    response = await get(edge, "/api/v1/ice", Authorization=f"Bearer {token}")
    assert await response.json() == {"ice_servers": [], "expires_at": None}


async def test_tls_is_spoken_with_a_certificate_of_our_own(street: Any, tmp_path: Path) -> None:
    names = ["localhost", "127.0.0.1", "::1"]
    files = self_signed(tmp_path / "tls", names, datetime.now(UTC))
    async with street.edge(tls=files):
        trusting = street.trusting(files)
        response = await street.client.get(f"{street.url}/api/v1/x", ssl=trusting)
        said = await response.json()
    assert ["X-Forwarded-Proto", "https"] in said["headers"]
    assert response.headers["Strict-Transport-Security"]


def test_the_key_is_for_its_owner_only_and_the_pair_is_kept(tmp_path: Path, login: Login) -> None:
    now = login.issued_at
    files = self_signed(tmp_path, ["cc.example"], now)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    before = files.certificate.read_bytes()
    assert self_signed(tmp_path, ["cc.example"], now + timedelta(days=300)) == files
    assert files.certificate.read_bytes() == before


@pytest.mark.parametrize(
    "names, later",
    [(["other.example"], timedelta()), (["cc.example"], timedelta(days=368))],
)
def test_a_certificate_that_no_longer_fits_is_made_anew(
    tmp_path: Path, login: Login, names: list[str], later: timedelta
) -> None:
    files = self_signed(tmp_path, ["cc.example"], login.issued_at)
    before = files.certificate.read_bytes()
    self_signed(tmp_path, names, login.issued_at + later)
    assert files.certificate.read_bytes() != before


def test_a_name_that_went_away_is_no_reason_for_another_certificate(
    tmp_path: Path, login: Login
) -> None:
    files = self_signed(tmp_path, ["10.0.0.4", "cc.example"], login.issued_at)
    before = files.certificate.read_bytes()
    self_signed(tmp_path, ["cc.example"], login.issued_at)
    assert files.certificate.read_bytes() == before


@pytest.mark.parametrize("broken", ["certificate", "key"])
def test_a_broken_pair_is_replaced(tmp_path: Path, login: Login, broken: str) -> None:
    files = self_signed(tmp_path, ["cc.example"], login.issued_at)
    getattr(files, broken).write_bytes(b"broken")
    self_signed(tmp_path, ["cc.example"], login.issued_at)
    assert x509.load_pem_x509_certificate(files.certificate.read_bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)


@pytest.mark.parametrize("broken", [True, False])
async def test_a_certificate_that_cannot_be_used_stops_the_start_and_is_named(
    street: Any, tmp_path: Path, *, broken: bool
) -> None:
    files = TlsFiles(tmp_path / "my.crt", tmp_path / "my.key")
    files.certificate.write_bytes(b"broken" * broken)
    plan = replace(street.plan, tls=files)
    with pytest.raises(OSError, match=r"my\.crt and .*my\.key cannot be used"):
        await serve(plan, asyncio.Event())


async def test_a_port_that_is_taken_stops_the_start(street: Any) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await serve(replace(street.plan, port=street.engine.port), asyncio.Event())


async def test_a_renewed_certificate_is_taken_up_while_phones_talk_on(
    street: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CERTIFICATE_LOOK_SECONDS", 0.01)
    now = datetime.now(UTC)
    files = self_signed(tmp_path, ["127.0.0.1"], now)
    old = street.trusting(files)
    async with street.edge(tls=files), street.phone(ssl=old) as socket:
        self_signed(tmp_path, ["127.0.0.1", "cc.example"], now)
        new = street.trusting(files)
        async with asyncio.timeout(20):
            while not await is_trusted(street, new):
                pass
        await socket.send_str("still the same socket")
        assert await socket.receive_str() == "still the same socket"


async def is_trusted(street: Any, context: ssl.SSLContext) -> bool:
    try:
        await street.client.get(f"{street.url}/healthz", ssl=context)
    except aiohttp.ClientConnectorError:
        return False
    return True
