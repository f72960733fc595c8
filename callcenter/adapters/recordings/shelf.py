"""The folder of recordings: `messages/<id>.wav`, each there as a whole or not at all."""

import asyncio
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from callcenter.core.ids import CallId
from callcenter.ports.messages import Message, NoSuchMessage

MESSAGES: Final = "messages"


class Shelf:
    """See `ports.messages.Sounds`; the rest is for whoever brings sound in."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        self._folder = folder / MESSAGES

    async def read(self, message: Message) -> bytes:
        """See `ports.messages.Sounds`. Nothing outside the folder is ever read, whatever `path` says."""
        found = await asyncio.to_thread(self._read, message.path)
        if found is None:
            raise NoSuchMessage(message.call)
        return found

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Make the folder if need be, and hold it against other processes; whether nobody else does.

        Raises: OSError.
        """
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _keep(self._root)
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)

    def path_of(self, call: CallId) -> str:
        """Relative to the folder of recordings."""
        return f"{MESSAGES}/{call}.wav"

    def find(self, call: CallId) -> bytes | None:
        """What is there, if anything. Raises: OSError."""
        return self._read(self.path_of(call))

    def lay_out(self, call: CallId, sound: bytes) -> None:
        """Write it beside its place: whatever may fail for want of room has then been done.

        Raises: OSError, and nothing is left of it.
        """
        part = self._part(call)
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with open(handle, "wb") as file:
                file.write(sound)
                file.flush()
                os.fsync(handle)
        except OSError:
            with suppress(OSError):
                os.unlink(part)
            raise

    def put_in_place(self, call: CallId) -> None:
        """What was laid out. Raises: OSError."""
        os.rename(self._part(call), self._root / self.path_of(call))
        _keep(self._folder)

    def _part(self, call: CallId) -> Path:
        return self._folder / f".{call}.part"

    def _read(self, path: str) -> bytes | None:
        wanted = self._root / path
        with suppress(FileNotFoundError, NotADirectoryError):
            if not wanted.resolve().is_relative_to(self._root.resolve()):
                return None
            if stat.S_ISREG(os.lstat(wanted).st_mode):
                return wanted.read_bytes()
        return None


def _keep(folder: Path) -> None:
    """Let the disk have the names in a folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
