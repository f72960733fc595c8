"""The folder into which the switch records messages: which of them are finished, and what they hold.

A name says everything that is known of a message: `<arrival, epoch>_<id>_<caller>_<dialled>.wav`, and
where a flow asked for it `_<queue>_<language>` before the end. It holds a number, so that names are neither
logged nor part of an error.
"""

import fcntl
import logging
import os
import re
import signal
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from callcenter.adapters.recordings.wav import HEADER_BYTES, NoSound, whole
from callcenter.core.ids import CallId

logger = logging.getLogger(__name__)

# The switch writes blocks of 32 KiB, two seconds of sound, and a file that it is still writing may stand
# still for four. Ten are more than twice that. A switch that is stopped, or waits for a disk, stands still
# for longer: the kernel is asked too whether anybody has the file open to write.
QUIET_FOR: Final = timedelta(seconds=10)
LARGEST: Final = 8 * 1024 * 1024
"""Four times what the longest message (two minutes) has."""

_NAME: Final = re.compile(
    r"(?P<since>[0-9]{0,10})_(?P<call>[a-z0-9]{1,16}-(?P<made>[0-9]{1,10})\.[0-9]{1,10})"
    r"_(?P<ani>anonymous|[0-9+]{0,40})_(?P<dnis>[0-9+A-Za-z]{0,80})"
    r"(?:_(?P<queue>[a-z0-9-]{0,64})_(?P<language>[A-Za-z0-9-]{2,20}))?\.wav"
)


@dataclass(frozen=True, slots=True)
class Spooled:
    """A finished file; `ani` and `dnis` as the switch knows them. Where a flow asked for it, `language` is
    the caller's, and `queue` the one that they waited in."""

    name: str
    call: CallId
    ani: str
    dnis: str
    arrived_at: datetime
    queue: str = ""
    language: str = ""


class Spool:
    """`time` is seconds on a clock that never jumps: files' own times would be those of one that does."""

    def __init__(self, folder: Path, time: Callable[[], float]) -> None:
        self._folder = folder
        self._time = time
        self._since: dict[str, tuple[int, int, float]] = {}
        self._not_ours: set[str] = set()

    def finished(self) -> list[Spooled]:
        """What was not written to for `QUIET_FOR`, as far as we have seen; the oldest first.

        Raises: OSError.
        """
        now, seen, found = self._time(), {}, []
        names = self._names()
        self._not_ours &= names
        for name in names - self._not_ours:
            spooled = _read_name(name)
            status = self._status(name)
            if spooled is None or status is None or not stat.S_ISREG(status.st_mode):
                if status is not None:
                    self.leave(name)
                continue
            size, written, since = self._since.get(name, (-1, -1, now))
            if (size, written) != (status.st_size, status.st_mtime_ns):
                since = now
            seen[name] = status.st_size, status.st_mtime_ns, since
            if now - since >= QUIET_FOR.total_seconds():
                found.append(spooled)
        self._since = seen
        return sorted(found, key=lambda spooled: (spooled.arrived_at, spooled.call))

    def read(self, name: str) -> bytes | None:
        """The sound, with a whole header; empty if there is none; None while it is still being written.

        Raises: OSError; NoSound, when it is nothing that the switch has recorded.
        """
        # A pipe would hold us up, a link lead us elsewhere.
        handle = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise NoSound
            if _is_being_written(handle):
                return None
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise NoSound
        # A switch that died before it wrote its first block has left nothing, not even a header.
        return whole(data) if len(data) > HEADER_BYTES else b""

    def remove(self, name: str) -> None:
        """It is where it belongs, or there is nothing in it. A power cut may bring it back, to be found
        done already. Raises: OSError."""
        os.unlink(self._folder / name)

    def leave(self, name: str) -> None:
        """Look at it no more, and say once that it is there."""
        self._not_ours.add(name)
        logger.warning(
            "a file in the spool of messages is not ours: it is left there",
            extra={"folder": str(self._folder)},
        )

    def _names(self) -> set[str]:
        try:
            return set(os.listdir(self._folder))
        except FileNotFoundError:
            return set()

    def _status(self, name: str) -> os.stat_result | None:
        try:
            return os.lstat(self._folder / name)
        except FileNotFoundError:
            return None


def _read_name(name: str) -> Spooled | None:
    read = _NAME.fullmatch(name)
    if read is None:
        return None
    # Who fell back before the dialplan noted when they came has the time at which their leg was made.
    arrived_at = datetime.fromtimestamp(int(read["since"] or read["made"]), UTC)
    who = CallId(read["call"]), read["ani"], read["dnis"]
    return Spooled(name, *who, arrived_at, read["queue"] or "", read["language"] or "")


def _is_being_written(handle: int) -> bool:
    """Whether anybody has the file open to write. A lease to read is given only where nobody does
    (fcntl(2)); we have it for no longer than the question takes."""
    try:
        # Whoever came in between would make the kernel signal us, by SIGIO, which ends a process.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # A disk without leases, such as one of the network: ten seconds must do.
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
