"""WAV files as the switch writes them: 16-bit mono PCM at 8 kHz behind a header of 44 bytes.

The switch writes the two lengths in the header when it closes the file. One that died left zeros there;
how long the sound is follows from how long the file is.
"""

import sys
from array import array
from datetime import timedelta
from typing import Final

HEADER_BYTES: Final = 44
RATE: Final = 8000
SAMPLE_BYTES: Final = 2

# "fmt ", 16 bytes of it: PCM, mono, 8,000 samples and 16,000 bytes a second, 2 bytes and 16 bits a sample.
_FORMAT: Final = b"fmt " + b"".join(
    number.to_bytes(size, "little")
    for number, size in ((16, 4), (1, 2), (1, 2), (RATE, 4), (RATE * 2, 4), (2, 2), (16, 2))
)
# What G.711 makes of nothing lies within ±8, and of a line's noise at -66 dBFS within ±32.
_LOUDEST_SILENCE: Final = 32
_FRAME: Final = RATE // 50


class NoSound(ValueError):
    """This is no WAV file of the switch."""


def whole(data: bytes) -> bytes:
    """The file with the lengths in its header that it has. Half a sample at its end is left out.

    Raises: NoSound.
    """
    header, pcm = data[:HEADER_BYTES], data[HEADER_BYTES:]
    if len(header) < HEADER_BYTES or (header[:4], header[8:12], header[12:36], header[36:40]) != (
        b"RIFF",
        b"WAVE",
        _FORMAT,
        b"data",
    ):
        raise NoSound
    pcm = pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES]
    behind = (HEADER_BYTES - 8 + len(pcm)).to_bytes(4, "little")
    return b"RIFF" + behind + header[8:40] + len(pcm).to_bytes(4, "little") + pcm


def length(data: bytes) -> timedelta:
    """How long a file of `whole` lasts."""
    return timedelta(seconds=(len(data) - HEADER_BYTES) / (RATE * SAMPLE_BYTES))


def sounding(data: bytes) -> timedelta:
    """For how long there is anything to be heard in a file of `whole`, in frames of 20 ms."""
    samples = array("h", data[HEADER_BYTES:])
    if sys.byteorder == "big":
        samples.byteswap()
    frames = (samples[at : at + _FRAME] for at in range(0, len(samples), _FRAME))
    loud = sum(max(max(frame), -min(frame)) > _LOUDEST_SILENCE for frame in frames)
    return timedelta(seconds=loud * _FRAME / RATE)
