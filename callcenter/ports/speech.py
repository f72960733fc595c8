"""Turning text into speech, and how that may fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from callcenter.core.errors import CoreError


class SpeechFailed(CoreError):
    """The engine did not speak this text; the reason is in the argument, never the text itself."""

    code: ClassVar[str] = "speech-failed"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The text could not be turned into speech.",
        "zh": "文本无法合成语音。",
    }


class LanguageNotSpoken(SpeechFailed):
    """The engine has no voice for this language."""

    code: ClassVar[str] = "language-not-spoken"
    title: ClassVar[Mapping[str, str]] = {
        "en": "There is no voice for this language.",
        "zh": "没有该语言的语音。",
    }


@dataclass(frozen=True, slots=True)
class SpeechCapabilities:
    """What an engine can do. An empty `languages` would mean that it speaks none."""

    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken text: signed 16-bit little-endian samples of one voice, `rate` of them a second."""

    pcm: bytes
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate


class Synthesizer(Protocol):
    @property
    def capabilities(self) -> SpeechCapabilities: ...

    def voice(self, language: str) -> str:
        """Engine, voice and manner in one word: the same for the same sound of the same text.

        Raises: LanguageNotSpoken.
        """
        ...

    async def synthesize(self, text: str, language: str) -> Speech:
        """Speak one text.

        Raises: LanguageNotSpoken, SpeechFailed.
        """
        ...
