"""Listening: voices and prompts are found in what was heard, and music is nobody's voice."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callcenter.demo.listening import TONES, PromptBook, voices
from callcenter.testing.tones import RATE, Recording, tone

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERSONS = {f"person {hz}": hz for hz in TONES}


def recording(*parts: bytes) -> Recording:
    return Recording(b"".join(parts), NOON)


def noise(seed: int, seconds: float) -> bytes:
    """Something that is like nothing else, as speech is."""
    rough = np.random.default_rng(seed).normal(size=int(seconds * RATE))
    soft = np.convolve(rough, np.ones(8) / 8, "same")
    return (soft * 6000).astype(np.int16).tobytes()


@pytest.fixture
def book(tmp_path: Path) -> PromptBook:
    for seed, name in enumerate(("en/hotline/main-menu", "zh/hotline/main-menu")):
        spoken(tmp_path / name / "0123456789abcdef.ulaw", noise(seed, 4))
    return PromptBook(tmp_path)


def spoken(path: Path, sound: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.frombuffer(sound, dtype=np.int16)
    soundfile.write(path, samples, RATE, format="RAW", subtype="ULAW")
    return path


def test_a_sustained_note_of_the_music_is_nobodys_voice() -> None:
    assert voices(recording(tone(TONES[3], dbfs=-24)), PERSONS) == {}


def test_a_short_beep_is_nobodys_voice() -> None:
    assert voices(recording(tone(TONES[3])[: RATE // 4 * 2], bytes(RATE)), PERSONS) == {}


def test_a_voice_is_found_at_its_time() -> None:
    found = voices(recording(bytes(2 * RATE), tone(TONES[3])), PERSONS)
    assert list(found) == [f"person {TONES[3]}"]
    (heard,) = found[f"person {TONES[3]}"]
    assert abs(heard.start - (NOON + timedelta(seconds=1))) < timedelta(seconds=0.1)
    assert abs(heard.length - timedelta(seconds=1)) < timedelta(seconds=0.1)


def test_persons_come_in_the_order_in_which_they_were_heard() -> None:
    found = voices(recording(tone(TONES[9]), tone(TONES[2])), PERSONS)
    assert list(found) == [f"person {TONES[9]}", f"person {TONES[2]}"]


def test_a_prompt_is_recognised_and_its_language_told(book: PromptBook) -> None:
    sound = recording(bytes(16002), noise(0, 4), bytes(8000))
    names = ("en/hotline/main-menu", "zh/hotline/main-menu", "hotline/main-menu")
    assert book.recognised(sound, names) == {"en/hotline/main-menu", "hotline/main-menu"}


def test_a_prompt_is_recognised_although_packets_were_lost(book: PromptBook) -> None:
    whole = noise(0, 4)
    assert book.recognised(recording(whole[:9000] + whole[9960:]), ["hotline/main-menu"])


def test_a_prompt_is_recognised_although_it_came_in_spurts(book: PromptBook) -> None:
    second, quarter = 2 * RATE, RATE // 2
    whole = noise(0, 4)
    spurts = [whole[at : at + second] + bytes(quarter) for at in range(0, len(whole), second)]
    assert book.recognised(recording(*spurts), ["hotline/main-menu"])


def test_a_prompt_that_is_said_again_and_again_is_recognised(book: PromptBook) -> None:
    said = [noise(0, 4), bytes(3 * 2 * RATE)] * 5
    assert book.recognised(recording(*said), ["hotline/main-menu"])


def test_pieces_of_a_prompt_in_another_order_are_not_the_prompt(book: PromptBook) -> None:
    half = RATE
    whole = noise(0, 4)
    backwards = [whole[at : at + half] for at in reversed(range(0, len(whole), half))]
    assert not book.recognised(recording(*backwards), ["hotline/main-menu"])


def test_a_prompt_that_was_cut_off_early_is_not_recognised(book: PromptBook) -> None:
    begun = noise(0, 4)[: int(1.2 * RATE) * 2]
    assert not book.recognised(recording(begun, bytes(40000)), ["hotline/main-menu"])


def test_of_two_versions_of_a_prompt_the_one_last_in_use_is_meant(tmp_path: Path) -> None:
    folder = tmp_path / "en/hotline/main-menu"
    spoken(folder / "f0.ulaw", noise(7, 4))
    os.utime(spoken(folder / "e1.ulaw", noise(8, 2)), (0, 0))
    book = PromptBook(tmp_path)
    assert book.length("hotline/main-menu") == timedelta(seconds=4)
    assert book.recognised(recording(noise(7, 4)), ["hotline/main-menu"])
    assert not book.recognised(recording(noise(8, 2)), ["hotline/main-menu"])


def test_nothing_is_recognised_in_silence(book: PromptBook) -> None:
    assert not book.recognised(recording(bytes(80000)), ["hotline/main-menu"])
    assert not book.recognised(recording(b""), ["hotline/main-menu"])
