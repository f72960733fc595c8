"""Commands that look after this machine: flows, database, doors, units. No centre runs."""

import contextlib
import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from callcenter.cli.main import COMMANDS
from callcenter.host.free_ports import Door
from callcenter.host.switch import SwitchUnusable

pytestmark = pytest.mark.adapter

FLOW = """\
id: {name}
languages: [en]
start: wait
nodes:
  wait:
    enqueue: {{queue: sales}}
prompts: {{}}
"""


def written_pair(folder: Path, *, days: int = 90, name: str = "centre") -> tuple[Path, Path]:
    """A certificate that ends in `days`, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pbx.example.net")])
    end = datetime.now(UTC) + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def settings(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "callcenter.toml").read_text())


# -- the group ------------------------------------------------------------------------------------


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom callcenter.cli.main import main\n"
        "print(CliRunner().invoke(main, ['--help']).output)\n"
        "print(sorted({'aiohttp', 'sqlalchemy', 'rich', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout


def test_the_language_follows_the_machine(
    type_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "尚未运行过" in type_command("agents", "list").output
    assert "has not run" in type_command("--lang", "en", "agents", "list").output
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "has not run" in type_command("agents", "list").output


def test_broken_settings_are_said_with_their_line(type_command: Any, folder: Path) -> None:
    (folder / "callcenter.toml").write_text("[sip]\nprot = 5060\n")
    done = type_command("doctor")
    assert done.exit_code == 1
    assert "callcenter.toml:2" in done.output and "did you mean port" in done.output


def test_a_word_that_a_setting_does_not_know_is_said_with_those_it_knows(
    type_command: Any, folder: Path
) -> None:
    trunk = '[[trunks]]\nname = "carrier"\nhosts = ["198.51.100.1"]\nkind = "registring"\n'
    (folder / "callcenter.toml").write_text(trunk)
    done = type_command("doctor")
    assert done.exit_code == 1
    assert 'callcenter.toml:4: [trunks] kind: write one of "ip", "registering"' in done.output
    assert "did you mean registering?" in done.output


def test_broken_settings_are_said_in_the_language_of_the_run(
    type_command: Any, folder: Path
) -> None:
    (folder / "callcenter.toml").write_text("[sip]\nport = 99999\n")
    done = type_command("--lang", "zh", "doctor")
    assert "设置无法使用：" in done.output
    assert "callcenter.toml:2: [sip] port：请写 1 … 65535 之间的整数" in done.output


@pytest.fixture
def _left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs set up logs and the collector of a whole process; this one is not theirs."""
    monkeypatch.setattr("callcenter.adapters.logs.lines.set_up", lambda level: None)
    monkeypatch.setattr("callcenter.cli.run._loading", contextlib.nullcontext)


