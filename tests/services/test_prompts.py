"""Prompts are spoken once, kept, and spoken again when their words change."""

import asyncio
import os
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import Flow
from callcenter.core.ivr.parse import parse_flow
from callcenter.ports.speech import LanguageNotSpoken, Speech, SpeechCapabilities, SpeechFailed
from callcenter.services.prompt_audio import telephone_audio
from callcenter.services.prompts import NoSuchPrompt, PromptLibrary

pytestmark = pytest.mark.service

RATE = 22050
PITCH = {"zh": 300.0, "en": 700.0}


def tone(hertz: float, seconds: float, level: float = 0.2) -> npt.NDArray[np.float64]:
    wave: npt.NDArray[np.float64] = level * np.sin(
        2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE
    )
    return wave


def speech(*pieces: npt.NDArray[np.float64]) -> Speech:
    return Speech((np.concatenate(pieces) * 32767).astype("<i2").tobytes(), RATE)


def silence(seconds: float) -> npt.NDArray[np.float64]:
    return np.zeros(int(RATE * seconds))


class ToneSynthesizer:
    """Speaks each language at its own pitch, for as long as the text has characters."""

    def __init__(self, manner: str = "plain") -> None:
        self.spoken: list[tuple[str, str]] = []
        self.at_once = self.most_at_once = 0
        self.broken: set[str] = set()
        self._manner = manner

    @property
    def capabilities(self) -> SpeechCapabilities:
        return SpeechCapabilities(frozenset(PITCH))

    def voice(self, language: str) -> str:
        if language not in PITCH:
            raise LanguageNotSpoken(language)
        return f"tone/{language}/{self._manner}"

    async def synthesize(self, text: str, language: str) -> Speech:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if text in self.broken:
            raise SpeechFailed("out of breath")
        self.spoken.append((language, text))
        return speech(silence(0.5), tone(PITCH[language], 0.1 * len(text)), silence(0.5))


def flow(prompts: dict[str, object], flow_id: str = "hotline") -> Flow:
    return parse_flow(
        {
            "id": flow_id,
            "languages": ["zh", "en"],
            "start": "bye",
            "nodes": {"bye": {"hang_up": None}},
            "prompts": prompts,
        }
    )


HELLO: dict[str, object] = {"hello": {"zh": "您好您好", "en": "Good day to you"}}


def heard(stem: str, law: str = "ULAW") -> npt.NDArray[np.float64]:
    samples, _ = soundfile.read(
        f"{stem}.{law.lower()}", format="RAW", subtype=law, channels=1, samplerate=8000
    )
    return np.asarray(samples, dtype=np.float64)


def opened(file: str) -> BinaryIO:
    return Path(file).open("rb")


def content(file: str) -> bytes:
    return Path(file).read_bytes()


def write(file: str, data: bytes) -> None:
    Path(file).write_bytes(data)


def endings(folder: Path) -> list[str]:
    return sorted(file.suffix for file in folder.rglob("*.*"))


def long_ago(folder: Path) -> None:
    """Make all that is in it of the day before yesterday."""
    for file in folder.rglob("*.*"):
        os.utime(file, (time.time() - 2 * 86_400,) * 2)


async def in_force(library: PromptLibrary, *flows: Flow) -> None:
    await library.render(flows)
    library.use(flows)


def pitch(samples: npt.NDArray[np.float64]) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * 8000 / len(samples))


