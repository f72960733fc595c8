"""Speech by espeak-ng, a command: small, quick, speaks Chinese and English, sounds like a machine.

The command and its environment are given, for it may stand in a private prefix and need a loader
in front of it and a path to its voices. Text goes in by standard input, so that no text is ever
taken for an option; speech comes out as WAV, whose header gives no true length (it is written
before the speech is).
"""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from callcenter.ports.speech import (
    LanguageNotSpoken,
    Speech,
    SpeechCapabilities,
    SpeechFailed,
)

VOICES: Final[Mapping[str, str]] = MappingProxyType({"zh": "cmn", "en": "en-us"})
_WORDS_A_MINUTE: Final = 150
_LONGEST_TEXT: Final = 5000
# Ten minutes at 22,050 Hz: nothing that is asked for comes near it.
_MOST_BYTES: Final = 30_000_000
_SHOWN: Final = 200


class Espeak:
    """One espeak-ng, run once a text. `voices` gives a voice by language.

    `command` is the program with what must stand in front of it; `environment` is its whole
    environment (None: ours).
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        voices: Mapping[str, str] = VOICES,
        words_a_minute: int = _WORDS_A_MINUTE,
        timeout: timedelta = timedelta(seconds=20),
    ) -> None:
        self._command = tuple(command)
        self._environment = None if environment is None else dict(environment)
        self._voices = dict(voices)
        self._words_a_minute = words_a_minute
        self._timeout = timeout

    @property
    def capabilities(self) -> SpeechCapabilities:
        return SpeechCapabilities(frozenset(self._voices))

    def voice(self, language: str) -> str:
        """Raises: LanguageNotSpoken."""
        return f"espeak-ng/{self._voice(language)}/{self._words_a_minute}"

    async def synthesize(self, text: str, language: str) -> Speech:
        """Raises: LanguageNotSpoken, SpeechFailed."""
        voice = self._voice(language)
        if len(text) > _LONGEST_TEXT:
            raise SpeechFailed(f"the text is longer than {_LONGEST_TEXT} characters")
        process = await self._start(voice)
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                wav, complaint = await process.communicate(_harmless(text).encode())
        except TimeoutError:
            raise SpeechFailed(f"{self._command[0]} took longer than {self._timeout}") from None
        finally:
            await _end(process)
        if process.returncode != 0:
            said = complaint[:_SHOWN].decode(errors="replace").strip()
            raise SpeechFailed(f"{self._command[0]} ended with {process.returncode}: {said}")
        return _speech(wav)

    def _voice(self, language: str) -> str:
        try:
            return self._voices[language]
        except KeyError:
            raise LanguageNotSpoken(language) from None

    async def _start(self, voice: str) -> Process:
        options = ("-v", voice, "-s", str(self._words_a_minute), "-b", "1", "--stdin", "--stdout")
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                *options,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=self._environment,
            )
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SpeechFailed(
                f"{self._command[0]} cannot be run ({reason}): install espeak-ng"
            ) from None


def _harmless(text: str) -> str:
    # Double brackets switch espeak-ng to phonemes.
    return text.replace("[[", "[ [").encode(errors="replace").decode()


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _speech(wav: bytes) -> Speech:
    """The samples of a WAV of one 16-bit voice, whatever length its header claims."""
    data = wav.find(b"data", 36)
    form = wav[:4] + wav[8:16]
    if form != b"RIFFWAVEfmt " or data < 0 or len(wav) > _MOST_BYTES:
        raise SpeechFailed("no WAV came out")
    voices, rate = int.from_bytes(wav[22:24], "little"), int.from_bytes(wav[24:28], "little")
    bits = int.from_bytes(wav[34:36], "little")
    pcm = wav[data + 8 :]
    if (voices, bits) != (1, 16) or not rate or len(pcm) < 2:
        raise SpeechFailed("the WAV that came out holds no single 16-bit voice")
    return Speech(pcm[: len(pcm) // 2 * 2], rate)
