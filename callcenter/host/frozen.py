"""An engine that holds its place and does nothing: found out and ended by the one that stands by.

A frozen process (stopped, stuck, swapped out) keeps its lock and its sockets, so nothing else tells. It is
asked whether it is alive, over HTTP; the kernel takes the connection for it, but nobody answers. One
that does not listen at all is still starting, and is left alone. Whoever asks must have been on
time itself: on a machine that has no processor to spare everybody is late, and to end the one that
works would only make it worse.

One that says nothing but works may just have more calls than it can carry at once: the next engine would
find the same, and rebuild on top. It works if it uses the processor, waits for one, or for a disk (states R
and D of proc(5)); one that is stopped or stuck does neither. It is given longer, in case it goes round
in circles; callers are with the fallback meanwhile.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

FROZEN_AFTER: Final = 2.0
"""Seconds without an answer. Callers wait for this and for the takeover."""
CIRCLING_AFTER: Final = 15.0
"""Seconds without an answer from one that works."""
_WORKS: Final = 0.2
"""Of one processor: more than what a process uses that only waits."""
_AT_IT: Final = frozenset("RD")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ASK_EVERY: Final = 0.25
_PATIENCE: Final = 0.5
_ON_TIME: Final = 0.25
_QUESTION: Final = b"GET /healthz HTTP/1.0\r\n\r\n"


class FrozenWatch:
    """`with FrozenWatch(port, holder): …` watches, in a thread of its own, the process that `holder` names;
    None while there is none."""

    def __init__(self, port: int, holder: Callable[[], int | None]) -> None:
        self._port = port
        self._holder = holder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="frozen-watch", daemon=True)

    def __enter__(self) -> "FrozenWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        silence: _Silence | None = None
        suspect: int | None = None
        while True:
            began = time.monotonic()
            if self._stop.wait(_ASK_EVERY):
                return
            pid = self._holder()
            silent = pid is not None and pid == suspect and not self._answers()
            on_time = time.monotonic() - began < _ASK_EVERY + 2 * _PATIENCE + _ON_TIME
            suspect = pid
            if pid is None or not silent or not on_time:
                silence = None
                continue
            silence = silence or _Silence(pid, began)
            silence.look()
            if silence.lasted >= (CIRCLING_AFTER if silence.works else FROZEN_AFTER):
                said = {"pid": pid, "works": silence.works}
                logger.error("the engine at work is frozen: ending it", extra=said)
                _end(pid)
                silence = None

    def _answers(self) -> bool:
        """Whether there is anything but silence."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), _PATIENCE) as asked:
                asked.sendall(_QUESTION)
                return bool(asked.recv(1))
        except TimeoutError:
            return False
        except OSError:
            return True


class _Silence:
    """Of one process since a moment, and what it did meanwhile."""

    def __init__(self, pid: int, began: float) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._began = began
        self._used_before = self._now()[1]
        self._used = self._used_before
        self._looks = self._at_it = 0

    @property
    def lasted(self) -> float:
        """Seconds."""
        return time.monotonic() - self._began

    @property
    def works(self) -> bool:
        """Whether it used the processor, or was mostly about to, or waited for a disk."""
        used = self._used - self._used_before
        return used > _WORKS * self.lasted or 2 * self._at_it > self._looks

    def look(self) -> None:
        """See what it does."""
        state, self._used = self._now()
        self._looks += 1
        self._at_it += state in _AT_IT

    def _now(self) -> tuple[str, float]:
        """Its state and the processor seconds it has used so far (proc(5)); nothing when it is gone."""
        try:
            fields = self._stat.read_text().rpartition(")")[2].split()
        except OSError:
            return "", 0.0
        return fields[0], (int(fields[11]) + int(fields[12])) / _TICKS


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
