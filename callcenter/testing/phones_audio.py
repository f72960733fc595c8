"""What a phone says and what it hears, sample by sample; knows no telephone.

A `Voice` hands out what to say next without ever running dry: silence counts as saying something.
An `Ear` lays what arrives out in real time. A phone's stack gives audio only when packets come,
so a recording made by joining the pieces would hide every dead second; the ear writes silence for
the time in which nothing came.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import soundfile
import soxr

from callcenter.testing.tones import RATE, SAMPLE_BYTES, Recording

_LATE_SECONDS = 0.12
"""Audio may be this late before the gap counts: six packets, the unevenness of a busy machine. So
times in a recording are right to about 0.1 s."""


def load_audio(path: Path) -> bytes:
    """A sound file as 8 kHz mono PCM; the first of its tracks where it has several.

    Raises ValueError, naming the file, if it is not one that libsndfile can read.
    """
    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise ValueError(f"{path}: cannot be read as sound; write a WAV file ({error})") from error
    first: Any = samples[:, 0]
    return bytes((first if rate == RATE else soxr.resample(first, rate, RATE)).tobytes())


class Voice:
    """An endless supply of what a phone says; silence until told otherwise."""

    def __init__(self) -> None:
        self._pcm = b""
        self._position = 0
        self._loop = False

    def say(self, pcm: bytes, *, loop: bool) -> None:
        """From the next sample on say this, once or for ever."""
        if len(pcm) % SAMPLE_BYTES:
            raise ValueError(f"{len(pcm)} bytes are no whole 16-bit samples: cut the last one off")
        self._pcm = pcm
        self._position = 0
        self._loop = loop

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        piece = self._pcm[self._position : self._position + size]
        self._position += len(piece)
        while self._loop and self._pcm and len(piece) < size:
            rest = self._pcm[: size - len(piece)]
            self._position = len(rest)
            piece += rest
        return piece.ljust(size, b"\0")

    @property
    def finished(self) -> bool:
        """Whether everything that was to be said once has been handed out."""
        return not self._loop and self._position >= len(self._pcm)


class Ear:
    """What was heard, at the time it was heard."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self._pcm = bytearray()

    def hear(self, pcm: bytes, at: datetime) -> None:
        """Add audio whose last sample arrived just now; a gap before it becomes silence."""
        if pcm:
            # The first sound is laid exactly; from then on unevenness is not silence.
            allowed = _LATE_SECONDS if self._pcm else 0.0
            self._pcm += self._gap_before(self._size_at(at) - len(pcm), allowed) + pcm

    def recording(self, until: datetime) -> Recording:
        """All that was heard until a moment, silence at the end included."""
        # Not kept: what is on its way may still turn out to belong here.
        return Recording(
            bytes(self._pcm) + self._gap_before(self._size_at(until)), self._started_at
        )

    def arrived(self, length: timedelta) -> Recording:
        """The last stretch that arrived, however long ago, without copying what came before."""
        size = round(length.total_seconds() * RATE) * SAMPLE_BYTES
        return Recording(bytes(self._pcm[-size:]), self._started_at)

    def lately(self, length: timedelta, until: datetime) -> Recording:
        """The last stretch before a moment, silent where nothing arrived."""
        size = round(length.total_seconds() * RATE) * SAMPLE_BYTES
        tail = bytes(self._pcm[-size:]) + self._gap_before(self._size_at(until))[:size]
        return Recording(tail[-size:], until - length)

    def _size_at(self, moment: datetime) -> int:
        return round((moment - self._started_at).total_seconds() * RATE) * SAMPLE_BYTES

    def _gap_before(self, size: int, allowed_seconds: float = 0.0) -> bytes:
        missing = size - len(self._pcm)
        return bytes(missing) if missing > allowed_seconds * RATE * SAMPLE_BYTES else b""
