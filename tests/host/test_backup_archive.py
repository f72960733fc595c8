"""The inside of a backup: what was written comes back, and what nobody of us wrote is refused."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from callcenter.host.backup_archive import MANIFEST, ArchiveWriter, unpack
from callcenter.host.backup_files import of_run_folder
from callcenter.host.sealing import BackupUnusable, Damaged

pytestmark = pytest.mark.adapter

Entry = tuple[tarfile.TarInfo, bytes]


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    writer = ArchiveWriter(out)
    for name in names:
        writer.add_bytes(name, f"content of {name}".encode())
    writer.finish({"format": 1})
    return out.getvalue()


def tar_of(*entries: Entry) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for about, content in entries:
            tar.addfile(about, io.BytesIO(content))
    return out.getvalue()


def entry(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> Entry:
    about = tarfile.TarInfo(name)
    about.size = len(content) if kind == tarfile.REGTYPE else 0
    about.type, about.linkname = kind, link
    return about, content


def manifest(**files: str) -> Entry:
    known = {name: {"size": 1, "sha256": digest} for name, digest in files.items()}
    return entry(MANIFEST, json.dumps({"format": 1, "files": known}).encode())


def endless_header() -> bytes:
    """A header that says that a gigabyte of it follows."""
    about = tarfile.TarInfo("run/x")
    about.type, about.size = tarfile.XHDTYPE, 2**30
    return about.tobuf(tarfile.USTAR_FORMAT)


def far_too_large() -> bytes:
    about = tarfile.TarInfo("run/x")
    about.size = 2**60
    return about.tobuf(tarfile.GNU_FORMAT)


def test_files_come_back_private_and_known_by_their_hashes(tmp_path: Path) -> None:
    found = unpack(io.BytesIO(archive("run/a", "flows/deep/b")), tmp_path)
    assert (tmp_path / "flows/deep/b").read_text() == "content of flows/deep/b"
    assert (tmp_path / "run/a").stat().st_mode & 0o777 == 0o600
    assert (found.differing, found.missing, found.unknown) == ([], [], [])


def test_a_plain_tar_reads_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive("run/a"))) as tar:
        assert tar.getnames() == ["run/a", MANIFEST]


def test_what_differs_is_missing_or_is_too_much_is_told(tmp_path: Path) -> None:
    said = manifest(**{"run/changed": "0", "run/gone": "0"})
    content = tar_of(entry("run/changed"), entry("run/extra"), said)
    found = unpack(io.BytesIO(content), tmp_path)
    assert found.differing == ["run/changed"]
    assert found.missing == ["run/gone"]
    assert found.unknown == ["run/extra"]


@pytest.mark.parametrize(
    "content",
    [
        tar_of(entry("../evil"), manifest()),
        tar_of(entry("run/../../evil"), manifest()),
        tar_of(entry("/tmp/evil"), manifest()),
        tar_of(entry("elsewhere/evil"), manifest()),
        tar_of(entry("run//evil"), manifest()),
        tar_of(entry("run/ev\x1bil"), manifest()),
        tar_of(entry("run/link", kind=tarfile.SYMTYPE, link="/etc"), entry("run/link/evil")),
        tar_of(entry("run/link", kind=tarfile.LNKTYPE, link="/etc/passwd")),
        tar_of(entry("run/device", kind=tarfile.CHRTYPE)),
        tar_of(entry("run/pipe", kind=tarfile.FIFOTYPE)),
        tar_of(entry("run/folder", kind=tarfile.DIRTYPE)),
        tar_of(entry("run/sparse", kind=tarfile.GNUTYPE_SPARSE)),
        tar_of(entry("run/twice"), entry("run/twice"), manifest()),
        tar_of(entry("run/" + "x" * 2000), manifest()),
        endless_header(),
        far_too_large(),
    ],
    ids=range(16),
)
def test_an_archive_that_would_write_elsewhere_or_too_much_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(BackupUnusable):
        unpack(io.BytesIO(content), into)
    assert [path for path in tmp_path.rglob("*evil*")] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        archive("run/a")[:600],
        archive("run/a")[:1536],
        tar_of(entry("run/a")),
        tar_of(entry(MANIFEST, b"[" * 100_000)),
        tar_of(entry(MANIFEST, b"[]")),
        tar_of(entry(MANIFEST, b'{"format": 1, "files": {"a": 1}}')),
    ],
    ids=range(7),
)
def test_half_an_archive_is_not_taken_for_one(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Damaged):
        unpack(io.BytesIO(content), tmp_path)


def test_a_newer_format_says_so(tmp_path: Path) -> None:
    content = tar_of(entry(MANIFEST, b'{"format": 2, "files": {}}'))
    with pytest.raises(BackupUnusable, match="format 2"):
        unpack(io.BytesIO(content), tmp_path)


def test_a_file_that_shrinks_meanwhile_is_filled_up_and_told(tmp_path: Path) -> None:
    file = tmp_path / "recording.wav"
    file.write_bytes(b"x" * 3_000_000)
    out = io.BytesIO()

    def shrink(_count: int) -> None:
        file.write_bytes(b"")

    writer = ArchiveWriter(out, moved=shrink)
    assert writer.add_file("run/recording.wav", file)
    writer.finish({"format": 1})
    assert writer.changed == ["run/recording.wav"]
    out.seek(0)
    (tmp_path / "into").mkdir()
    assert unpack(out, tmp_path / "into").differing == []


def test_a_file_that_is_gone_is_no_file(tmp_path: Path) -> None:
    assert not ArchiveWriter(io.BytesIO()).add_file("run/x", tmp_path / "gone")


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str], None]:
    def _put(name: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    return _put


def test_what_is_not_known_is_kept_apart_and_what_is_made_again_is_left_out(
    tmp_path: Path, put: Callable[[str], None]
) -> None:
    for name in (
        *("prompts/zh/hotline/bye/1f.ulaw", "prompts/words/zh/2e.ulaw"),
        *("recordings/a.wav", "recordings/b.wav.part", "flows-in-force.json", "archive/f.gz"),
        *("secrets.json", "tls/x.key", "a-file-of-tomorrow.json", "asterisk/spool/fallback/1.wav"),
        *("callcenter.db", "callcenter.db-wal", "cli.json", "journal/x", "asterisk/etc/pjsip.conf"),
        *("backup-key.txt", "last-backup.json", ".secrets.json.lock", "logs/engine.log"),
    ):
        put(name)
    (tmp_path / "recordings/link").symlink_to("/etc/passwd")
    skipped: list[str] = []
    chosen = list(of_run_folder(tmp_path, skipped))
    assert {one.name for one in chosen if not one.apart} == {
        "run/prompts/zh/hotline/bye/1f.ulaw",
        "run/recordings/a.wav",
        "run/flows-in-force.json",
        "run/archive/f.gz",
        "run/asterisk/spool/fallback/1.wav",
    }
    assert {one.name for one in chosen if one.apart} == {
        "run/secrets.json",
        "run/tls/x.key",
        "run/a-file-of-tomorrow.json",
    }
    assert skipped == ["run/recordings/link"]
