"""From recordings to records: whose voice was heard, which prompts, and how long nothing.

Every person speaks a steady tone of their own, 8 dB stronger than the strongest sustained note of
the music and of spoken prompts, and only what lasts a while counts, so music is nobody's voice. A
prompt is recognised by its own sound: short stretches of it are looked for in what was heard, by
correlation normalised by the energy of both (1 is the same sound), and half must be found in their order,
each about as long after the last as in the prompt. A vowel may be like another, but not three of them in
step; and a machine that stumbles here and there does not make a prompt unheard: what follows only comes
later.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from callcenter.demo.records import Heard
from callcenter.testing.tones import FULL_SCALE, RATE, Recording, heard, person_tones, silences

VOICE_ABOVE_DBFS: Final = -20.0
VOICE_LASTS: Final = timedelta(milliseconds=300)

# The music holds this note for half a second; a caller who listens live must not take it for an agent.
_IN_THE_MUSIC: Final = frozenset({650})

TONES: Final = tuple(hz for hz in person_tones() if hz not in _IN_THE_MUSIC)

_PIECE_SECONDS: Final = 0.3
_PIECES: Final = 6
_ALIKE: Final = 0.6
# How much sooner and how much later than it should a piece may follow the last one that was found.
_SOONER: Final = 0.1
_LATER: Final = 0.6
_ENOUGH: Final = 0.5
_NEIGHBOURS: Final = RATE // 20
# What is heard is compared in blocks: small enough for the processor to have them at hand.
_BLOCK: Final = 1 << 13
_WINDOW: Final = RATE // 10
_WEIGHTS: Final = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
_LEAST: Final = 10 ** (VOICE_ABOVE_DBFS / 20)
_STEADY: Final = 0.8

Sound = npt.NDArray[np.float64]
Piece = tuple[int, Sound]
"""A stretch of a prompt and where it begins in it, in samples."""


def voices(recording: Recording, persons: Mapping[str, int]) -> dict[str, tuple[Heard, ...]]:
    """Who was heard and when. `persons`: the tone of everybody who may have spoken."""
    found: dict[str, tuple[Heard, ...]] = {}
    loud = _loud_tones(recording)
    for person, hz in persons.items():
        if hz not in loud:
            continue
        spans = heard(recording, hz, above_dbfs=VOICE_ABOVE_DBFS, at_least=VOICE_LASTS)
        if spans:
            begin = recording.started_at
            found[person] = tuple(Heard(begin + span.start, begin + span.end) for span in spans)
    return dict(sorted(found.items(), key=lambda entry: entry[1][0].start))


def speaks(recording: Recording, hz: int) -> bool:
    """Whether a person's tone is anywhere in a short stretch."""
    levels = _levels(recording)
    return bool((levels[:, _bin(hz)] >= _LEAST).any())


def _loud_tones(recording: Recording) -> frozenset[int]:
    """Those of all tones that are loud anywhere: one look at everything instead of one for each."""
    levels = _levels(recording)
    return frozenset(hz for hz in TONES if (levels[:, _bin(hz)] >= _LEAST).any())


def speaking(recording: Recording, persons: Mapping[str, int]) -> str | None:
    """Who speaks in (nearly) all of a short stretch, if anybody does."""
    levels = _levels(recording)
    steady = (
        person
        for person, hz in persons.items()
        if levels.size and float(np.mean(levels[:, _bin(hz)] >= _LEAST)) >= _STEADY
    )
    return next(steady, None)


