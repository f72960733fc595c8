"""Every prompt of every flow as sound: spoken once, kept, and spoken again when its words change.

Beside `<folder>/<language>/<flow>/<name>.ulaw` and `.alaw` lies `<name>.key`: the digest of what was
spoken and how (engine, voice, making, words), and the length of the sound. It comes last, so that a
prompt is there exactly if its key fits; whatever is interrupted is spoken again. Files are replaced,
never rewritten: a caller who hears the old words hears them to their end. Prompts that no flow has
any more stay, for a call may still be in the flow's older version.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from callcenter.core.errors import NotFound
from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import Flow, Language, PromptName, Utterance
from callcenter.ports.speech import Speech, SpeechFailed, Synthesizer

# Speaking is work for a processor; calls need the others.
_AT_ONCE: Final = 2
_CODECS: Final = (".ulaw", ".alaw")
_KEY: Final = ".key"
# Change it when `prompt_audio` makes another sound of the same speech.
_MAKING: Final = "1"
_PART: Final = ".part"

Progress = Callable[[int, int], None]


class NoSuchPrompt(NotFound):
    """This flow has no such prompt in any language."""

    code: ClassVar[str] = "no-such-prompt"
    title: ClassVar = {"en": "There is no such prompt.", "zh": "没有这条提示语。"}


@dataclass(frozen=True, slots=True)
class PromptFailure:
    """A prompt that could not be spoken, and why."""

    flow: FlowId
    prompt: PromptName
    language: Language
    reason: SpeechFailed


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a rendering came to: spoken now, kept from before, and what could not be spoken."""

    spoken: int
    kept: int
    failures: tuple[PromptFailure, ...]

    @property
    def unspoken(self) -> dict[FlowId, str]:
        """The flows with a prompt that could not be spoken, and why."""
        return {
            failure.flow: f"{failure.prompt} ({failure.language}): {failure.reason}"
            for failure in reversed(self.failures)
        }


@dataclass(frozen=True, slots=True)
class _Prompt:
    flow: FlowId
    name: PromptName
    language: Language
    parts: tuple[Utterance, ...]


class PromptLibrary:
    """The prompts in `folder`, spoken by `synthesizer`."""

    def __init__(self, folder: Path, synthesizer: Synthesizer) -> None:
        self._folder = folder.absolute()
        self._synthesizer = synthesizer
        self._media: dict[tuple[str, str, str], str] = {}
        self._defaults: dict[str, str] = {}

    async def render(self, flows: Iterable[Flow], progress: Progress | None = None) -> Rendering:
        """Speak what is missing or has changed; `progress` hears of prompts done and of all.

        A prompt that cannot be spoken is reported and hinders no other; where it was spoken before
        with other words, those stay in use.
        """
        flows = tuple(flows)
        prompts = list(_prompts(flows))
        tally = _Tally(len(prompts), progress)
        gate = asyncio.Semaphore(_AT_ONCE)
        missing = await asyncio.to_thread(self._missing, prompts)
        tally.keep(len(prompts) - len(missing))
        async with asyncio.TaskGroup() as tasks:
            for prompt in missing:
                tasks.create_task(self._speak(prompt, gate, tally))
        self._defaults |= {flow.id: flow.default_language for flow in flows}
        self._media |= await asyncio.to_thread(self._present, prompts)
        return Rendering(tally.spoken, tally.kept, tuple(tally.failures))

    def media(self, flow: str, prompt: str, language: str) -> str:
        """Where the prompt's sound lies: an absolute path, to which a codec's extension is added.

        Without sound in `language` it is that of the flow's default language.

        Raises: NoSuchPrompt.
        """
        own = self._media.get((flow, prompt, language))
        found = own or self._media.get((flow, prompt, self._defaults.get(flow, "")))
        if found is None:
            raise NoSuchPrompt(f"{flow}/{prompt}")
        return found

    def _missing(self, prompts: list[_Prompt]) -> list[_Prompt]:
        """Those whose sound is not there, or is that of other words."""
        for left_over in self._folder.rglob(f"*{_PART}"):
            left_over.unlink(missing_ok=True)
        return [prompt for prompt in prompts if not self._fits(prompt)]

    def _fits(self, prompt: _Prompt) -> bool:
        stem = self._stem(prompt)
        try:
            digest, _, length = _beside(stem, _KEY).read_text().partition(" ")
            sizes = {str(_beside(stem, codec).stat().st_size) for codec in _CODECS}
            return digest == self._digest(prompt) and sizes == {length}
        except (OSError, ValueError, SpeechFailed):
            return False

    def _present(self, prompts: list[_Prompt]) -> dict[tuple[str, str, str], str]:
        return {
            (prompt.flow, prompt.name, prompt.language): str(stem)
            for prompt in prompts
            if _beside(stem := self._stem(prompt), _KEY).exists()
        }

    def _stem(self, prompt: _Prompt) -> Path:
        return self._folder / prompt.language / prompt.flow / prompt.name

    def _digest(self, prompt: _Prompt) -> str:
        """Raises: LanguageNotSpoken."""
        spoken = [f"{self._synthesizer.voice(part.language)}\0{part.text}" for part in prompt.parts]
        return hashlib.sha256("\0\0".join([_MAKING, *spoken]).encode()).hexdigest()

    async def _speak(self, prompt: _Prompt, gate: asyncio.Semaphore, tally: "_Tally") -> None:
        try:
            async with gate:
                digest = self._digest(prompt)
                speeches = [
                    await self._synthesizer.synthesize(part.text, part.language)
                    for part in prompt.parts
                ]
                await asyncio.to_thread(_store, self._stem(prompt), digest, speeches)
        except SpeechFailed as reason:
            tally.fail(PromptFailure(prompt.flow, prompt.name, prompt.language, reason))
        else:
            tally.speak()


class _Tally:
    def __init__(self, total: int, progress: Progress | None) -> None:
        self.spoken = self.kept = 0
        self.failures: list[PromptFailure] = []
        self._total = total
        self._progress = progress

    def speak(self) -> None:
        self.spoken += 1
        self._tell()

    def keep(self, count: int) -> None:
        self.kept += count
        self._tell()

    def fail(self, failure: PromptFailure) -> None:
        self.failures.append(failure)
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self.spoken + self.kept + len(self.failures), self._total)


def _prompts(flows: Iterable[Flow]) -> Iterator[_Prompt]:
    for flow in flows:
        for name, said in flow.prompts.items():
            for language, parts in said.items():
                yield _Prompt(flow.id, name, language, parts)


def _beside(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def _store(stem: Path, digest: str, speeches: Sequence[Speech]) -> None:
    """Make the sound and put it there, its key last.

    Raises: SpeechFailed, if there is nothing to hear or no room for it.
    """
    # Half a second and 60 MB that an engine whose prompts are all there does without.
    from callcenter.services.prompt_audio import telephone_audio

    try:
        coded = telephone_audio(speeches)
        stem.parent.mkdir(parents=True, exist_ok=True)
        key = f"{digest} {len(coded[0])}".encode()
        files = {_beside(stem, codec): sound for codec, sound in zip(_CODECS, coded, strict=True)}
        files[_beside(stem, _KEY)] = key
        for file, data in files.items():
            _beside(file, _PART).write_bytes(data)
        # From here nothing can run out of room. No key: neither the old nor the new is whole.
        _beside(stem, _KEY).unlink(missing_ok=True)
        for file in files:
            os.replace(_beside(file, _PART), file)
    except ValueError as error:
        raise SpeechFailed(str(error)) from None
    except OSError as error:
        raise SpeechFailed(f"the sound cannot be kept: {error.strerror}") from None
