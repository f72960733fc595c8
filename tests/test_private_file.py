"""Files that only their owner reads."""

import os
import stat
from pathlib import Path

import pytest

from callcenter.private_file import write_private

pytestmark = pytest.mark.service


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_its_owners_alone_and_so_is_one_that_was_not(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    write_private(path, "one")
    assert (path.read_text(), mode(path)) == ("one", 0o600)
    path.chmod(0o644)
    write_private(path, "密钥")
    assert (path.read_text("utf-8"), mode(path)) == ("密钥", 0o600)
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_a_mode_may_be_asked_for(tmp_path: Path) -> None:
    write_private(tmp_path / "a", "", mode=0o640)
    assert mode(tmp_path / "a") == 0o640


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("theirs")
    link.symlink_to(target)
    write_private(link, "ours")
    assert target.read_text() == "theirs"
    assert (link.is_symlink(), link.read_text()) == (False, "ours")


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "keys.json"
    write_private(path, "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_root_leaves_a_file_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda handle, user, group: given.append((user, group)))
    owner = tmp_path.stat()
    for text in ("new", "again"):
        write_private(tmp_path / "callcenter.toml", text)
    assert given == [(owner.st_uid, owner.st_gid)] * 2


def test_a_group_that_cannot_be_kept_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, user: int, group: int) -> None:
        raise PermissionError

    path = tmp_path / "callcenter.toml"
    path.write_text("old")
    real = os.lstat(path)
    other = os.stat_result([*real[:5], real.st_gid + 1, *real[6:]])
    monkeypatch.setattr(Path, "lstat", lambda self: other)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "fchown", refuse)
    write_private(path, "new", mode=0o660)
    monkeypatch.undo()
    assert (path.read_text(), mode(path)) == ("new", 0o600)
