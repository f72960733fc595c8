"""What the doctor finds on a machine that is prepared for it, and whether it says how to mend it."""

import asyncio
import contextlib
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BasicAuth, web
from click.testing import Result

from callcenter.adapters.db.migrations import upgrade
from callcenter.cli import checks_centre, checks_machine, one_way_audio
from callcenter.settings import Settings, load

pytestmark = pytest.mark.adapter

PASSWORD = "the switch's"
TRUNK = '\n[[trunks]]\nname = "carrier"\nhosts = ["198.51.100.9"]\n'


@dataclass
class FakeAri:
    """The questions that the doctor asks a switch, answered as it does."""

    answers: dict[str, Any] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        claim = BasicAuth.decode(request.headers.get("Authorization", ""))
        if claim.password != PASSWORD:
            return web.json_response({"message": "Authentication required"}, status=401)
        answer = self.answers.get(request.match_info["path"])
        if answer is None:
            return web.json_response({"message": "not found"}, status=404)
        return web.json_response(answer)


@pytest.fixture
async def ari(folder: Path) -> AsyncIterator[FakeAri]:
    """A switch at the port of the settings, which knows our password."""
    fake = FakeAri({"asterisk/modules": [], "channels": [], "endpoints/PJSIP": []})
    (folder / "run").mkdir(exist_ok=True)
    (folder / "run/secrets.json").write_text(json.dumps({"ari_password": PASSWORD}))
    app = web.Application()
    app.router.add_get("/ari/{path:.+}", fake.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 26088).start()
    yield fake
    await runner.cleanup()


@pytest.fixture
def port_holder() -> Iterator[socket.socket]:
    """Somebody else on a port that no check speaks to: they would wait for an answer."""
    with socket.create_server(("127.0.0.1", 26060)) as held:
        yield held


Typed = Callable[..., Result]


def findings(output: str) -> dict[str, dict[str, str]]:
    return {finding["topic"]: finding for finding in json.loads(output)}


async def looked(type_command: Typed, *words: str) -> dict[str, dict[str, str]]:
    done = await asyncio.to_thread(type_command, *words, "doctor", "--json")
    found = findings(done.output)
    is_broken = any(finding["level"] == "broken" for finding in found.values())
    assert done.exit_code == int(is_broken), done.output
    return found


def loaded(folder: Path, more: str = "") -> Settings:
    path = folder / "callcenter.toml"
    path.write_text(path.read_text() + more)
    return load(path, {})


async def test_everything_that_is_not_well_says_how_to_mend_it(type_command: Typed) -> None:
    for words in ((), ("--lang", "zh")):
        found = await looked(type_command, *words)
        assert found["asterisk"]["level"] == "broken"
        assert "scripts/start" in found["asterisk"]["mend"]
        assert all(one["mend"] for one in found.values() if one["level"] != "ok")
        assert {"machine", "disk", "ports", "engine", "database", "audio"} <= set(found)


async def test_a_port_that_somebody_else_holds_is_named_with_its_holder(
    type_command: Typed, port_holder: socket.socket
) -> None:
    ports = (await looked(type_command))["ports"]
    assert ports["level"] == "broken"
    assert "tcp 26060 ([sip] port)" in ports["found"]
    assert "pytest" in ports["found"]


async def test_a_switch_that_does_not_know_us_is_another_switch(
    type_command: Typed, folder: Path, ari: FakeAri
) -> None:
    (folder / "run/secrets.json").write_text(json.dumps({"ari_password": "another"}))
    found = (await looked(type_command))["ari"]
    assert found["level"] == "broken"
    assert "does not know our password" in found["found"]


async def test_a_module_that_does_not_run_is_named(
    type_command: Typed, folder: Path, ari: FakeAri
) -> None:
    etc = folder / "run/asterisk/etc"
    etc.mkdir(parents=True)
    (etc / "modules.conf").write_text("require = chan_pjsip.so\nload = res_srtp.so\n")
    ari.answers["asterisk/modules"] = [{"name": "res_srtp.so", "status": "Running"}]
    found = (await looked(type_command))["modules"]
    assert (found["level"], "chan_pjsip.so" in found["found"]) == ("broken", True)
    ari.answers["asterisk/modules"] = [{"name": "chan_pjsip.so", "status": "Running"}]
    assert (await looked(type_command))["modules"]["level"] == "warning"


