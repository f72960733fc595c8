"""What is looked at before anything is started (ports that are taken, certificates that do not fit), and
how long work shows itself."""

import errno
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from callcenter.adapters.flows.set_aside import BEFORE, IN_FORCE
from callcenter.adapters.journal.lock import held_back
from callcenter.cli.before_start import check_certificate, check_ports, check_region
from callcenter.cli.progress import Progress
from callcenter.cli.start import bring_up
from callcenter.edge.certificates import LIFE, self_signed
from callcenter.host.processes import Keeper
from callcenter.settings import Settings, load

pytestmark = pytest.mark.adapter


def settings(folder: Path, **sip: object) -> Settings:
    """The settings of an installation whose ports are free."""
    names = ("CALLCENTER_HTTP_PORT", "CALLCENTER_EDGE_PORT", "CALLCENTER_SWITCH_HTTP_PORT")
    own = {f"CALLCENTER_SIP_{key}".upper(): str(value) for key, value in sip.items()}
    return load(folder / "callcenter.toml", {**dict.fromkeys(names, "26999"), **own})


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        (socket.SOCK_DGRAM, "port"),
        (socket.SOCK_STREAM, "port"),
        (socket.SOCK_STREAM, "tls_port"),
    ],
)
def test_a_sip_port_that_another_program_holds_is_named(
    tmp_path: Path, kind: socket.SocketKind, setting: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        ports = {"port": 26998, "tls_port": 26997, setting: taken}
        with pytest.raises(click.ClickException) as refused:
            check_ports(settings(tmp_path, certificate="a", private_key="b", **ports))
    assert f"port {taken} is in use; set another as [sip] {setting}  端口" in refused.value.message


def test_a_port_that_is_not_for_us_is_not_said_to_be_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(probe: socket.socket, address: tuple[str, int]) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbid)
    with pytest.raises(click.ClickException) as refused:
        check_ports(settings(tmp_path, port=443))
    assert "port 443 is not for ordinary users: set [sip] port to 1024" in refused.value.message
    assert "普通用户不能使用端口 443" in refused.value.message
    assert "in use" not in refused.value.message


def test_an_address_of_another_machine_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException) as refused:
        check_ports(settings(tmp_path, bind="203.0.113.99", port=26998))
    assert "203.0.113.99 is not an address of this machine" in refused.value.message


def test_a_port_for_tls_may_be_taken_where_there_is_no_certificate(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        check_ports(settings(tmp_path, port=26998, tls_port=other.getsockname()[1]))


def test_a_certificate_that_cannot_be_used_is_refused_before_asterisk_ignores_it(
    tmp_path: Path,
) -> None:
    mine = self_signed(tmp_path / "mine", ["a.example"], datetime.now(UTC))
    other = self_signed(tmp_path / "other", ["a.example"], datetime.now(UTC))
    with pytest.raises(click.ClickException, match="is not the key"):
        check_certificate(settings(tmp_path, certificate=mine.certificate, private_key=other.key))
    with pytest.raises(click.ClickException, match="cannot be read"):
        check_certificate(settings(tmp_path, certificate="gone.pem", private_key="gone.key"))


def test_an_expired_certificate_does_not_keep_the_centre_from_starting(tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - LIFE - timedelta(days=1)
    old = self_signed(tmp_path, ["a.example"], long_ago)
    check_certificate(settings(tmp_path, certificate=old.certificate, private_key=old.key))


async def test_who_starts_the_centre_has_the_flows_read_again_unless_it_is_running(
    tmp_path: Path,
) -> None:
    centre = settings(tmp_path)
    journal = centre.journal_folder
    record = centre.run_folder / IN_FORCE
    journal.mkdir(parents=True)
    record.touch()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = settings(tmp_path, port=other.getsockname()[1])
        async with Keeper([], print) as keeper:
            with held_back(journal), pytest.raises(click.ClickException, match="is running"):
                await bring_up(taken, tmp_path, keeper)
            assert names_in(centre.run_folder) >= {IN_FORCE}
            with pytest.raises(click.ClickException, match="is in use"):
                await bring_up(taken, tmp_path, keeper)
    assert names_in(centre.run_folder) & {IN_FORCE, BEFORE} == {BEFORE}


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_long_work_shows_itself_in_a_log_file_too(capsys: pytest.CaptureFixture[str]) -> None:
    say = Progress()
    say.step("Asterisk", "电话交换机")
    say("Reading the index", None)
    for done in range(11, 101, 3):
        say("Unpacking", done / 100)
    say.done("22.10")
    assert capsys.readouterr().err == (
        "  Asterisk 电话交换机 … \n    Reading the index\n    Unpacking"
        " 10% 20% 30% 40% 50% 60% 70% 80% 90% 22.10 ✓\n"
    )


def test_a_country_that_nobody_knows_is_refused_before_numbers_go_astray(tmp_path: Path) -> None:
    check_region(settings(tmp_path))
    elsewhere = load(tmp_path / "callcenter.toml", {"CALLCENTER_CENTRE_REGION": "XX"})
    with pytest.raises(click.ClickException, match=r"\[centre\] region: there is no country 'XX'"):
        check_region(elsewhere)
