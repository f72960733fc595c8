"""espeak-ng speaks: the one on the PATH, or the private one that comes with the switch."""

import os
import shlex
import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from callcenter.adapters.tts.espeak import Espeak
from callcenter.host.switch import find_switch
from callcenter.ports.speech import LanguageNotSpoken, Speech, SpeechFailed

pytestmark = pytest.mark.adapter


PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def command(monkeypatch_module: pytest.MonkeyPatch) -> list[str]:
    switch = find_switch(PROJECT / "run/switch")
    assert switch, "there is no switch yet: run scripts/start once, or callcenter switch prepare"
    for name, value in switch.espeak.env.items():
        monkeypatch_module.setenv(name, value)
    return switch.espeak_argv()


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def script(tmp_path: Path, body: str) -> list[str]:
    """A program in espeak-ng's place."""
    file = tmp_path / "speaker"
    file.write_text(f"#!{sys.executable}\nimport sys, os\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return [str(file)]


def loudest(speech: Speech) -> int:
    samples = memoryview(speech.pcm).cast("h")
    return max(abs(sample) for sample in samples)


@pytest.mark.parametrize(
    ("language", "text"), [("zh", "您好，欢迎致电。"), ("en", "Hello, and welcome.")]
)
async def test_both_languages_are_spoken(command: list[str], language: str, text: str) -> None:
    speech = await Espeak(command).synthesize(text, language)
    assert 0.8 < speech.seconds < 5
    assert loudest(speech) > 3000


async def test_a_longer_text_takes_longer(command: list[str]) -> None:
    espeak = Espeak(command)
    short = await espeak.synthesize("One.", "en")
    long = await espeak.synthesize("One, two, three, four, five, six, seven, eight.", "en")
    assert long.seconds > 2 * short.seconds


@pytest.mark.parametrize(
    "text", ["-w /tmp/x", "--version", "$(id) `id` ; id", "[[h@l'oU]] <b>hi</b>", "\ud800 broken"]
)
async def test_no_text_is_taken_for_a_command(command: list[str], text: str) -> None:
    assert (await Espeak(command).synthesize(text, "en")).seconds > 0.2


async def test_a_language_without_a_voice_is_refused() -> None:
    espeak = Espeak(["espeak-ng"])
    assert espeak.capabilities.languages == {"zh", "en"}
    with pytest.raises(LanguageNotSpoken):
        await espeak.synthesize("Bonjour", "fr")


def test_the_voice_tells_what_changes_the_sound() -> None:
    slow = Espeak(["espeak-ng"], words_a_minute=120)
    assert slow.voice("en") != Espeak(["espeak-ng"]).voice("en")
    assert slow.voice("en") != slow.voice("zh")


async def test_a_missing_program_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(SpeechFailed, match="install espeak-ng"):
        await Espeak([str(tmp_path / "nowhere")]).synthesize("Hello", "en")


async def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    failing = script(tmp_path, "sys.stderr.write('no voices here'); sys.exit(3)")
    with pytest.raises(SpeechFailed, match="ended with 3: no voices here"):
        await Espeak(failing).synthesize("Hello", "en")


@pytest.mark.parametrize(
    "body", ["sys.stdin.read()", "sys.stdin.read(); sys.stdout.write('RIFF' + 'x' * 60)", "pass"]
)
async def test_what_is_no_speech_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(SpeechFailed, match="no WAV"):
        await Espeak(script(tmp_path, body)).synthesize("Hello", "en")


async def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    hanging = ["/bin/sh", "-c", f"echo $$ > {shlex.quote(str(told))}; exec sleep 60", "sh"]
    espeak = Espeak(hanging, timeout=timedelta(seconds=1.5))
    with pytest.raises(SpeechFailed, match="took longer"):
        await espeak.synthesize("Hello", "en")
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


async def test_the_environment_is_the_one_that_is_given(tmp_path: Path) -> None:
    telling = script(tmp_path, "sys.stderr.write(os.environ['ESPEAK_DATA_PATH']); sys.exit(1)")
    espeak = Espeak(telling, {"ESPEAK_DATA_PATH": "/prefix/voices"})
    with pytest.raises(SpeechFailed, match="/prefix/voices"):
        await espeak.synthesize("Hello", "en")