async def test_a_prompt_is_spoken_in_every_language_for_both_codecs(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    rendering = await library.render([flow(HELLO)])
    assert (rendering.spoken, rendering.kept, rendering.failures) == (2, 0, ())
    library.use([flow(HELLO)])
    chinese = library.media("hotline", "hello", "zh")
    assert Path(chinese).parent == tmp_path / "zh" / "hotline" / "hello"
    english = library.media("hotline", "hello", "en")
    assert pitch(heard(chinese)) == pytest.approx(300, abs=5)
    assert pitch(heard(english, "ALAW")) == pytest.approx(700, abs=5)
    assert np.allclose(heard(english, "ULAW"), heard(english, "ALAW"), atol=0.04)


async def test_what_is_there_is_not_spoken_again_by_anybody(tmp_path: Path) -> None:
    await PromptLibrary(tmp_path, ToneSynthesizer()).render([flow(HELLO)])
    later = ToneSynthesizer()
    library = PromptLibrary(tmp_path, later)
    rendering = await library.render([flow(HELLO)])
    assert (rendering.spoken, rendering.kept, later.spoken) == (0, 2, [])
    library.use([flow(HELLO)])
    assert heard(library.media("hotline", "hello", "en")).any()


async def test_only_changed_words_are_spoken_again(tmp_path: Path) -> None:
    synthesizer = ToneSynthesizer()
    library = PromptLibrary(tmp_path, synthesizer)
    await in_force(library, flow(HELLO))
    before = len(heard(library.media("hotline", "hello", "en")))
    await in_force(library, flow({"hello": {"zh": "您好您好", "en": "Good day"}}))
    assert synthesizer.spoken[2:] == [("en", "Good day")]
    assert len(heard(library.media("hotline", "hello", "en"))) < before


async def test_another_voice_speaks_everything_again(tmp_path: Path) -> None:
    await PromptLibrary(tmp_path, ToneSynthesizer()).render([flow(HELLO)])
    rendering = await PromptLibrary(tmp_path, ToneSynthesizer("slow")).render([flow(HELLO)])
    assert rendering.spoken == 2


@pytest.mark.parametrize("ending", [".ulaw", ".alaw"])
async def test_a_prompt_that_is_not_whole_is_spoken_again(tmp_path: Path, ending: str) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow(HELLO))
    file = library.media("hotline", "hello", "en") + ending
    whole = content(file)
    write(file, whole[:-1])
    rendering = await library.render([flow(HELLO)])
    assert (rendering.spoken, rendering.kept) == (1, 1)
    assert content(file) == whole


async def test_sounds_of_nothing_are_spoken_again(tmp_path: Path) -> None:
    """A machine without power may leave files of which nothing was written."""
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow(HELLO))
    for law in (".ulaw", ".alaw"):
        write(library.media("hotline", "hello", "en") + law, b"")
    assert (await library.render([flow(HELLO)])).spoken == 1


async def test_speaking_other_words_changes_nothing_that_is_heard(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow(HELLO))
    media = library.media("hotline", "hello", "en")
    sound = content(media + ".ulaw")
    edited = flow({"hello": {"zh": "您好您好", "en": "Good"}})
    await library.render([edited])
    await PromptLibrary(tmp_path, ToneSynthesizer()).render([edited])  # a standby does so too
    assert library.media("hotline", "hello", "en") == media
    assert content(media + ".ulaw") == sound
    library.use([edited])
    assert content(library.media("hotline", "hello", "en") + ".ulaw") != sound
    assert content(media + ".ulaw") == sound


async def test_words_go_a_day_after_their_last_use_and_not_before(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow(HELLO))
    old = library.media("hotline", "hello", "en") + ".ulaw"
    beside = tmp_path / "notes.txt"
    beside.write_text("somebody else's")
    part = tmp_path / "half.ulaw-1.part"
    part.write_bytes(b"left over")
    long_ago(tmp_path)
    await in_force(library, flow({"hello": {"zh": "您好您好", "en": "Good"}}))
    await library.clear()
    await library.clear()
    # Who was in the flow when it was replaced may still hear it.
    assert content(old)
    assert endings(tmp_path) == [*[".alaw"] * 3, ".txt", *[".ulaw"] * 3]
    long_ago(tmp_path)
    await library.clear()
    assert heard(library.media("hotline", "hello", "en")).any()
    assert endings(tmp_path) == [*[".alaw"] * 2, ".txt", *[".ulaw"] * 2]


