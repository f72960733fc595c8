"""Who hears whom: tones, levels and silences in what a phone heard.

Every person in a test or a demo speaks one steady tone of their own, so "the agent hears the
caller" becomes "the agent's recording holds 1,210 Hz". Nothing here talks to a phone or a clock:
recordings come in, answers go out.

Theory, in three sentences. The level of one frequency is the length of the projection of a
Hann-weighted window onto that frequency (a single DFT bin, what Goertzel's recursion computes);
0 dBFS is a sine at full scale. A window of 100 ms tells frequencies 20 Hz apart, and a tone that
is 40 dB down is not somebody speaking: it is the quantising noise of G.711, whose harmonics lie
38 dB or more below the tone. Silence is judged by the power of short frames, not by tones.

All audio is signed 16-bit mono PCM, native byte order, 8,000 samples a second.
"""

import math
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 8000
"""Samples a second: what G.711 carries."""

SAMPLE_BYTES = 2

FULL_SCALE = 32767.0

SPOKEN_DBFS = -12.0
"""How loud a person's tone is: three of them may sound together without clipping."""

HEARD_ABOVE_DBFS = -30.0
"""A tone weaker than this is not a person: 18 dB below what is spoken, and 17 dB above anything
that G.711 adds to somebody else's tone."""

SILENT_BELOW_DBFS = -50.0
"""Power below this is silence to a caller. Comfort noise is sent at about -50 dBm0 (-53 dBFS) or
less, G.711's idle noise lies near -66 dBm0, and prompts and music sit between -15 and -35 dBFS."""

WINDOW = timedelta(milliseconds=100)
HOP = timedelta(milliseconds=20)

SOUND_LASTS = timedelta(milliseconds=100)
"""A shorter sound does not end a silence: a click is not company."""

Samples = npt.NDArray[np.int16]
Levels = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a recording, counted from its beginning."""

    start: timedelta
    end: timedelta

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Recording:
    """What one phone heard, laid out in real time: where nothing arrived there is silence."""

    pcm: bytes
    started_at: datetime

    @property
    def length(self) -> timedelta:
        """How long the phone listened."""
        return timedelta(seconds=len(self.pcm) / (RATE * SAMPLE_BYTES))

    def between(self, span: Span) -> "Recording":
        """The part within `span`; whatever of it lies outside the recording is left out."""
        first, last = (max(0, _sample_at(at)) * SAMPLE_BYTES for at in (span.start, span.end))
        return Recording(self.pcm[first:last], self.started_at + max(span.start, timedelta()))

    def since(self, moment: datetime) -> "Recording":
        """The part from a moment on, e.g. from when the agent was put through."""
        return self.between(Span(moment - self.started_at, self.length))

    def save(self, path: Path) -> None:
        """Write it as a WAV file, to be listened to."""
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(SAMPLE_BYTES)
            out.setframerate(RATE)
            out.writeframes(self.pcm)


def tone(hz: int, *, dbfs: float = SPOKEN_DBFS) -> bytes:
    """One second of a sine. It loops without a click, since `hz` is whole."""
    phase = 2 * math.pi * hz * np.arange(RATE) / RATE
    wave_form = FULL_SCALE * 10 ** (dbfs / 20) * np.sin(phase)
    return wave_form.round().astype(np.int16).tobytes()


def level(recording: Recording, hz: float) -> float:
    """Level of one frequency over the whole recording, in dBFS; -inf where there is none of it."""
    return _decibels(float(_projections(_samples(recording)[np.newaxis, :], hz)[0]))


def loudness(recording: Recording) -> float:
    """Power of everything in the recording, in dB relative to a full-scale sine."""
    return _decibels(float(_powers(_samples(recording)[np.newaxis, :])[0]))


def hears(
    recording: Recording,
    hz: float,
    during: Span | None = None,
    *,
    above_dbfs: float = HEARD_ABOVE_DBFS,
    share: float = 0.8,
) -> bool:
    """Whether the tone stands in at least `share` of the windows (of `during`, if given).

    A share, not a mean: a burst of music at the same pitch must not pass for a person.
    """
    levels = _levels_over_time(recording if during is None else recording.between(during), hz)
    return levels.size > 0 and float(np.mean(levels >= above_dbfs)) >= share


def heard(
    recording: Recording,
    hz: float,
    *,
    above_dbfs: float = HEARD_ABOVE_DBFS,
    at_least: timedelta = WINDOW,
) -> list[Span]:
    """The stretches in which the tone stands, each at least `at_least` long. Edges: ±20 ms."""
    levels = _levels_over_time(recording, hz)
    spans = []
    for first, last in _runs(levels >= above_dbfs):
        # A window holds the tone's edge at its centre where half the plateau's amplitude is left.
        plateau = float(np.median(levels[first:last]))
        strong = np.flatnonzero(levels[first:last] >= plateau - 6.0)
        start = (first + int(strong[0])) * HOP + WINDOW / 2
        end = (first + int(strong[-1])) * HOP + WINDOW / 2
        if end - start >= at_least:
            spans.append(Span(start, end))
    return spans


def first_heard(
    recording: Recording, hz: float, *, above_dbfs: float = HEARD_ABOVE_DBFS
) -> timedelta | None:
    """When the tone is first heard for at least one window's length; None if never."""
    spans = heard(recording, hz, above_dbfs=above_dbfs)
    return spans[0].start if spans else None


