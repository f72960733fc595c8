"""Files that only the holder of a key can read: age (age-encryption.org/v1), piece by piece, so that a
file may be larger than memory. `age -d -i KEY FILE` opens them without any program of ours.

What encrypts wants to read and we want to write, so that a thread of its own does it behind a pipe.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

from callcenter.host.mending import Mendable
from callcenter.private_file import write_private

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")

_PIPE: Final = 2**20
_PUBLIC, _PRIVATE = "age1", "AGE-SECRET-KEY-"


class BackupUnusable(Mendable):
    """A backup cannot be made or used; says in both languages why, and what to do."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(f"{en}\n{zh}")
        self.en = en
        self.zh = zh


class WrongKey(BackupUnusable):
    """None of the keys opens the file."""


class Damaged(BackupUnusable):
    """The file was cut off, altered, or never was a backup."""


def new_key(path: Path, made_at: datetime | None = None) -> str:
    """Make a key pair; the private half goes to `path`, for its owner only. Returns the public half."""
    identity = _age().x25519.Identity.generate()
    public = str(identity.to_public())
    at = (made_at or datetime.now(UTC)).isoformat(timespec="seconds")
    write_private(path, f"# created: {at}\n# public key: {public}\n{identity}\n")
    return public


def recipients(text: str) -> list[str]:
    """The public keys meant by `text`: one itself, or a file with one a line. Raises: BackupUnusable."""
    is_key = text.startswith((_PUBLIC, _PRIVATE))
    lines = [text] if is_key else _lines(Path(text))
    for line in lines:
        try:
            _age().x25519.Recipient.from_str(line)
        except _age().RecipientError:
            shown = "a private key" if line.startswith(_PRIVATE) else "no public key"
            raise BackupUnusable(
                f"{_harmless(text)}: {shown}. Write one that begins with age1 (age-keygen -y FILE shows"
                " it), or a file of them",
                f"{_harmless(text)}：不是公钥。请给出以 age1 开头的公钥"
                "（age-keygen -y FILE 可显示），或公钥文件",
            ) from None
    if not lines:
        raise BackupUnusable(f"{text}: no key is in it", f"{text}：文件中没有密钥")
    return lines


def identities(paths: Sequence[Path]) -> list[Any]:
    """The private keys in these files. Raises: BackupUnusable."""
    found = []
    for path in paths:
        for line in _lines(path):
            try:
                found.append(_age().x25519.Identity.from_str(line))
            except _age().IdentityError:
                raise BackupUnusable(
                    f"{path}: a line is no private key; each begins with {_PRIVATE}",
                    f"{path}：有一行不是私钥；私钥以 {_PRIVATE} 开头",
                ) from None
    if not found:
        raise WrongKey(
            "No key to open the backup with. Give the file that was kept elsewhere: --identity FILE",
            "没有可用来打开备份的密钥。请用 --identity FILE 指定另行保存的密钥文件",
        )
    return found


@contextmanager
def sealed(path: Path, public_keys: Sequence[str]) -> Iterator[BinaryIO]:
    """Write through this into the new file `path`; it is on the disk when this ends.

    Raises: OSError, as when the disk is full; what is there then is to be removed.
    """
    age = _age()
    to = [age.x25519.Recipient.from_str(key) for key in public_keys]
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as out:
        read, write = _pipe()
        source = open(read, "rb", buffering=_PIPE)  # noqa: SIM115  # The thread closes it.
        disk = _Disk(out)
        work = _Aside(lambda: disk.tell(lambda: age.encrypt_io(source, disk, to)), source)
        try:
            with open(write, "wb", buffering=_PIPE) as into:
                yield into
        except BrokenPipeError:
            work.end()
            raise
        finally:
            work.end()
        out.flush()
        os.fsync(out.fileno())


@contextmanager
def opened(path: Path, private_keys: Sequence[Any]) -> Iterator[BinaryIO]:
    """Read what was sealed. It is known to be whole when this ends without an error.

    Raises: WrongKey, Damaged, OSError.
    """
    with path.open("rb") as source:
        read, write = _pipe()
        into = open(write, "wb", buffering=_PIPE)  # noqa: SIM115  # The thread closes it.
        work = _Aside(lambda: _open(source, into, private_keys, path), into)
        try:
            with open(read, "rb", buffering=_PIPE) as out:
                yield out
                while out.read(_PIPE):
                    pass
        except BaseException:
            # Whatever was wrong with what was read may come from its having ended early.
            work.end()
            raise
        work.end()


class _Disk:
    """A file whose own errors are remembered: what encrypts tells them as words only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def read(self, count: int = -1) -> bytes:
        return self._kept(lambda: self._file.read(count))

    def write(self, piece: bytes) -> int:
        return self._kept(lambda: self._file.write(piece))

    def flush(self) -> None:
        self._kept(self._file.flush)

    def tell(self, work: Callable[[], None]) -> None:
        """Do it. Raises what the disk said, or else what the work did."""
        try:
            work()
        except Exception:
            if self._error is not None:
                raise self._error from None
            raise

    def _kept(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            self._error = error
            raise


class _Aside:
    """Work in a thread, and what went wrong in it."""

    def __init__(self, work: Callable[[], None], pipe_end: BinaryIO) -> None:
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(work, pipe_end), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None], pipe_end: BinaryIO) -> None:
        try:
            work()
        except BaseException as error:
            self._error = error
        finally:
            # Who waits at the other end must not wait for ever.
            try:
                pipe_end.close()
            except OSError as error:
                self._error = self._error or error

    def end(self) -> None:
        """Wait for it. Raises what it raised, unless only nobody listened any more."""
        self._thread.join()
        error, self._error = self._error, None
        if error is not None and not isinstance(error, BrokenPipeError):
            raise error from None


def _open(source: BinaryIO, into: BinaryIO, private_keys: Sequence[Any], path: Path) -> None:
    age = _age()
    try:
        disk = _Disk(source)
        disk.tell(lambda: age.decrypt_io(disk, into, private_keys))
        into.flush()
    except age.DecryptError as error:
        if "No matching" in str(error):
            raise WrongKey(
                f"{path}: the key does not open it. Give the one made with it: --identity FILE",
                f"{path}：该密钥无法打开此文件。请用 --identity FILE 指定对应的密钥",
            ) from None
        raise Damaged(
            f"{path} is no backup, or its beginning is damaged; take another copy of it",
            f"{path} 不是备份文件，或开头已损坏；请使用另一份副本",
        ) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise Damaged(
            f"{path} was cut off or altered: take another copy, or an older backup. What is whole can be"
            f" had with: age -d -i KEY {path} | tar -x",
            f"{path} 不完整或被改动：请使用另一份副本或更早的备份。完好的部分可用以下命令取出："
            f"age -d -i KEY {path} | tar -x",
        ) from None


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    with contextlib.suppress(OSError):  # As large as we may; smaller is only slower.
        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, _PIPE)
    return ends


def _lines(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise BackupUnusable(
            f"{path} cannot be read as a file of keys: {why}", f"无法读取密钥文件 {path}：{why}"
        ) from None
    return [line for line in lines if line and not line.startswith("#")]


def _harmless(text: str) -> str:
    return "(a private key)" if text.startswith(_PRIVATE) else text


def _age() -> "ModuleType":
    try:
        import pyrage
    except ImportError:
        raise BackupUnusable(
            "Backups need the Python package pyrage: run scripts/start once, or pip install pyrage",
            "备份需要 Python 包 pyrage：请运行一次 scripts/start，或 pip install pyrage",
        ) from None
    module: ModuleType = pyrage
    return module