async def test_a_caller_who_hears_the_old_words_hears_them_to_their_end(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow(HELLO))
    file = library.media("hotline", "hello", "en") + ".ulaw"
    old = content(file)
    with opened(file) as playing:
        begun = playing.read(100)
        await in_force(library, flow({"hello": {"zh": "您好您好", "en": "Good"}}))
        assert begun + playing.read() == old
    assert library.media("hotline", "hello", "en") + ".ulaw" != file


async def test_words_are_spoken_when_they_are_wanted_and_kept(tmp_path: Path) -> None:
    speaker = ToneSynthesizer()
    media = await PromptLibrary(tmp_path, speaker).words("第二位", "zh")
    assert pitch(heard(media)) == pytest.approx(PITCH["zh"], abs=5)
    assert heard(media, "ALAW").any()
    assert await PromptLibrary(tmp_path, speaker).words("第二位", "zh") == media
    assert speaker.spoken == [("zh", "第二位")]
    assert await PromptLibrary(tmp_path, ToneSynthesizer("slow")).words("第二位", "zh") != media


async def test_words_that_many_want_at_once_are_there_for_all(tmp_path: Path) -> None:
    speaker = ToneSynthesizer()
    library = PromptLibrary(tmp_path, speaker)
    wanted = [library.words(text, "zh") for text in ("一", "二", "三", "四") * 5]
    said = await asyncio.gather(*wanted)
    assert all(heard(media).any() for media in said)
    assert len(set(said)) == 4
    # Two that began in the same moment may have spoken the same.
    assert len(speaker.spoken) <= 8
    assert speaker.most_at_once <= 2
    assert endings(tmp_path) == [*[".alaw"] * 4, *[".ulaw"] * 4]


async def test_what_words_say_is_in_no_name_of_a_file(tmp_path: Path) -> None:
    media = await PromptLibrary(tmp_path, ToneSynthesizer()).words("138", "en")
    assert "138" not in str(Path(media).relative_to(tmp_path).parent)
    assert len(Path(media).name) == 16


async def test_words_go_a_day_after_they_were_wanted_last(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow(HELLO))
    wanted = await library.words("第二位", "zh")
    unwanted = await library.words("第三位", "zh")
    long_ago(tmp_path)
    assert await library.words("第二位", "zh") == wanted
    await library.clear()
    assert heard(wanted).any()
    assert len(endings(tmp_path / "words")) == 2
    assert await library.words("第三位", "zh") == unwanted
    assert heard(unwanted).any()


@pytest.mark.parametrize(("language", "why"), [("xx", LanguageNotSpoken), ("en", SpeechFailed)])
async def test_words_that_cannot_be_spoken_are_refused(
    tmp_path: Path, language: str, why: type[SpeechFailed]
) -> None:
    speaker = ToneSynthesizer()
    speaker.broken.add("no")
    with pytest.raises(why):
        await PromptLibrary(tmp_path, speaker).words("no", language)
    assert endings(tmp_path) == []


async def test_parts_are_spoken_each_in_its_language_one_after_the_other(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow({"ask": [{"zh": "您好您好您"}, {"en": "Hello"}]}))
    samples = heard(library.media("hotline", "ask", "en"))
    assert pitch(samples[800:3200]) == pytest.approx(300, abs=5)
    assert pitch(samples[-3600:-1200]) == pytest.approx(700, abs=5)


async def test_without_sound_in_a_language_the_default_is_heard(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow({"hello": {"zh": "您好"}}))
    assert library.media("hotline", "hello", "en") == library.media("hotline", "hello", "zh")
    assert library.media("hotline", "hello", "fr") == library.media("hotline", "hello", "zh")


async def test_a_prompt_that_nobody_has_is_refused(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path, ToneSynthesizer())
    await in_force(library, flow(HELLO))
    with pytest.raises(NoSuchPrompt):
        library.media("hotline", "goodbye", "zh")
    with pytest.raises(NoSuchPrompt):
        library.media("nowhere", "hello", "zh")


