"""Who may write the journal: one lock in its folder, which the kernel lets go of when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PRIVATE = 0o600


class JournalInUse(Exception):
    """Another engine writes this journal."""


def lock(folder: Path) -> int:
    """The lock on the journal in `folder`, to be let go of by closing it.

    Raises: JournalInUse.
    """
    held = _take(folder, wait=False)
    os.write(held, str(os.getpid()).encode())
    return held


def _take(folder: Path, *, wait: bool) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
    try:
        fcntl.flock(held, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise JournalInUse(
            f"{folder} is being written by another engine. Stop it, or give this one a run"
            " folder of its own"
        ) from None
    os.ftruncate(held, 0)
    return held


@contextmanager
def held_back(folder: Path) -> Iterator[None]:
    """Let no engine begin in the meantime. Raises: JournalInUse, when one is at work."""
    held = _take(folder, wait=False)
    try:
        yield
    finally:
        os.close(held)


def wait_until_free(folder: Path) -> None:
    """Block this thread while another engine writes the journal in `folder`.

    The kernel wakes us when that one lets go or dies, however it dies. Whoever else waited may still
    be quicker: `lock` then says so.
    """
    os.close(_take(folder, wait=True))


def writer(folder: Path) -> int | None:
    """Process id of the engine that writes the journal in `folder`; None if there is none."""
    path = folder / "lock"
    if not path.exists():
        return None
    held = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(path.read_text() or 0) or None
    finally:
        os.close(held)
    return None