async def test_an_asterisk_without_an_engine_is_broken(type_command: Typed, ari: FakeAri) -> None:
    ari.answers["asterisk/ping"] = {"ping": "pong"}
    found = (await looked(type_command))["engine"]
    assert found["level"] == "broken"
    assert "fallback" in found["found"]


async def test_errors_in_the_switchs_log_are_counted_and_made_harmless(
    type_command: Typed, folder: Path
) -> None:
    log = folder / "run/asterisk/log"
    log.mkdir(parents=True)
    (log / "messages").write_bytes(
        b"[2026-11-22 05:00:00] NOTICE[1] a.c: fine\n"
        b"[2026-11-22 05:00:01] ERROR[2] b.c: no such\x1b[2J file \xff\n"
    )
    found = (await looked(type_command))["log"]
    assert found["level"] == "warning"
    assert "1 errors" in found["found"] and "no such" in found["found"]
    assert "\x1b" not in found["found"]


async def test_a_trunk_that_does_not_answer_is_broken(
    type_command: Typed, folder: Path, ari: FakeAri
) -> None:
    from callcenter.host.render import trunk_endpoints

    loaded(folder, TRUNK)
    assert (await looked(type_command))["trunk carrier"]["level"] == "broken"
    name = trunk_endpoints(folder / "run", ["carrier"])["carrier"]
    for state, level in (("offline", "broken"), ("online", "ok")):
        ari.answers["endpoints/PJSIP"] = [{"resource": name, "state": state}]
        assert (await looked(type_command))["trunk carrier"]["level"] == level


async def test_the_leg_that_sends_nothing_is_named_without_its_number(
    type_command: Typed, ari: FakeAri
) -> None:
    begun = {"state": "Up", "creationtime": "2026-03-02T12:00:00.912+0000"}
    quiet = {"id": "cc1-1.1", "caller": {"number": "+493012345"}, **begun}
    ari.answers["channels"] = [quiet, {"id": "ag-cc1-1.1-1", **begun}]
    ari.answers["channels/cc1-1.1/rtp_statistics"] = {"rxcount": 0, "txcount": 250}
    ari.answers["channels/ag-cc1-1.1-1/rtp_statistics"] = {"rxcount": 250, "txcount": 250}
    found = (await looked(type_command))["live audio"]
    assert found["level"] == "broken"
    assert "caller cc1-1.1 (0 in, 250 out)" in found["found"]
    assert "ag-" not in found["found"] and "+49" not in found["found"]
    assert "UDP 26200-26899" in found["mend"]
    ari.answers["channels/cc1-1.1/rtp_statistics"] = {"rxcount": 250, "txcount": 250}
    assert (await looked(type_command))["live audio"]["level"] == "ok"


@pytest.mark.parametrize(
    "sip, level, words",
    [
        ('bind = "127.0.0.1"', "ok", "this machine only"),
        ('external_address = "no-such-host.invalid"', "broken", "cannot be resolved"),
        ('external_address = "10.0.0.9"', "warning", "private"),
        ('external_address = "198.18.0.1"', "warning", "private"),
        ('external_address = "8.8.8.8"', "warning", "local_nets"),
        ('external_address = "8.8.8.8"\nlocal_nets = ["10.0.0.0/8"]', "ok", "8.8.8.8"),
    ],
)
def test_addresses_that_make_calls_silent_are_found(
    folder: Path, sip: str, level: str, words: str
) -> None:
    bind = "" if "bind" in sip else 'bind = "0.0.0.0"\n'
    (folder / "callcenter.toml").write_text(f"[sip]\n{bind}{sip}\n")
    (found,) = one_way_audio.check_addresses(loaded(folder))
    assert (found.level, words in found.en) == (level, True), found.en


def test_audio_ports_of_any_program_are_doubtful(folder: Path) -> None:
    path = folder / "callcenter.toml"
    path.write_text("[sip]\nrtp_first = 40000\nrtp_last = 41000\n")
    (found,) = one_way_audio.check_rtp_range(loaded(folder))
    assert found.level == "warning"


