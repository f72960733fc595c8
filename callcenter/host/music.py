"""The music that callers hear while they wait, made here so that nobody's rights are touched.

A slow round of broken chords on soft plucked tones, a little different in each pass. It is written
in mu-law and in A-law: a caller on either codec gets bytes straight from the file, which is what
keeps a waiting caller cheap for the switch.
"""

import math
import operator
import os
import tempfile
from array import array
from pathlib import Path

import soundfile

RATE = 8000
BEAT = 0.42  # seconds between two notes
NAME = "slow-round"
FORMATS = {"ulaw": "ULAW", "alaw": "ALAW"}

# Semitones from A3, eight notes a chord, six chords: Am F C G Dm Em, each pass varied by PASSES.
CHORDS = (
    (0, 7, 12, 15, 19, 15, 12, 7),
    (-4, 3, 8, 12, 15, 12, 8, 3),
    (3, 10, 15, 19, 22, 19, 15, 10),
    (-2, 5, 10, 14, 17, 14, 10, 5),
    (5, 8, 12, 17, 20, 17, 12, 8),
    (-5, 2, 7, 10, 14, 10, 7, 2),
)
PASSES = ((0, 1, 2, 3, 4, 5, 6, 7), (0, 2, 1, 3, 5, 4, 6, 7), (0, 3, 2, 4, 1, 3, 5, 2))


def ensure_music(folder: Path) -> Path:
    """Write the music into `folder` unless it is there, each file by one rename; return `folder`."""
    missing = [suffix for suffix in FORMATS if not (folder / f"{NAME}.{suffix}").exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        samples = compose()
        for suffix in missing:
            write_g711(folder / f"{NAME}.{suffix}", samples)
    return folder


def write_g711(path: Path, samples: "array[int]") -> None:
    """Write 16-bit 8 kHz samples as raw G.711, the law taken from the suffix (.ulaw or .alaw)."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".music-")
    os.close(handle)
    with soundfile.SoundFile(
        temporary, "w", RATE, 1, FORMATS[path.suffix.removeprefix(".")], format="RAW"
    ) as file:
        file.buffer_write(samples, dtype="int16")
    os.chmod(temporary, 0o644)
    os.rename(temporary, path)


def compose() -> "array[int]":
    """About a minute of music at a level that does not shout (peak -9 dBFS)."""
    order = [(chord, step) for steps in PASSES for chord in CHORDS for step in steps]
    beat = int(BEAT * RATE)
    mixed = [0.0] * (beat * (len(order) + 4))
    tones = {pitch: _tone(pitch, 1.6) for pitch in {pitch for chord in CHORDS for pitch in chord}}
    basses = {chord[0]: _tone(chord[0] - 12, 3.2) for chord in CHORDS}
    for number, (chord, step) in enumerate(order):
        _add(mixed, number * beat, tones[chord[step]])
        if number % 8 == 0:
            _add(mixed, number * beat, basses[chord[0]])
    peak = max(map(abs, mixed))
    return array("h", (round(value / peak * 11_600) for value in mixed))


def _tone(semitones: int, seconds: float) -> list[float]:
    """One plucked tone: three partials, the higher ones dying sooner, with a soft attack."""
    step = 2 * math.pi * 220.0 * 2 ** (semitones / 12) / RATE
    return [
        (
            math.sin(step * i) * math.exp(-2.2 * i / RATE)
            + 0.35 * math.sin(2 * step * i) * math.exp(-4.0 * i / RATE)
            + 0.12 * math.sin(3 * step * i) * math.exp(-7.0 * i / RATE)
        )
        * min(1.0, i / 120, (seconds * RATE - i) / 400)
        for i in range(int(seconds * RATE))
    ]


def _add(mixed: list[float], start: int, tone: list[float]) -> None:
    stop = start + len(tone)
    mixed[start:stop] = map(operator.add, mixed[start:stop], tone)
