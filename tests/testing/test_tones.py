"""Levels, tones and silences, on sounds made for the purpose."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from callcenter.testing.phones_audio import Ear, Voice, load_audio
from callcenter.testing.tones import (
    RATE,
    Recording,
    Span,
    ToneBook,
    first_heard,
    harmonics,
    heard,
    hears,
    level,
    loudness,
    person_tones,
    silences,
    tone,
)

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA, BEN = person_tones()[:2]
DTMF = (697, 770, 852, 941, 1209, 1336, 1477, 1633)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def nothing(length: float) -> bytes:
    return bytes(round(length * RATE) * 2)


def noise(length: float, dbfs: float) -> bytes:
    """White noise of a power, relative to a full-scale sine."""
    random = np.random.default_rng(1)
    deviation = 32767 / np.sqrt(2) * 10 ** (dbfs / 20)
    return bytes(random.normal(0, deviation, round(length * RATE)).astype(np.int16).tobytes())


def mixed(*sounds: bytes) -> bytes:
    added = sum(np.frombuffer(sound, dtype=np.int16).astype(np.int32) for sound in sounds)
    return bytes(np.asarray(added).astype(np.int16).tobytes())


def taped(*sounds: bytes) -> Recording:
    return Recording(b"".join(sounds), NOON)


@pytest.mark.parametrize("hz", person_tones())
@pytest.mark.parametrize("dbfs", [0.0, -12.0, -40.0])
def test_the_level_of_a_tone_is_what_was_spoken(hz: int, dbfs: float) -> None:
    assert level(taped(tone(hz, dbfs=dbfs)), hz) == pytest.approx(dbfs, abs=0.1)
    assert loudness(taped(tone(hz, dbfs=dbfs))) == pytest.approx(dbfs, abs=0.2)


@pytest.mark.parametrize("spoken", person_tones())
def test_nobody_is_taken_for_somebody_else(spoken: int) -> None:
    said = taped(tone(spoken)[: RATE // 2])
    assert [hz for hz in person_tones() if hears(said, hz, share=0.01)] == [spoken]


def test_two_who_speak_at_once_are_both_heard() -> None:
    both = taped(mixed(tone(ANA), tone(BEN)))
    assert hears(both, ANA)
    assert hears(both, BEN)


def test_a_burst_of_the_same_pitch_is_not_a_person() -> None:
    tape = taped(nothing(1), tone(ANA)[: RATE // 2], nothing(1))
    assert not hears(tape, ANA)
    assert hears(tape, ANA, Span(seconds(1.02), seconds(1.23)))


def test_what_was_heard_is_told_from_beginning_to_end() -> None:
    tape = taped(nothing(1.5), tone(ANA), tone(ANA), nothing(0.5), tone(BEN), tone(ANA))
    first, second = heard(tape, ANA)
    assert first.start == pytest.approx(seconds(1.5), abs=seconds(0.025))
    assert first.end == pytest.approx(seconds(3.5), abs=seconds(0.025))
    assert second.start == pytest.approx(seconds(5.0), abs=seconds(0.025))
    assert first_heard(tape, BEN) == pytest.approx(seconds(4.0), abs=seconds(0.025))


def test_what_was_never_said_is_never_heard() -> None:
    assert first_heard(taped(tone(BEN), nothing(1)), ANA) is None
    assert first_heard(taped(b""), ANA) is None
    assert heard(taped(noise(3, -30)), ANA) == []


def test_a_part_of_a_recording_knows_when_it_began() -> None:
    tape = taped(nothing(2), tone(ANA))
    part = tape.since(NOON + seconds(2))
    assert (part.started_at, part.length) == (NOON + seconds(2), seconds(1))
    assert hears(part, ANA)
    assert tape.between(Span(seconds(-1), seconds(9))).length == seconds(3)


def test_a_line_that_is_dead_for_more_than_three_seconds_is_found() -> None:
    tape = taped(tone(ANA), nothing(3.2), tone(ANA), nothing(2.9), tone(ANA))
    (dead,) = silences(tape)
    assert dead.start == pytest.approx(seconds(1.0), abs=seconds(0.02))
    assert dead.length == pytest.approx(seconds(3.2), abs=seconds(0.04))


def test_silence_at_the_end_counts() -> None:
    assert len(silences(taped(tone(ANA), nothing(4)))) == 1


@pytest.mark.parametrize("power", [-53.0, -60.0, -66.0])
def test_comfort_noise_is_silence(power: float) -> None:
    assert len(silences(taped(noise(4, power)))) == 1


def test_quiet_music_is_not_silence() -> None:
    assert silences(taped(noise(4, -42.0))) == []


def test_a_click_does_not_end_a_silence() -> None:
    click = tone(ANA)[: RATE // 10]
    assert len(silences(taped(nothing(2), click, nothing(2)))) == 1


def test_a_steady_offset_is_silence() -> None:
    humming = np.full(4 * RATE, 900, dtype=np.int16).tobytes()
    assert len(silences(taped(humming))) == 1


def test_there_are_tones_for_a_whole_shift_and_each_stands_alone() -> None:
    assert len(person_tones()) >= 16
    assert all(abs(a - b) >= 60 for a, b in combinations(person_tones(), 2))
    assert all(abs(hz - key) >= 30 for hz in person_tones() for key in DTMF)
    assert all(
        abs(image - other) >= 25
        for hz in person_tones()
        for image in harmonics(hz)
        for other in person_tones()
    )


def test_harmonics_above_half_the_rate_fold_back() -> None:
    assert harmonics(1000) == (2000, 3000)
    assert harmonics(3000) == (2000, 1000)


def test_everybody_keeps_their_tone_until_they_leave() -> None:
    book = ToneBook()
    given = [book.tone_of(f"agent-{number}") for number in range(len(person_tones()))]
    assert sorted(given) == sorted(person_tones())
    assert book.tone_of("agent-3") == given[3]
    with pytest.raises(ValueError, match="free the tone of a person who has left"):
        book.tone_of("one too many")
    book.free("agent-3")
    assert book.tone_of("one more") == given[3]


def test_a_voice_never_runs_dry() -> None:
    voice = Voice()
    assert voice.take(4) == b"\0\0\0\0"
    voice.say(b"abcd", loop=False)
    assert (voice.take(2), voice.finished) == (b"ab", False)
    assert (voice.take(4), voice.finished) == (b"cd\0\0", True)
    voice.say(b"abcd", loop=True)
    assert (voice.take(6), voice.take(6), voice.take(9)) == (b"abcdab", b"cdabcd", b"abcdabcda")
    with pytest.raises(ValueError, match="no whole 16-bit samples"):
        voice.say(b"abc", loop=False)


def test_a_looped_tone_has_no_seam() -> None:
    voice = Voice()
    voice.say(tone(ANA), loop=True)
    tape = taped(*(voice.take(320) for _ in range(150)))
    assert len(heard(tape, ANA)) == 1
    assert level(tape, ANA + 30) < -60.0


def test_time_in_which_nothing_arrived_is_silence_in_the_recording() -> None:
    ear = Ear(NOON)
    ear.hear(tone(ANA), NOON + seconds(1.05))
    ear.hear(tone(ANA), NOON + seconds(6.05))
    tape = ear.recording(NOON + seconds(10))
    assert tape.length == seconds(10)
    assert [span.length.total_seconds() for span in silences(tape)] == pytest.approx(
        [4.0, 3.95], abs=0.05
    )


def test_uneven_arrival_is_not_silence() -> None:
    ear = Ear(NOON)
    ear.hear(tone(ANA), NOON + seconds(1))
    ear.hear(tone(ANA), NOON + seconds(2.1))
    assert len(heard(ear.recording(NOON + seconds(2.1)), ANA)) == 1


def test_a_recording_asked_for_too_early_takes_nothing_from_what_comes_later() -> None:
    ear = Ear(NOON)
    ear.hear(tone(ANA), NOON + seconds(1))
    assert ear.recording(NOON + seconds(2)).length == seconds(2)
    ear.hear(tone(ANA), NOON + seconds(2))
    assert len(heard(ear.recording(NOON + seconds(2)), ANA)) == 1


def test_a_saved_recording_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    taped(tone(ANA)).save(path)
    assert load_audio(path) == tone(ANA)
