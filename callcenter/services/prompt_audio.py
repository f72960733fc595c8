"""Speech made ready for the telephone: 8 kHz, as loud as its neighbours, without long silence.

Nobody may hear more than 3 s of silence, and a prompt's own pauses count: what an engine leaves at
both ends is cut to a breath, and pauses inside are shortened. Loudness is that of the spoken parts
alone, so that a prompt with many pauses is not made louder than one with none; telephone speech
sits around -20 dB below full scale, with room for its peaks.
"""

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from callcenter.ports.speech import Speech

RATE: Final = 8000

_FRAME: Final = RATE // 100
_QUIET: Final = 10 ** (-40 / 20)  # of the loudest frame
_LOUDNESS: Final = 10 ** (-20 / 20)
_PEAK: Final = 10 ** (-1 / 20)
_BEFORE_FRAMES: Final = 3
_AFTER_FRAMES: Final = 10
_LONGEST_PAUSE_FRAMES: Final = 60
_BETWEEN_FRAMES: Final = 40

Samples = npt.NDArray[np.float64]


def telephone_audio(parts: Sequence[Speech]) -> tuple[bytes, bytes]:
    """The parts one after the other, as µ-law and as A-law; ValueError if nothing is to be heard."""
    between = np.zeros(_BETWEEN_FRAMES * _FRAME)
    pieces: list[Samples] = []
    for part in parts:
        pieces += [_even(_tightened(_at_telephone_rate(part))), between]
    samples = np.concatenate(pieces[:-1])
    return _coded(samples, "ULAW"), _coded(samples, "ALAW")


def _at_telephone_rate(speech: Speech) -> Samples:
    samples = np.frombuffer(speech.pcm, dtype="<i2").astype(np.float64) / 32768
    resampled: Samples = np.asarray(soxr.resample(samples, speech.rate, RATE), dtype=np.float64)
    return resampled


def _frames(samples: Samples) -> Samples:
    whole = np.pad(samples, (0, -len(samples) % _FRAME))
    frames: Samples = whole.reshape(-1, _FRAME)
    return frames


def _levels(frames: Samples) -> Samples:
    levels: Samples = np.sqrt(np.mean(frames**2, axis=1))
    return levels


def _spoken(frames: Samples) -> npt.NDArray[np.bool_]:
    levels = _levels(frames)
    loudest = float(levels.max(initial=0.0))
    if not loudest:
        raise ValueError("nothing is to be heard")
    spoken: npt.NDArray[np.bool_] = levels > loudest * _QUIET
    return spoken


def _tightened(samples: Samples) -> Samples:
    """Without the silence at both ends, and with shorter pauses inside."""
    frames = _frames(samples)
    spoken = np.flatnonzero(_spoken(frames))
    first = max(0, int(spoken[0]) - _BEFORE_FRAMES)
    last = min(len(frames), int(spoken[-1]) + 1 + _AFTER_FRAMES)
    keep = np.zeros(len(frames), dtype=bool)
    keep[first:last] = True
    for before, after in pairwise(spoken):
        # The middle of a long pause goes; its edges hold the ends of words.
        excess = int(after - before) - 1 - _LONGEST_PAUSE_FRAMES
        if excess > 0:
            middle = int(before) + 1 + _LONGEST_PAUSE_FRAMES // 2
            keep[middle : middle + excess] = False
    tightened: Samples = frames[keep].reshape(-1)
    return tightened


def _even(samples: Samples) -> Samples:
    """As loud as every other prompt, its peaks bent rather than cut."""
    frames = _frames(samples)
    loudness = float(np.sqrt(np.mean(frames[_spoken(frames)] ** 2)))
    louder = samples * (_LOUDNESS / loudness)
    bent: Samples = np.tanh(louder / _PEAK) * _PEAK
    return bent


def _coded(samples: Samples, law: str) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, samples, RATE, format="RAW", subtype=law)
    return sink.getvalue()