@pytest.mark.parametrize("free, level", [(50, "broken"), (500, "warning"), (5000, "ok")])
def test_a_disk_is_full_before_it_is_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    usage = type("Usage", (), {"free": free * 1024 * 1024})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    (found,) = checks_machine.check_disk(loaded(folder))
    assert found.level == level


@pytest.mark.parametrize(
    ("place", "level"),
    [("logs/queue_log", "ok"), ("a file/queue_log", "broken"), ("run", "broken")],
)
def test_a_queue_log_that_cannot_be_written_is_broken(folder: Path, place: str, level: str) -> None:
    (folder / "a file").touch()
    (folder / "run").mkdir(exist_ok=True)
    path = folder / "callcenter.toml"
    assert list(checks_centre.check_queue_log(loaded(folder))) == []
    path.write_text(path.read_text().replace("[centre]", f'[centre]\nqueue_log = "{place}"'))
    (found,) = checks_centre.check_queue_log(loaded(folder))
    assert found.level == level


async def test_a_country_that_nobody_knows_is_broken(type_command: Typed, folder: Path) -> None:
    path = folder / "callcenter.toml"
    path.write_text(path.read_text().replace("[centre]", '[centre]\nregion = "XX"'))
    found = (await looked(type_command))["region"]
    assert (found["level"], "'XX'" in found["found"]) == ("broken", True)


async def test_an_old_or_missing_database_is_said(type_command: Typed, folder: Path) -> None:
    assert (await looked(type_command))["database"]["level"] == "warning"
    (folder / "run").mkdir(exist_ok=True)
    url = f"sqlite:///{folder / 'run/callcenter.db'}"
    await asyncio.to_thread(upgrade, url)
    assert (await looked(type_command))["database"]["level"] == "ok"


async def test_a_database_of_a_newer_version_is_not_called_old(
    type_command: Typed, folder: Path
) -> None:
    (folder / "run").mkdir(exist_ok=True)
    path = folder / "run/callcenter.db"
    await asyncio.to_thread(upgrade, f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '2099_01_01_0000'")
        database.commit()
    found = (await looked(type_command))["database"]
    assert (found["level"], "newer version" in found["found"]) == ("broken", True)
    assert "restore" in found["mend"] and "db upgrade" not in found["mend"]
    for words, said in (((), "Run that version again"), (("--lang", "zh"), "请改用该更新版本")):
        for command in ("current", "upgrade"):
            done = await asyncio.to_thread(type_command, *words, "db", command)
            assert (done.exit_code, said in done.output) == (1, True)
            assert "db upgrade" not in done.output


async def test_a_certificate_that_cannot_be_read_is_broken(
    type_command: Typed, folder: Path
) -> None:
    path = folder / "callcenter.toml"
    text = path.read_text().replace(
        "[edge]", '[edge]\ncertificate = "a.pem"\nprivate_key = "a.key"'
    )
    path.write_text(text)
    found = (await looked(type_command))["certificate"]
    assert (found["level"], "a.pem" in found["found"]) == ("broken", True)


async def test_a_person_reads_marks_and_arrows(type_command: Typed) -> None:
    done = await asyncio.to_thread(type_command, "doctor")
    assert "✗ asterisk" in done.output
    assert "→ scripts/start" in done.output
    assert "broken" in done.output.splitlines()[-1]


async def test_a_check_that_fails_is_a_finding_and_hides_no_other(
    type_command: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise RuntimeError("boom")

    monkeypatch.setattr("platform.machine", fail)
    found = await looked(type_command)
    assert "boom" in found["python"]["found"]
    assert "disk" in found


@pytest.mark.parametrize(
    ("system", "version", "processor", "is_new"),
    [
        ("debian", "12", "x86_64", False),
        ("debian", "13", "x86_64", True),
        ("debian", "12", "aarch64", True),
        ("ubuntu", "24.04", "x86_64", True),
    ],
)
def test_a_kind_of_machine_on_which_nobody_ran_it_is_said_to_be_that(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    version: str,
    processor: str,
    is_new: bool,
) -> None:
    about = {"ID": system, "VERSION_ID": version, "PRETTY_NAME": "Some Linux"}
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: about)
    monkeypatch.setattr("platform.machine", lambda: processor)
    (found,) = checks_machine.check_python(loaded(folder))
    assert found.level == "ok"
    assert ("was run on Debian 12 with x86-64 only" in found.en) == is_new