async def test_what_cannot_be_spoken_is_reported_and_hinders_nothing(tmp_path: Path) -> None:
    synthesizer = ToneSynthesizer()
    synthesizer.broken = {"Goodbye"}
    library = PromptLibrary(tmp_path, synthesizer)
    prompts = {**HELLO, "bye": {"zh": "再见", "en": "Goodbye"}}
    rendering = await library.render([flow(prompts), flow(HELLO, "other")])
    library.use([flow(prompts), flow(HELLO, "other")])
    assert rendering.spoken == 5
    assert rendering.unspoken == {FlowId("hotline"): "bye (en): out of breath"}
    assert library.media("hotline", "bye", "en") == library.media("hotline", "bye", "zh")


async def test_words_that_cannot_be_spoken_leave_the_former_ones_in_use(tmp_path: Path) -> None:
    synthesizer = ToneSynthesizer()
    synthesizer.broken = {"Welcome"}
    library = PromptLibrary(tmp_path, synthesizer)
    await in_force(library, flow(HELLO))
    rendering = await library.render([flow({"hello": {"zh": "您好您好", "en": "Welcome"}})])
    assert set(rendering.unspoken) == {"hotline"}
    assert pitch(heard(library.media("hotline", "hello", "en"))) == pytest.approx(700, abs=5)


async def test_a_language_without_a_voice_is_reported(tmp_path: Path) -> None:
    french = parse_flow(
        {
            "id": "francais",
            "languages": ["fr"],
            "start": "bye",
            "nodes": {"bye": {"hang_up": None}},
            "prompts": {"hello": {"fr": "Bonjour"}},
        }
    )
    rendering = await PromptLibrary(tmp_path, ToneSynthesizer()).render([french])
    (failure,) = rendering.failures
    assert isinstance(failure.reason, LanguageNotSpoken)


async def test_two_are_spoken_at_a_time_and_progress_is_told(tmp_path: Path) -> None:
    synthesizer = ToneSynthesizer()
    prompts: dict[str, object] = {f"p{i}": {"zh": "您好", "en": "Hello"} for i in range(5)}
    told: list[tuple[int, int]] = []
    library = PromptLibrary(tmp_path, synthesizer)
    await library.render([flow(prompts)], lambda done, total: told.append((done, total)))
    assert synthesizer.most_at_once == 2
    assert told == [(done, 10) for done in range(11)]


async def test_a_folder_that_takes_no_files_is_reported(tmp_path: Path) -> None:
    (tmp_path / "zh").write_text("in the way")
    rendering = await PromptLibrary(tmp_path, ToneSynthesizer()).render([flow(HELLO)])
    assert rendering.spoken == 1
    assert "cannot be kept" in rendering.unspoken[FlowId("hotline")]


def _quiet_stretches(samples: npt.NDArray[np.float64]) -> list[float]:
    loud = np.flatnonzero(np.abs(samples) > 0.005)
    edges = np.concatenate(([0], loud, [len(samples)]))
    return [float(gap) / 8000 for gap in np.diff(edges)]


def test_silence_at_both_ends_and_inside_is_shortened(tmp_path: Path) -> None:
    spoken = speech(silence(3), tone(400, 0.5), silence(4), tone(400, 0.5), silence(5))
    (tmp_path / "a.ulaw").write_bytes(telephone_audio([spoken])[0])
    samples = heard(str(tmp_path / "a"))
    gaps = _quiet_stretches(samples)
    assert gaps[0] <= 0.05
    assert gaps[-1] <= 0.15
    assert 0.5 <= max(gaps) <= 0.65
    assert len(samples) / 8000 == pytest.approx(1.75, abs=0.1)


@pytest.mark.parametrize("level", [0.01, 0.2, 0.99])
def test_every_prompt_is_equally_loud(tmp_path: Path, level: float) -> None:
    (tmp_path / "a.ulaw").write_bytes(telephone_audio([speech(tone(400, 1, level))])[0])
    loudness = np.sqrt(np.mean(heard(str(tmp_path / "a"))[2000:6000] ** 2))
    assert 20 * np.log10(loudness) == pytest.approx(-20, abs=1)


def test_speech_in_which_nothing_is_heard_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is to be heard"):
        telephone_audio([speech(silence(1))])