def _levels(recording: Recording) -> Sound:
    """Level of each multiple of 10 Hz (a bin of 100 ms) in windows 50 ms apart, as amplitude.

    Every person's tone is a multiple of 10 Hz.
    """
    samples = np.frombuffer(recording.pcm, dtype=np.int16)
    if len(samples) < _WINDOW:
        return np.empty((0, _WINDOW // 2 + 1))
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[:: _WINDOW // 2]
    spectra: Sound = np.abs(np.fft.rfft(frames * _WEIGHTS))
    spectra *= 2 / (float(_WEIGHTS.sum()) * FULL_SCALE)
    return spectra


def _bin(hz: int) -> int:
    return hz * _WINDOW // RATE


def dead_air(recording: Recording) -> tuple[timedelta, ...]:
    """The silences that are longer than anybody should have to bear."""
    return tuple(span.length for span in silences(recording))


class PromptBook:
    """The prompts of a centre, to be recognised. `folder` is laid out <language>/<flow>/<name>, with a
    file for each version of the words; the one that was last in use is meant."""

    def __init__(self, folder: Path) -> None:
        versions = sorted(folder.glob("*/*/*/*.ulaw"), key=lambda path: path.stat().st_mtime)
        self._files = {str(path.parent.relative_to(folder)): path for path in versions}
        self._pieces: dict[str, list[Piece]] = {}  # of those that were asked for

    def length(self, name: str) -> timedelta:
        """How long it takes to say a prompt; the longest of those that are meant."""
        sizes = [self._files[key].stat().st_size for key in self._meant(name)]
        return timedelta(seconds=max(sizes) / RATE)  # mu-law: a byte a sample

    def recognised(self, recording: Recording, names: Iterable[str]) -> frozenset[str]:
        """Those of `names` that were heard: `<language>/<flow>/<name>`, or without the language."""
        heard = _Heard(np.frombuffer(recording.pcm, dtype=np.int16).astype(np.float64))
        return frozenset(name for name in names if self._is_in(heard, name))

    def _is_in(self, heard: "_Heard", name: str) -> bool:
        return any(heard.share_of(self._of(key)) >= _ENOUGH for key in self._meant(name))

    def _meant(self, name: str) -> list[str]:
        return [key for key in self._files if key == name or key.endswith(f"/{name}")]

    def _of(self, key: str) -> list[Piece]:
        if key not in self._pieces:
            self._pieces[key] = _pieces(_read(self._files[key]))
        return self._pieces[key]


class _Heard:
    """What was heard, made ready to be compared with many pieces."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._loud: dict[int, npt.NDArray[np.float32]] = {}
        self._summed = np.concatenate(([0.0], np.cumsum(sound**2)))
        # Each block goes on into the next by a piece's length, so that no place is missed.
        self._hop = _BLOCK - int(_PIECE_SECONDS * RATE)
        blocks = len(sound) // self._hop + 1
        padded = np.zeros(blocks * self._hop + _BLOCK, dtype=np.float32)
        padded[: len(sound)] = sound
        frames = np.lib.stride_tricks.sliding_window_view(padded, _BLOCK)
        self._spectra: Any = np.fft.rfft(frames[:: self._hop][:blocks])

    def share_of(self, pieces: list[Piece]) -> float:
        """The share of the pieces that are in it, in step with each other. A prompt may be said again, so
        that each piece is there more than once."""
        longest: list[
            tuple[float, int]
        ] = []  # where the prompt would begin; pieces in step, to here
        for start, piece in pieces:
            begins = [(place - start) / RATE for place in self._find(piece)]
            longest += [(begin, 1 + _in_step(begin, longest)) for begin in begins]
        return max((length for _, length in longest), default=0) / len(pieces)

    def _find(self, piece: Sound) -> list[int]:
        """Where in the sound the piece is: the likest place of each neighbourhood."""
        if len(piece) == 0 or len(self._sound) < len(piece):
            return []
        mirrored = np.conj(np.fft.rfft(piece.astype(np.float32), _BLOCK))
        places = len(self._sound) - len(piece) + 1
        products = np.fft.irfft(self._spectra * mirrored, _BLOCK)[:, : self._hop].ravel()[:places]
        likeness = products / self._loudness(len(piece))
        alike = np.flatnonzero(likeness > _ALIKE * max(float(np.sqrt(np.sum(piece**2))), 1.0))
        if len(alike) == 0:
            return []
        apart = np.flatnonzero(np.diff(alike) > _NEIGHBOURS) + 1
        return [int(near[likeness[near].argmax()]) for near in np.split(alike, apart)]

    def _loudness(self, length: int) -> npt.NDArray[np.float32]:
        """The root of the energy of each stretch of this length; nearly all pieces have the same."""
        if length not in self._loud:
            energy = self._summed[length:] - self._summed[:-length]
            self._loud[length] = np.sqrt(np.maximum(energy, 1.0)).astype(np.float32)
        return self._loud[length]


def _in_step(begin: float, before: list[tuple[float, int]]) -> int:
    """How many pieces in step there are, after which a piece may follow that speaks for `begin`."""
    fitting = (length for other, length in before if -_SOONER < begin - other < _LATER)
    return max(fitting, default=0)


def _read(path: Path) -> Sound:
    samples, _ = soundfile.read(
        path, samplerate=RATE, channels=1, format="RAW", subtype="ULAW", dtype="int16"
    )
    sound: Sound = samples.astype(np.float64)
    return sound


def _pieces(sound: Sound) -> list[Piece]:
    """The loudest stretch of each part, so that a prompt that was cut off is not a whole one."""
    size, hop = int(_PIECE_SECONDS * RATE), RATE // 50
    pieces: list[Piece] = []
    begin = 0
    for part in np.array_split(sound, _PIECES):
        start = 0
        if len(part) > size:
            energy = np.convolve(part**2, np.ones(size), "valid")[::hop]
            start = int(energy.argmax()) * hop
        pieces.append((begin + start, part[start : start + size]))
        begin += len(part)
    return pieces