def silences(
    recording: Recording,
    longer_than: timedelta = timedelta(seconds=3),
    *,
    below_dbfs: float = SILENT_BELOW_DBFS,
) -> list[Span]:
    """The stretches longer than `longer_than` in which a caller would believe the line dead."""
    frames = _frames(_samples(recording), _sample_at(HOP), _sample_at(HOP))
    quiet = _as_decibels(_powers(frames)) < below_dbfs
    for first, last in _runs(~quiet):
        if (last - first) * HOP < SOUND_LASTS:
            quiet[first:last] = True
    spans = (Span(first * HOP, last * HOP) for first, last in _runs(quiet))
    return [span for span in spans if span.length > longer_than]


# ── a tone for everybody ──

_AWAY_FROM_SIGNALS_HZ = 30
_APART_HZ = 60
_AWAY_FROM_HARMONICS_HZ = 25
_LOWEST_HZ, _HIGHEST_HZ, _STEP_HZ = 500, 3300, 10
_SIGNALS_HZ = (
    *(697, 770, 852, 941, 1209, 1336, 1477, 1633),  # DTMF, ITU-T Q.23
    *(350, 400, 425, 440, 450, 480, 620),  # dial, ring and busy tones, ITU-T E.180
    *(950, 1400, 1800),  # special information tones: number not in service
    *(1004, 1100, 2100),  # test tone, fax calling and answering
)


def harmonics(hz: int, *, up_to: int = 3) -> tuple[int, ...]:
    """Where distortion of a tone lands after sampling at 8 kHz: multiples fold back at 4 kHz."""
    return tuple(abs((n * hz + RATE // 2) % RATE - RATE // 2) for n in range(2, up_to + 1))


@cache
def person_tones() -> tuple[int, ...]:
    """Frequencies for persons, far from signalling tones, from each other and their harmonics."""
    picked: list[int] = []
    for hz in range(_LOWEST_HZ, _HIGHEST_HZ + 1, _STEP_HZ):
        if _stands_alone(hz, picked):
            picked.append(hz)
    return tuple(picked)


def _stands_alone(hz: int, others: list[int]) -> bool:
    if any(abs(hz - signal) < _AWAY_FROM_SIGNALS_HZ for signal in _SIGNALS_HZ):
        return False
    own = harmonics(hz)
    for other in others:
        if abs(hz - other) < _APART_HZ:
            return False
        if any(abs(hz - image) < _AWAY_FROM_HARMONICS_HZ for image in harmonics(other)):
            return False
        if any(abs(other - image) < _AWAY_FROM_HARMONICS_HZ for image in own):
            return False
    return True


class ToneBook:
    """Gives every person a tone of their own, the same one each time they are asked for."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def tone_of(self, person: str) -> int:
        """The person's frequency in Hz.

        Raises ValueError when every tone is taken; `free` gives one back.
        """
        if person not in self._given:
            taken = set(self._given.values())
            left = [hz for hz in person_tones() if hz not in taken]
            if not left:
                raise ValueError(
                    f"all {len(person_tones())} tones are taken: free the tone of a person who"
                    " has left, or use a book for each group that never meets"
                )
            self._given[person] = left[0]
        return self._given[person]

    def free(self, person: str) -> None:
        """The person has left; somebody else may have the tone."""
        self._given.pop(person, None)


# ── arithmetic ──


def _sample_at(at: timedelta) -> int:
    return round(at.total_seconds() * RATE)


def _samples(recording: Recording) -> Samples:
    return np.frombuffer(recording.pcm, dtype=np.int16)


def _frames(samples: Samples, size: int, hop: int) -> Samples:
    if len(samples) < size:
        return np.empty((0, size), dtype=np.int16)
    return np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]


def _levels_over_time(recording: Recording, hz: float) -> Levels:
    frames = _frames(_samples(recording), _sample_at(WINDOW), _sample_at(HOP))
    # In blocks: overlapping windows of a long recording would fill a gigabyte at once.
    blocks = [_projections(frames[i : i + 1000], hz) for i in range(0, len(frames), 1000)]
    return _as_decibels(np.concatenate(blocks)) if blocks else np.empty(0)


def _projections(frames: Samples, hz: float) -> Levels:
    """Amplitude of `hz` in each frame, as a share of full scale."""
    size = frames.shape[1]
    if size == 0:
        return np.zeros(frames.shape[0])
    # Not `np.hanning`: the periodic window's sidelobes vanish at every other bin's centre.
    turn = 2 * math.pi * np.arange(size)
    weights = 0.5 - 0.5 * np.cos(turn / size)
    reference = np.stack((np.cos(turn * hz / RATE), np.sin(turn * hz / RATE)), axis=1)
    parts = frames.astype(np.float64) @ (reference * weights[:, np.newaxis])
    amplitudes: Levels = np.hypot(parts[:, 0], parts[:, 1]) * 2 / (weights.sum() * FULL_SCALE)
    return amplitudes


def _powers(frames: Samples) -> Levels:
    """Root mean square of each frame without its direct current, as a share of a full sine's."""
    if frames.shape[1] == 0:
        return np.zeros(frames.shape[0])
    deviation: Levels = frames.astype(np.float64).std(axis=1)
    return deviation * math.sqrt(2) / FULL_SCALE


def _decibels(share: float) -> float:
    return 20 * math.log10(share) if share > 0 else -math.inf


def _as_decibels(shares: Levels) -> Levels:
    with np.errstate(divide="ignore"):
        decibels: Levels = 20 * np.log10(shares)
    return decibels


def _runs(flags: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Each unbroken stretch of True as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(last)
