"""`callcenter backup` and `restore` as a person types them, and what the doctor says about backups."""

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from callcenter.adapters.db.migrations import upgrade
from callcenter.cli.checks_backup import check_backup
from callcenter.cli.findings import Level
from callcenter.host.sealing import identities, opened, sealed
from callcenter.settings import load

pytestmark = pytest.mark.adapter

Typed = Callable[..., Result]


@pytest.fixture
def centre(folder: Path) -> Path:
    """A centre that was started once."""
    upgrade(f"sqlite:///{folder}/run/callcenter.db")
    (folder / "ivr_flows").mkdir()
    (folder / "ivr_flows/a.yaml").write_text("id: a\n")
    (folder / "recordings/messages").mkdir(parents=True)
    (folder / "recordings/messages/cc1-1.wav").write_bytes(b"RIFF")
    (folder / "out").mkdir()
    return folder


def backed_up(type_command: Typed, centre: Path) -> tuple[str, str]:
    done = type_command("backup", str(centre / "out/b"))
    assert done.exit_code == 0, done.output
    return str(centre / "out/b.tar.age"), str(centre / "out/b.keys.tar.age")


def test_a_backup_comes_back_with_settings_that_fit_the_new_place(
    type_command: Typed, centre: Path
) -> None:
    own = centre / "callcenter.toml"
    own.write_text(
        own.read_text().replace("[centre]", '[centre]\nqueue_log = "/var/log/queue_log"')
    )
    data, keys = backed_up(type_command, centre)
    into = centre / "back"
    done = type_command("restore", data, "--into", str(into), "--keys", keys)
    assert done.exit_code == 0, done.output
    assert "everything as it was backed up" in done.output
    restored = load(into / "callcenter.toml", {})
    assert (restored.run_folder, restored.http.port) == (into / "run", 26081)
    assert load(own, {}).queue_log and restored.queue_log is None, "two would write one file"
    assert "# mine" in (into / "callcenter.toml").read_text()
    assert (into / "flows/a.yaml").read_text() == "id: a\n"
    assert (into / "recordings/messages/cc1-1.wav").read_bytes() == b"RIFF"
    assert 'recordings_folder = "recordings"' in (into / "callcenter.toml").read_text()
    assert type_command("--config", str(into / "callcenter.toml"), "db", "current").exit_code == 0


def test_the_first_backup_says_in_both_languages_to_keep_its_keys(
    type_command: Typed, centre: Path
) -> None:
    first = type_command("backup", str(centre / "out"))
    assert "away from this machine" in first.output and "安全位置" in first.output
    for name in ("backup-key.txt", "backup-key-of-keys.txt"):
        assert (centre / "run" / name).stat().st_mode & 0o777 == 0o600
        (centre / "run" / name).unlink()
    second = type_command("backup", str(centre / "out/second"))
    assert second.exit_code == 0 and "Two keys were made" not in second.output
    lost = type_command("restore", str(centre / "out/second.tar.age"), "--into", str(centre / "x"))
    assert lost.exit_code == 1 and "--identity" in lost.output


@pytest.mark.parametrize(
    ("words", "said"), [((), "overwrites nothing"), (("--lang", "zh"), "不会覆盖")]
)
def test_nothing_is_restored_over_something(
    type_command: Typed, centre: Path, words: tuple[str, ...], said: str
) -> None:
    data, _ = backed_up(type_command, centre)
    before = sorted(centre.rglob("*"))
    done = type_command(*words, "restore", data, "--into", str(centre / "ivr_flows"))
    assert done.exit_code == 1 and said in done.output
    assert sorted(centre.rglob("*")) == before


def test_a_file_that_was_cut_off_leaves_nothing_behind(type_command: Typed, centre: Path) -> None:
    data, _ = backed_up(type_command, centre)
    whole = Path(data).read_bytes()
    Path(data).write_bytes(whole[: len(whole) // 2])
    done = type_command("restore", data, "--into", str(centre / "back"))
    assert done.exit_code == 1 and "cut off or altered" in done.output
    assert not (centre / "back").exists()


def test_what_differs_from_its_hash_is_told_and_is_no_success(
    type_command: Typed, centre: Path
) -> None:
    data, keys = backed_up(type_command, centre)
    own = identities([centre / "run/backup-key.txt"])
    out = io.BytesIO()
    with (
        opened(Path(data), own) as source,
        tarfile.open(fileobj=source, mode="r|") as tar,
        tarfile.open(fileobj=out, mode="w") as changed,
    ):
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            changed.addfile(member, io.BytesIO(content.read().replace(b"id: a", b"id: b")))
    known = json.loads((centre / "run/backup-recipients.json").read_text())
    with sealed(centre / "out/c.tar.age", [known["data"]]) as sink:
        sink.write(out.getvalue())
    into = str(centre / "back")
    done = type_command("restore", str(centre / "out/c.tar.age"), "--into", into, "--keys", keys)
    assert done.exit_code == 1
    assert "flows/a.yaml differ from what was backed up" in done.output


def test_a_backup_for_somebody_else_is_opened_by_their_key_alone(
    type_command: Typed, centre: Path
) -> None:
    backed_up(type_command, centre)  # Makes a key, which plays somebody else's.
    key = centre / "theirs.txt"
    (centre / "run/backup-key.txt").rename(key)
    public = key.read_text().split("# public key: ")[1].split()[0]
    done = type_command("backup", "--recipient", public, str(centre / "out/theirs"))
    assert done.exit_code == 0, done.output
    file, into = str(centre / "out/theirs.tar.age"), str(centre / "back")
    assert type_command("restore", file, "--into", into).exit_code == 1
    assert type_command("restore", file, "--into", into, "--identity", str(key)).exit_code == 0


def test_where_no_centre_is_nothing_is_backed_up(type_command: Typed, folder: Path) -> None:
    done = type_command("backup", str(folder / "b"))
    assert done.exit_code == 1 and "no centre" in done.output
    assert not (folder / "b.tar.age").exists()


def test_a_drill_restores_compares_and_is_written_down(type_command: Typed, centre: Path) -> None:
    data, _ = backed_up(type_command, centre)
    done = type_command("backup", "drill", "--no-call", data)
    assert done.exit_code == 0, done.output
    assert "The drill passed" in done.output
    assert json.loads((centre / "run/last-drill.json").read_text())["passed"]
    assert list((centre / "run").glob("drill-*")) == []
    Path(data).write_bytes(b"nonsense")
    assert type_command("backup", "drill", "--no-call", data).exit_code == 1
    assert not json.loads((centre / "run/last-drill.json").read_text())["passed"]


def looked(folder: Path) -> dict[str, tuple[Level, str]]:
    found = check_backup(load(folder / "callcenter.toml", {}))
    return {one.topic: (one.level, one.en) for one in found}


def test_the_doctor_knows_how_old_backup_and_drill_are(type_command: Typed, centre: Path) -> None:
    assert looked(centre)["backup"] == (Level.WARNING, "none was ever made")
    data, _ = backed_up(type_command, centre)
    assert looked(centre)["backup"][0] is Level.OK
    assert looked(centre)["drill"][0] is Level.WARNING
    type_command("backup", "drill", "--no-call", data)
    assert looked(centre)["drill"][0] is Level.OK
    for name, days in (("last-backup.json", 3), ("last-drill.json", 31)):
        path = centre / "run" / name
        at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        path.write_text(json.dumps(json.loads(path.read_text()) | {"at": at}))
    assert [level for level, _ in looked(centre).values()] == [Level.WARNING, Level.WARNING]
    assert "31 days" in looked(centre)["drill"][1]
