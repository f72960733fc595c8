"""From recordings to records: whose voice was heard, which prompts, and how long nothing.

Every person speaks a steady tone of their own, 8 dB stronger than the strongest sustained note of
the music and of spoken prompts, and only what lasts a while counts, so music is nobody's voice. A
prompt is recognised by its own sound: the correlation of its loudest stretches with what was heard,
normalised by the energy of both, is above 0.7 for the prompt itself (after G.711 and a telephone's
jitter buffer) and below 0.4 for any other.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from callcenter.demo.records import Heard
from callcenter.testing.tones import RATE, Recording, heard, person_tones, silences

VOICE_ABOVE_DBFS: Final = -20.0
VOICE_LASTS: Final = timedelta(milliseconds=300)

# The music holds this note for half a second; a caller who listens live must not take it for an agent.
_IN_THE_MUSIC: Final = frozenset({650})

TONES: Final = tuple(hz for hz in person_tones() if hz not in _IN_THE_MUSIC)

_PIECE_SECONDS: Final = 0.4
_PIECES: Final = 3
_ALIKE: Final = 0.7
_BLOCK: Final = 1 << 15

Sound = npt.NDArray[np.float64]


def voices(recording: Recording, persons: Mapping[str, int]) -> dict[str, tuple[Heard, ...]]:
    """Who was heard and when. `persons`: the tone of everybody who may have spoken."""
    found: dict[str, tuple[Heard, ...]] = {}
    for person, hz in persons.items():
        spans = heard(recording, hz, above_dbfs=VOICE_ABOVE_DBFS, at_least=VOICE_LASTS)
        if spans:
            begin = recording.started_at
            found[person] = tuple(Heard(begin + span.start, begin + span.end) for span in spans)
    return dict(sorted(found.items(), key=lambda entry: entry[1][0].start))


def dead_air(recording: Recording) -> tuple[timedelta, ...]:
    """The silences that are longer than anybody should have to bear."""
    return tuple(span.length for span in silences(recording))


class PromptBook:
    """The prompts of a centre, to be recognised. `folder` is laid out <language>/<flow>/<name>."""

    def __init__(self, folder: Path) -> None:
        self._pieces = {
            str(path.relative_to(folder).with_suffix("")): _pieces(_read(path))
            for path in sorted(folder.glob("*/*/*.ulaw"))
        }

    def recognised(self, recording: Recording, names: Iterable[str]) -> frozenset[str]:
        """Those of `names` that were heard: `<language>/<flow>/<name>`, or without the language."""
        heard = _Heard(np.frombuffer(recording.pcm, dtype=np.int16).astype(np.float64))
        return frozenset(name for name in names if self._is_in(heard, name))

    def _is_in(self, heard: "_Heard", name: str) -> bool:
        ways = [p for key, p in self._pieces.items() if key == name or key.endswith(f"/{name}")]
        return any(heard.share_of(pieces) > 0.5 for pieces in ways)


class _Heard:
    """What was heard, made ready to be compared with many pieces."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        # A multiple of a power of two is quick to transform; the next power of two may be twice it.
        self._size = -(-(len(sound) + int(_PIECE_SECONDS * RATE)) // _BLOCK) * _BLOCK
        self._spectrum: Any = np.fft.rfft(sound, self._size)
        self._summed = np.concatenate(([0.0], np.cumsum(sound**2)))

    def share_of(self, pieces: list[Sound]) -> float:
        """The share of the pieces that are in it."""
        return sum(self._likeness(piece) > _ALIKE for piece in pieces) / len(pieces)

    def _likeness(self, piece: Sound) -> float:
        """The greatest normalised correlation with any place of the sound; 1 is the same."""
        if len(piece) == 0 or len(self._sound) < len(piece):
            return 0.0
        mirrored = np.conj(np.fft.rfft(piece, self._size))
        places = len(self._sound) - len(piece) + 1
        products = np.fft.irfft(self._spectrum * mirrored, self._size)[:places]
        energy = self._summed[len(piece) :] - self._summed[: -len(piece)]
        norm = np.sqrt(np.maximum(energy, 1.0) * max(float(np.sum(piece**2)), 1.0))
        return float((products / norm).max())


def _read(path: Path) -> Sound:
    samples, _ = soundfile.read(
        path, samplerate=RATE, channels=1, format="RAW", subtype="ULAW", dtype="int16"
    )
    sound: Sound = samples.astype(np.float64)
    return sound


def _pieces(sound: Sound) -> list[Sound]:
    """The loudest stretches, one from each third, so that a cut-off prompt is not a whole one."""
    size = int(_PIECE_SECONDS * RATE)
    pieces = []
    for third in np.array_split(sound, _PIECES):
        if len(third) <= size:
            pieces.append(third)
            continue
        energy = np.convolve(third**2, np.ones(size), "valid")[:: RATE // 50]
        start = int(energy.argmax()) * (RATE // 50)
        pieces.append(third[start : start + size])
    return pieces