@pytest.mark.usefixtures("_left_alone")
@pytest.mark.parametrize(
    "words",
    [("start",), ("run",), ("switch", "upgrade"), ("switch", "show"), ("service", "install")],
)
def test_a_switch_that_cannot_be_used_is_no_trace(
    type_command: Any, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    def unusable(home: Path) -> None:
        raise SwitchUnusable("the private tree has no dynamic loader: remove run/switch")

    monkeypatch.setattr("callcenter.host.switch.find_switch", unusable)
    done = type_command(*words)
    assert done.exit_code == 1
    assert "Error: the private tree has no dynamic loader: remove run/switch" in done.output


@pytest.mark.usefixtures("_left_alone")
def test_damaged_secrets_are_no_trace(type_command: Any, folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run/secrets.json").write_text("{")
    done = type_command("edge")
    assert done.exit_code == 1
    assert "secrets.json is damaged. Remove it" in done.output


# -- flows ----------------------------------------------------------------------------------------


def test_sound_flows_are_sound_without_a_centre(type_command: Any, tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "hotline.yaml").write_text(FLOW.format(name="hotline"))
    done = type_command("flows", "check", str(folder))
    assert done.exit_code == 0, done.output
    assert "1 flows are sound" in done.output
    assert "not checked whether the queues exist" in done.output


def test_problems_of_flows_are_said_with_file_and_line(type_command: Any, tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    folder.mkdir()
    text = FLOW.format(name="hotline").replace("start: wait", "start: wiat")
    (folder / "hotline.yaml").write_text(text)
    done = type_command("flows", "check", str(folder))
    assert done.exit_code == 1
    assert f"{folder / 'hotline.yaml'}:3: " in done.output
    assert "没有名为" in type_command("--lang", "zh", "flows", "check", str(folder)).output


def test_a_folder_that_is_not_there_is_refused(type_command: Any) -> None:
    assert type_command("flows", "check", "nowhere").exit_code == 2
    done = type_command("flows", "check")
    assert done.exit_code == 1
    assert "no folder of flows" in done.output


# -- database -------------------------------------------------------------------------------------


def test_the_database_is_upgraded_and_taken_back(type_command: Any) -> None:
    assert "Upgrade: callcenter db upgrade" in type_command("db", "current").output
    assert type_command("db", "upgrade").exit_code == 0
    assert "up to date" in type_command("db", "current").output
    assert type_command("db", "downgrade", "base").exit_code == 1  # nobody said yes
    assert "empty" in type_command("db", "downgrade", "base", "--yes").output


def test_an_unknown_revision_is_no_trace(type_command: Any) -> None:
    done = type_command("db", "upgrade", "nonsense")
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert "Traceback" not in done.output


# -- expose ---------------------------------------------------------------------------------------


def test_exposing_writes_what_was_asked_and_keeps_the_rest(type_command: Any, folder: Path) -> None:
    certificate, key = written_pair(folder)
    done = type_command(
        *(
            "expose",
            "--address",
            "203.0.113.7",
            "--local-net",
            "192.168.1.9/16",
            "--sip",
            "0.0.0.0",
        ),
        *("--rtp", "30000-30999", "--page", "0.0.0.0", "--page-port", "8443"),
        *("--certificate", str(certificate), "--private-key", str(key)),
    )
    assert done.exit_code == 0, done.output
    written = settings(folder)
    assert written["sip"]["external_address"] == "203.0.113.7"
    assert written["sip"]["local_nets"] == ["192.168.0.0/16"]
    assert (written["sip"]["rtp_first"], written["sip"]["rtp_last"]) == (30000, 30999)
    assert written["edge"]["certificate"] == str(certificate)
    assert written["http"]["port"] == 26081
    assert "# mine" in (folder / "callcenter.toml").read_text()
    for door in ("udp 26060", "tcp 5061 (SIP TLS)", "udp 30000-30999", "tcp 8443"):
        assert door in done.output
    assert type_command("expose", "--close").exit_code == 0
    assert settings(folder)["sip"]["bind"] == "127.0.0.1"
    assert "external_address" not in settings(folder)["sip"]


def test_a_port_that_ordinary_users_may_not_have_is_said(
    type_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.host.free_ports.try_door", lambda *where: Door.FORBIDDEN)
    assert "443 is not for ordinary users" in type_command("expose", "--page-port", "443").output
    assert "普通用户不能使用端口 443" in type_command("--lang", "zh", "expose").output


@pytest.mark.parametrize(
    "words, why",
    [
        (["--address", "127.0.0.1"], "cannot be reached"),
        (["--address", "my host"], "neither an address nor a name"),
        (["--address", "203.0.113.7"], "--sip 0.0.0.0"),
        (["--sip", "203.0.113.99"], "not an address of this machine"),
        (["--sip", "everywhere"], "is no address"),
        (["--local-net", "0.0.0.0/0"], "not local"),
        (["--local-net", "home"], "no network"),
        (["--rtp", "10000"], "no range"),
        (["--rtp", "20000-10000"], "no range"),
        (["--rtp", "10000-10009"], "calls at most"),
        (["--rtp", "26000-26500"], "[sip] port = 26060"),
        (["--page", "0.0.0.0"], "--self-signed"),
        (["--certificate", "x.pem"], "go together"),
        (["--certificate", "x.pem", "--private-key", "x.key"], "cannot be read"),
        (["--turn", "http://x"], "no TURN address"),
        (["--turn", "turn:turn.example.net"], "--turn-secret-file"),
    ],
)
def test_exposing_nonsense_is_refused_and_nothing_is_written(
    type_command: Any, folder: Path, words: list[str], why: str
) -> None:
    before = (folder / "callcenter.toml").read_text()
    done = type_command("expose", *words)
    assert done.exit_code == 2
    assert why in " ".join(done.output.split())
    assert (folder / "callcenter.toml").read_text() == before


def test_a_certificate_that_ended_or_does_not_fit_is_refused(
    type_command: Any, folder: Path
) -> None:
    old, its_key = written_pair(folder, days=-1, name="old")
    other = written_pair(folder, name="other")[1]
    ended = type_command("expose", "--certificate", str(old), "--private-key", str(its_key))
    assert "expired" in ended.output
    wrong = type_command("expose", "--certificate", str(old), "--private-key", str(other))
    assert "is not the key" in wrong.output
    no_key = type_command("expose", "--certificate", str(old), "--private-key", str(old))
    assert "no private key" in no_key.output


def test_a_turn_secret_is_neither_shown_nor_left_for_others_to_read(
    type_command: Any, folder: Path
) -> None:
    secret = folder / "turn.secret"
    secret.write_text("hush-hush\n")
    words = (
        "--turn",
        "turn:turn.example.net:3478?transport=udp",
        "--turn-secret-file",
        str(secret),
    )
    done = type_command("expose", *words)
    assert done.exit_code == 0, done.output
    assert "hush-hush" not in done.output
    assert settings(folder)["edge"]["turn_secret"] == "hush-hush"
    assert (folder / "callcenter.toml").stat().st_mode & 0o077 == 0


def test_the_settings_file_keeps_its_mode_unless_everybody_could_read_a_secret(
    type_command: Any, folder: Path
) -> None:
    path = folder / "callcenter.toml"
    path.chmod(0o640)
    assert type_command("expose", "--page-port", "8443").exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o640
    path.write_text(path.read_text() + '\n[[trunks]]\nname = "a"\nhosts = ["b"]\nsecret = "hush"\n')
    assert type_command("expose", "--page-port", "8444").exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o644)
    assert type_command("expose", "--page-port", "8445").exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_settings_file_behind_a_link_is_written_where_it_is(
    type_command: Any, folder: Path
) -> None:
    link, real = folder / "callcenter.toml", folder / "elsewhere" / "centre.toml"
    real.parent.mkdir()
    link.rename(real)
    link.symlink_to(real)
    assert type_command("expose", "--page-port", "8443").exit_code == 0
    assert link.is_symlink()
    assert "8443" in real.read_text()
    assert list(real.parent.iterdir()) == [real]


def test_without_options_it_says_how_things_are(type_command: Any) -> None:
    done = type_command("expose")
    assert done.exit_code == 0
    assert "this machine only" in done.output
    assert "仅本机" in type_command("--lang", "zh", "expose").output


# -- service --------------------------------------------------------------------------------------


def test_units_are_refused_before_there_is_a_switch(type_command: Any) -> None:
    done = type_command("service", "install")
    assert done.exit_code == 1
    assert "scripts/start" in done.output


def test_units_name_these_settings_and_can_be_taken_away(
    type_command: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.host.switch.find_switch", lambda home: object())
    monkeypatch.setenv("CALLCENTER_DATABASE_URL", "postgresql://u:hush-hush@localhost/x")
    (folder / "run").mkdir()
    units = folder / "units"
    done = type_command("service", "install", "--folder", str(units))
    assert done.exit_code == 0, done.output
    programs = ("switch", "engine-1", "engine-2", "edge", "archive")
    names = {f"callcenter-{name}.service" for name in programs}
    assert {path.name for path in units.iterdir()} == names
    engine = (units / "callcenter-engine-2.service").read_text()
    assert str(folder / "callcenter.toml") in engine
    assert "After=network-online.target callcenter-switch.service" in engine
    assert "hush-hush" not in engine
    assert f"EnvironmentFile={folder}/run/service.env\n" in engine
    assert "hush-hush" in (folder / "run/service.env").read_text()
    assert "daemon-reload" in done.output
    gone = type_command("service", "uninstall", "--folder", str(units))
    assert "stop callcenter-archive.service callcenter-edge.service" in gone.output
    assert list(units.iterdir()) == []
    assert not (folder / "run/service.env").exists()
    assert "no units" in type_command("service", "uninstall", "--folder", str(units)).output


def test_the_unit_of_a_page_at_443_may_have_that_port(
    type_command: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.host.switch.find_switch", lambda home: object())
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setenv("CALLCENTER_EDGE_PORT", "443")
    (folder / "run").mkdir()
    units = folder / "units"
    done = type_command("service", "install", "--user", "root", "--folder", str(units))
    assert done.exit_code == 0, done.output
    assert "CAP_NET_BIND_SERVICE" in (units / "callcenter-edge.service").read_text()
    assert "CAP_NET_BIND_SERVICE" not in (units / "callcenter-switch.service").read_text()


def test_a_stranger_cannot_be_the_services_user(
    type_command: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.host.switch.find_switch", lambda home: object())
    monkeypatch.setattr(os, "getuid", lambda: 0)
    (folder / "run").mkdir()
    done = type_command("service", "install", "--user", "no-such-person")
    assert done.exit_code == 2
    assert "no user no-such-person" in done.output
