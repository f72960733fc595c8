"""The sounds of each leg in order, where one of them may have to be spoken first.

What is there is played at once. Words take a moment when they are said for the first time: whatever is
to sound on that leg after them waits behind them, and nothing else does. Who connects the leg, or lets
it go, drops what has not begun: nobody hears words after they were connected.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from callcenter.core.calls.effects import Say, StartMusic, StopMusic, Words
from callcenter.core.ids import CallId, LegId, PromptId

logger = logging.getLogger(__name__)

Sound = Say | StartMusic | StopMusic


@dataclass(slots=True, eq=False)
class _Waiting:
    call: CallId
    sound: Sound
    media: Sequence[str] | None = None
    """What it plays; None while its words are being spoken."""
    speaking: asyncio.Task[list[str]] | None = field(default=None, repr=False)


class Sounds:
    """What is to sound on each leg and has not begun.

    `speak` says where words lie as sound, or fails; `begin` plays; `unsaid` hears of what will never be
    played, not before the caller of this has returned.
    """

    def __init__(
        self,
        *,
        speak: Callable[[Words], Awaitable[str]],
        begin: Callable[[CallId, Sound, Sequence[str]], None],
        unsaid: Callable[[CallId, PromptId], None],
        within: timedelta,
    ) -> None:
        self._speak = speak
        self._begin = begin
        self._unsaid = unsaid
        self._within = within
        self._lines: dict[LegId, deque[_Waiting]] = {}

    def add(self, call: CallId, sound: Sound, media: Sequence[str | Words] = ()) -> None:
        """Let this sound when all before it on its leg has begun."""
        one = _Waiting(call, sound)
        self._lines.setdefault(sound.leg, deque()).append(one)
        there = [what for what in media if isinstance(what, str)]
        if len(there) == len(media):
            one.media = there
            self._advance(sound.leg)
            return
        one.speaking = asyncio.get_running_loop().create_task(self._spoken(media))
        one.speaking.add_done_callback(lambda done: self._was_spoken(one, done))

    def is_waiting(self, prompt: PromptId) -> bool:
        """Whether this is still to be said."""
        return self._find(prompt) is not None

    def stop(self, prompt: PromptId) -> LegId | None:
        """Do not say this any more; on which leg it waited, or None if it has begun."""
        one = self._find(prompt)
        if one is None:
            return None
        self._drop(one)
        self._advance(one.sound.leg)
        return one.sound.leg

    def leave(self, leg: LegId) -> bool:
        """Let nothing sound there that has not begun; whether there was anything."""
        waiting = list(self._lines.get(leg, ()))
        for one in waiting:
            self._drop(one)
        self._advance(leg)
        return bool(waiting)

    async def close(self) -> None:
        """Let go of what is being spoken; nobody is told."""
        tasks = [one.speaking for line in self._lines.values() for one in line if one.speaking]
        self._lines.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _find(self, prompt: PromptId) -> _Waiting | None:
        for line in self._lines.values():
            for one in line:
                if isinstance(one.sound, Say) and one.sound.id == prompt:
                    return one
        return None

    async def _spoken(self, media: Sequence[str | Words]) -> list[str]:
        async with asyncio.timeout(self._within.total_seconds()):
            return [await self._speak(what) if isinstance(what, Words) else what for what in media]

    def _was_spoken(self, one: _Waiting, done: asyncio.Task[list[str]]) -> None:
        error = None if done.cancelled() else done.exception()
        if done.cancelled() or one not in self._lines.get(one.sound.leg, ()):
            return  # dropped meanwhile
        if error is None:
            one.media = done.result()
        else:
            # Whatever it was, the call goes on without it. What it says may be the text.
            logger.warning("words not spoken", extra={"why": type(error).__name__})
            self._drop(one)
        self._advance(one.sound.leg)

    def _drop(self, one: _Waiting) -> None:
        self._lines[one.sound.leg].remove(one)
        if one.speaking is not None:
            one.speaking.cancel()
        if isinstance(one.sound, Say):
            self._unsaid(one.call, one.sound.id)

    def _advance(self, leg: LegId) -> None:
        line = self._lines.get(leg)
        while line and (media := line[0].media) is not None:
            one = line.popleft()
            self._begin(one.call, one.sound, media)
        if not line:
            self._lines.pop(leg, None)
