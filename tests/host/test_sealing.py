"""Files for the holder of a key: what comes back, and what is refused."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callcenter.host.sealing import (
    BackupUnusable,
    Damaged,
    WrongKey,
    identities,
    new_key,
    opened,
    recipients,
    sealed,
)

pytestmark = pytest.mark.adapter

CONTENT = os.urandom(300_000)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write(path: Path, public: str, content: bytes = CONTENT) -> Path:
    with sealed(path, [public]) as out:
        out.write(content)
    return path


def read(path: Path, key: Path) -> bytes:
    with opened(path, identities([key])) as source:
        return source.read()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    new_key(tmp_path / "key.txt")
    return tmp_path / "key.txt"


def public_half(key: Path) -> str:
    return key.read_text().split("# public key: ")[1].split()[0]


def test_what_was_sealed_comes_back_and_is_unreadable_meanwhile(tmp_path: Path, key: Path) -> None:
    file = write(tmp_path / "a.age", public_half(key))
    assert read(file, key) == CONTENT
    assert CONTENT[:64] not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(key.stat().st_mode) == 0o600


def test_another_key_does_not_open_it(tmp_path: Path, key: Path) -> None:
    file = write(tmp_path / "a.age", public_half(key))
    new_key(tmp_path / "other.txt")
    with pytest.raises(WrongKey, match="--identity"):
        read(file, tmp_path / "other.txt")


# In the header, in the first piece, between two pieces of 64 KiB, and one byte before the end.
@pytest.mark.parametrize("left", [0, 10, 5000, 200 + 65552 * 2, -1])
def test_a_file_that_was_cut_off_is_never_taken_for_whole(
    tmp_path: Path, key: Path, left: int
) -> None:
    file = write(tmp_path / "a.age", public_half(key))
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(Damaged):
        read(file, key)


def test_an_altered_byte_is_found(tmp_path: Path, key: Path) -> None:
    file = write(tmp_path / "a.age", public_half(key))
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(Damaged, match="cut off or altered"):
        read(file, key)


def test_what_went_wrong_with_the_disk_is_said_by_its_name(tmp_path: Path, key: Path) -> None:
    with room_for(100_000), pytest.raises(OSError, match="File too large"):
        write(tmp_path / "a.age", public_half(key), os.urandom(5_000_000))


def test_who_reads_no_further_holds_up_nobody(tmp_path: Path, key: Path) -> None:
    file = write(tmp_path / "a.age", public_half(key), os.urandom(5_000_000))
    with pytest.raises(KeyError), opened(file, identities([key])) as source:
        source.read(10)
        raise KeyError


def test_a_private_key_is_no_recipient_and_is_not_repeated(tmp_path: Path, key: Path) -> None:
    private = key.read_text().splitlines()[-1]
    for text in (str(key), private):
        with pytest.raises(BackupUnusable) as refused:
            recipients(text)
        assert private not in str(refused.value)


def test_recipients_are_a_key_or_a_file_of_keys(tmp_path: Path, key: Path) -> None:
    public = public_half(key)
    (tmp_path / "to.txt").write_text(f"# ours\n{public}\n\n")
    assert recipients(public) == recipients(str(tmp_path / "to.txt")) == [public]
    with pytest.raises(BackupUnusable, match="begins with age1"):
        recipients("age1nonsense")
    with pytest.raises(BackupUnusable, match="cannot be read"):
        recipients(str(tmp_path / "nowhere"))
