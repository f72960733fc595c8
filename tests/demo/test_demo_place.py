"""Where a demo plays: ports and a folder that nobody else has, and nothing of the real centre."""

import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from callcenter.cli import demo
from callcenter.demo.ports import LOOPBACK, SIZE, NoPorts, reserve
from callcenter.settings import load

pytestmark = pytest.mark.adapter


@pytest.fixture
def first() -> int:
    """The first port of a block in which nobody has any."""
    block, guard = reserve()
    guard.close()
    return block.base


@pytest.fixture(autouse=True)
def _own_ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    guards: list[socket.socket] = []
    monkeypatch.setattr(demo, "_guards", guards)
    monkeypatch.delenv(demo.PORTS, raising=False)
    yield
    for guard in guards:
        guard.close()


def test_a_block_is_nobody_elses_while_it_is_held(first: int) -> None:
    last = first + SIZE - 1
    block, guard = reserve(first, last)
    with guard:
        assert block.base == first
        with pytest.raises(NoPorts):
            reserve(first, last)
    again, guard = reserve(first, last)
    guard.close()
    assert again == block


def test_a_block_in_which_somebody_has_a_port_is_left_alone(first: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, first + 200))
        with pytest.raises(NoPorts, match=str(first)):
            reserve(first, first + SIZE - 1)


def test_ports_of_one_block_do_not_meet() -> None:
    block, guard = reserve()
    guard.close()
    doors = {block.base, block.sip, block.sip_tls, block.switch_http, block.ami, block.engine}
    doors |= {block.edge, block.phones}
    assert len(doors) == 8
    assert max(doors) < block.rtp[0] < block.rtp[1] < block.phones_rtp[0] < block.phones_rtp[1]


def test_two_demos_of_one_clone_share_neither_folder_nor_ports(tmp_path: Path) -> None:
    one, other = demo.demo_environment(tmp_path), demo.demo_environment(tmp_path)
    for name in ("CENTRE_RUN_FOLDER", "SIP_PORT", "EDGE_PORT", "HTTP_PORT", "SWITCH_HTTP_PORT"):
        assert one[f"CALLCENTER_{name}"] != other[f"CALLCENTER_{name}"]


def test_what_the_environment_says_is_understood_and_stays_at_home(tmp_path: Path) -> None:
    environment = demo.demo_environment(tmp_path)
    settings = load(tmp_path / "no.toml", environment)
    assert settings.run_folder == tmp_path / "run" / "demo-1"
    assert settings.recordings_folder == settings.run_folder / "recordings"
    assert (settings.sip.bind, settings.edge.bind) == (LOOPBACK, LOOPBACK)
    assert (settings.trunks, settings.database.url, settings.edge.certificate) == ((), "", "")
    assert settings.path(settings.switch.folder) == tmp_path / "run" / "switch"


def test_a_demo_may_have_a_database_server_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCENTER_DATABASE_URL", "postgresql://real/centre")
    monkeypatch.setenv(demo.DATABASE, "postgresql://demo/demo")
    assert demo.demo_environment(tmp_path)["CALLCENTER_DATABASE_URL"] == "postgresql://demo/demo"


def test_a_broken_port_range_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(demo.PORTS, "from here")
    with pytest.raises(click.ClickException, match="write for example 28000-28999"):
        demo.demo_environment(tmp_path)


def test_a_good_end_removes_the_folder_and_keeps_what_was_spoken(tmp_path: Path) -> None:
    folder = Path(demo.demo_environment(tmp_path)["CALLCENTER_CENTRE_RUN_FOLDER"])
    (folder / "prompts" / "en").mkdir(parents=True)
    (folder / "prompts" / "en" / "hello.ulaw").write_bytes(b"sound")
    demo.clear_away(folder, 0)
    assert not folder.exists()
    next_one = Path(demo.demo_environment(tmp_path)["CALLCENTER_CENTRE_RUN_FOLDER"])
    assert (next_one / "prompts" / "en" / "hello.ulaw").read_bytes() == b"sound"
    (next_one / "prompts" / "en" / "bye.ulaw").write_bytes(b"another")
    demo.clear_away(next_one, 0)
    kept = tmp_path / "run" / demo.KEPT_PROMPTS / "en"
    assert sorted(file.name for file in kept.iterdir()) == ["bye.ulaw", "hello.ulaw"]


def test_after_a_failure_the_folder_is_kept_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(demo.demo_environment(tmp_path)["CALLCENTER_CENTRE_RUN_FOLDER"])
    demo.clear_away(folder, 1)
    assert folder.exists()
    assert str(folder) in capsys.readouterr().err
