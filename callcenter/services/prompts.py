"""Every prompt of every flow as sound: spoken once, kept, and spoken anew when its words change.

A prompt lies in `<folder>/<language>/<flow>/<name>/<digest>.ulaw` and `.alaw`. The digest is of what is
spoken and how (engine, voice, making, words), so that other words are other files: whoever speaks
what may come into force some time changes nothing that callers hear now. `use` says what is in force,
and `media` answers for that alone. What is not in force any more stays for a day, since a caller may
still hear it, and an agent's phone that rings may still be told to say it.

Words of the moment belong to no flow. They are spoken when they are first wanted, lie in
`<folder>/words/<language>/<digest>`, and go a day after they were wanted last.
"""

import asyncio
import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from callcenter.core.errors import NotFound
from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import Flow, Language, PromptName, Utterance
from callcenter.ports.speech import Speech, SpeechFailed, Synthesizer

# Speaking is work for a processor; calls need the others.
_AT_ONCE: Final = 2
CODECS: Final = (".ulaw", ".alaw")
"""What each sound lies there in: the names' ends."""
_WORDS: Final = "words"  # no language is called so
_DIGITS: Final = 16  # of the digest that make up the name
# Change it when `prompt_audio` makes another sound of the same speech.
_MAKING: Final = "1"
_PART: Final = ".part"
_KEPT_SECONDS: Final = 86_400  # After this nobody is hearing what is no longer in force.
_OURS: Final = frozenset({*CODECS, _PART, ".key"})  # .key: beside the sounds of earlier versions

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
        self._whole: dict[_Prompt, Path] = {}
        self._left: set[Path] = set()
        self._media: dict[tuple[str, str, str], Path] = {}
        self._defaults: dict[str, str] = {}
        self._wanted_now = asyncio.Semaphore(_AT_ONCE)

    async def render(self, flows: Iterable[Flow], progress: Progress | None = None) -> Rendering:
        """Speak what is missing; `progress` hears of prompts done and of all. What is in use stays so.

        A prompt that cannot be spoken is reported and hinders no other.
        """
        prompts = list(_prompts(flows))
        tally = _Tally(len(prompts), progress)
        gate = asyncio.Semaphore(_AT_ONCE)
        missing = await asyncio.to_thread(self._missing, prompts)
        tally.keep(len(prompts) - len(missing))
        async with asyncio.TaskGroup() as tasks:
            for prompt in missing:
                tasks.create_task(self._speak(prompt, gate, tally))
        return Rendering(tally.spoken, tally.kept, tuple(tally.failures))

    def use(self, flows: Iterable[Flow]) -> None:
        """From now on `media` answers for exactly these, as far as they have been rendered."""
        flows = tuple(flows)
        former = set(self._media.values())
        self._media = {
            (prompt.flow, prompt.name, prompt.language): self._whole[prompt]
            for prompt in _prompts(flows)
            if prompt in self._whole
        }
        self._defaults = {flow.id: flow.default_language for flow in flows}
        self._left = (self._left | former) - set(self._media.values())

    async def clear(self) -> None:
        """Remove what has not been in use for a day."""
        left, self._left = self._left, set()
        await asyncio.to_thread(self._clear, left | set(self._media.values()))

    def media(self, flow: str, prompt: str, language: str) -> str:
        """Where the prompt's sound lies: an absolute path, to which a codec's extension is added.

        Without sound in `language` it is that of the flow's default language.

        Raises: NoSuchPrompt.
        """
        own = self._media.get((flow, prompt, language))
        found = own or self._media.get((flow, prompt, self._defaults.get(flow, "")))
        if found is None:
            raise NoSuchPrompt(f"{flow}/{prompt}")
        return str(found)

    async def words(self, text: str, language: str) -> str:
        """Where these words lie as sound, as `media` says it; they are spoken first, if they are not there.

        Raises: SpeechFailed.
        """
        digest = self._digest([Utterance(Language(language), text)])
        stem = self._folder / _WORDS / language / digest
        if not await asyncio.to_thread(_take, stem):
            async with self._wanted_now:
                # Another call may have wanted the same while we waited.
                if not await asyncio.to_thread(_take, stem):
                    speech = await self._synthesizer.synthesize(text, language)
                    await asyncio.to_thread(_store, stem, [speech])
        return str(stem)

    def _missing(self, prompts: list[_Prompt]) -> list[_Prompt]:
        """Those whose sound is not there, or not whole."""
        return [prompt for prompt in prompts if not self._is_there(prompt)]

    def _is_there(self, prompt: _Prompt) -> bool:
        try:
            stem = self._stem(prompt)
        except SpeechFailed:
            stem = None
        if stem is None or not _is_whole(stem):
            self._whole.pop(prompt, None)
            return False
        self._whole[prompt] = stem
        return True

    def _clear(self, used: Collection[Path]) -> None:
        oldest = time.time() - _KEPT_SECONDS
        for file in self._folder.rglob("*"):
            if file.suffix not in _OURS:
                continue
            with contextlib.suppress(OSError):
                if file.with_suffix("") in used:
                    # From its last use a sound is kept, not from when it was spoken.
                    os.utime(file)
                elif file.stat().st_mtime < oldest:
                    file.unlink()

    def _stem(self, prompt: _Prompt) -> Path:
        """Raises: LanguageNotSpoken."""
        digest = self._digest(prompt.parts)
        return self._folder / prompt.language / prompt.flow / prompt.name / digest

    def _digest(self, parts: Iterable[Utterance]) -> str:
        """Raises: LanguageNotSpoken."""
        spoken = [f"{self._synthesizer.voice(part.language)}\0{part.text}" for part in parts]
        return hashlib.sha256("\0\0".join([_MAKING, *spoken]).encode()).hexdigest()[:_DIGITS]

    async def _speak(self, prompt: _Prompt, gate: asyncio.Semaphore, tally: "_Tally") -> None:
        try:
            async with gate:
                stem = self._stem(prompt)
                speeches = [
                    await self._synthesizer.synthesize(part.text, part.language)
                    for part in prompt.parts
                ]
                await asyncio.to_thread(_store, stem, speeches)
                self._whole[prompt] = stem
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


def _is_whole(stem: Path) -> bool:
    try:
        sizes = {stem.with_suffix(codec).stat().st_size for codec in CODECS}
    except OSError:
        return False
    return len(sizes) == 1 and 0 not in sizes


def _take(stem: Path) -> bool:
    """Whether the sound is there; from now on it is kept for another day."""
    if not _is_whole(stem):
        return False
    with contextlib.suppress(OSError):
        for codec in CODECS:
            os.utime(stem.with_suffix(codec))
    return True


def _store(stem: Path, speeches: Sequence[Speech]) -> None:
    """Make the sound and put it there. A standby, or another call, may be speaking the same.

    Raises: SpeechFailed, if there is nothing to hear or no room for it.
    """
    # Half a second and 60 MB that an engine whose prompts are all there does without.
    from callcenter.services.prompt_audio import telephone_audio

    by = f"{os.getpid()}-{threading.get_ident()}"
    try:
        coded = telephone_audio(speeches)
        stem.parent.mkdir(parents=True, exist_ok=True)
        for codec, sound in zip(CODECS, coded, strict=True):
            part = stem.with_name(f"{stem.name}{codec}-{by}{_PART}")
            part.write_bytes(sound)
            os.replace(part, stem.with_suffix(codec))
    except ValueError as error:
        raise SpeechFailed(str(error)) from None
    except OSError as error:
        raise SpeechFailed(f"the sound cannot be kept: {error.strerror}") from None
