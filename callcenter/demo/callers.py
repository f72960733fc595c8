"""A caller at work: listens, presses keys, waits, talks and hangs up, as their part says.

They go by what they hear, like people who have called before: a key is pressed when the menu is over
and the voice has stopped, the talk begins when an agent's voice is there. What they wait for in vain is
noted, and they hang up. A menu that they hear again has not got their key: they press once more.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from callcenter.demo.board import Board
from callcenter.demo.listening import PromptBook, speaking
from callcenter.demo.script import LANGUAGE_MENU, MAIN_MENU, WELCOME, CallerPart, Ends, Intent
from callcenter.testing.phones import CallLeg, CallRefused, Phone, WaitedInVain
from callcenter.testing.tones import SILENT_BELOW_DBFS, Recording, Span, loudness

# The longest pause inside a prompt is 0.6 s, and a menu listens for 2.5 s before it speaks again.
A_PAUSE: Final = timedelta(seconds=0.9)
ANSWERED_WITHIN: Final = timedelta(seconds=10)
SPOKEN_WITHIN: Final = timedelta(seconds=25)
LONGEST_WAIT: Final = timedelta(seconds=75)
HUNG_UP_WITHIN: Final = timedelta(seconds=15)
# Longer than any note of the music.
_SURE_AFTER: Final = timedelta(milliseconds=600)
_A_BREATH: Final = timedelta(milliseconds=50)
_LOOK_EVERY: Final = 0.1
# A menu is said within it, and what is looked through stays small.
_REMEMBERS: Final = timedelta(seconds=15)
_WONDERS_EVERY: Final = 4.0


@dataclass(slots=True)
class Caller:
    """One caller on the line. `agents`: the voices they may come to hear. `prompts`: those they know."""

    part: CallerPart
    hz: int
    agents: Mapping[str, int]
    prompts: PromptBook
    board: Board
    leg: CallLeg | None = None
    queued_at: datetime | None = None
    gave_up: bool = False
    complaint: str = ""

    async def act(self, phone: Phone) -> None:
        """Play the part to its end; afterwards the leg has ended, or the complaint says that not."""
        self._does("dials", f"拨打 {self.part.dial}")
        self.leg = await phone.dial(self.part.dial)
        try:
            await self._act(self.leg)
        except CallRefused as refused:
            self.complaint = f"was refused: {refused.ending.status or refused.ending.reason}"
        except WaitedInVain as vain:
            if self.leg.ending is None:
                self.complaint = str(vain).partition(": ")[0]
        finally:
            self.board.caller_left(self.part.title)
            await self._be_gone(self.leg)

    async def _act(self, leg: CallLeg) -> None:
        await leg.established(ANSWERED_WITHIN)
        self._does("listens", "听提示语")
        await _is_spoken_to(leg)
        match self.part.intent:
            case Intent.UNKNOWN_NUMBER:
                await leg.ended(SPOKEN_WITHIN)
                return
            case Intent.LEAVE_EARLY:
                await self._hang_up_after(
                    leg, self.part.patience, "hangs up in the menu", "提前挂断"
                )
                return
        language_key, queue_key = self.part.keys
        await self._press(leg, language_key, *WELCOME)
        await _is_spoken_to(leg)
        await self._press(leg, queue_key, self.part.main_menu)
        self.queued_at = datetime.now(UTC)
        await _is_spoken_to(leg)
        wondering = asyncio.create_task(self._press_again(leg))
        try:
            await self._wait(leg)
        finally:
            wondering.cancel()
            await asyncio.gather(wondering, return_exceptions=True)

    async def _press(self, leg: CallLeg, key: str, *prompts: str) -> None:
        """Hear the menu out, which has just begun, then press. A stall of the line is no end of it."""
        await _ends_within(leg, sum(map(self.prompts.length, prompts), timedelta()))
        await _has_stopped_speaking(leg)
        self._does(f"presses {key}", f"按 {key}")
        await leg.press(key)

    async def _press_again(self, leg: CallLeg) -> None:
        """Nobody heard the key if nobody was there when it was pressed: then the menu is said again."""
        keys = dict(zip((LANGUAGE_MENU, MAIN_MENU), self.part.keys, strict=True))
        pressed_at = self.queued_at or datetime.now(UTC)
        while leg.ending is None:
            await asyncio.sleep(_WONDERS_EVERY)
            lately = leg.recording.since(max(pressed_at, datetime.now(UTC) - _REMEMBERS))
            found = await asyncio.to_thread(self.prompts.recognised, lately, keys)
            if found and leg.ending is None:
                key = keys[MAIN_MENU if MAIN_MENU in found else LANGUAGE_MENU]
                self._does(f"presses {key} again", f"再按 {key}")
                pressed_at = self.queued_at = datetime.now(UTC)
                await leg.press(key)

    async def _wait(self, leg: CallLeg) -> None:
        self._does(f"waits for {self.part.queue}", "排队等候")
        gives_up = self.part.intent is Intent.GIVE_UP
        patience = self.part.patience if gives_up else LONGEST_WAIT
        agent = await _heard_one(leg, self.agents, patience)
        if agent is not None:
            await self._talk(leg, agent)
        elif leg.ending is None and gives_up:
            self.gave_up = True
            await self._hang_up_after(leg, timedelta(), "gives up", "放弃等候")
        elif leg.ending is None:
            self.complaint = f"no agent came within {patience.total_seconds():g} s"

    async def _talk(self, leg: CallLeg, agent: str) -> None:
        self._does(f"talks with {agent}", f"与 {agent} 通话")
        leg.say_tone(self.hz)
        if self.part.ends is Ends.CALLER:
            await self._hang_up_after(leg, self.part.talk, "hangs up", "挂断")
            return
        await _ends_within(leg, self.part.talk)
        leg.fall_silent()
        self._does("has said all", "说完了")
        if not await _ends_within(leg, HUNG_UP_WITHIN):
            self.complaint = f"{agent} did not hang up"

    async def _hang_up_after(self, leg: CallLeg, time: timedelta, en: str, zh: str) -> None:
        if not await _ends_within(leg, time):
            self._does(en, zh)
            await leg.hang_up()

    async def _be_gone(self, leg: CallLeg) -> None:
        if leg.ending is None:
            try:
                await leg.hang_up()
            except WaitedInVain as vain:
                self.complaint = self.complaint or str(vain).partition(": ")[0]

    def _does(self, en: str, zh: str) -> None:
        self.board.caller(self.part.title, en, zh)


async def _ends_within(leg: CallLeg, time: timedelta) -> bool:
    try:
        await leg.ended(time)
    except WaitedInVain:
        return False
    return True


async def _is_spoken_to(leg: CallLeg) -> None:
    """Wait for sound that begins now. Raises: WaitedInVain."""
    begun_at = datetime.now(UTC)
    await _until(leg, ANSWERED_WITHIN, lambda: _is_loud(leg.recording.since(begun_at)))


async def _has_stopped_speaking(leg: CallLeg) -> None:
    """Wait for a pause longer than those inside a prompt. Raises: WaitedInVain."""
    await _until(leg, SPOKEN_WITHIN, lambda: not _is_loud(_lately(leg)))


def _lately(leg: CallLeg) -> Recording:
    return leg.recording.since(datetime.now(UTC) - A_PAUSE)


def _is_loud(recording: Recording) -> bool:
    """Whether there is any sound in it: judged piece by piece, for the mean over a pause and the
    first breath of a word is still a pause."""
    pieces = ceil(recording.length / _A_BREATH)
    spans = (Span(n * _A_BREATH, (n + 1) * _A_BREATH) for n in range(pieces))
    return any(loudness(recording.between(span)) > SILENT_BELOW_DBFS for span in spans)


async def _until(leg: CallLeg, within: timedelta, is_so: Callable[[], bool]) -> None:
    deadline = datetime.now(UTC) + within
    while leg.ending is None and datetime.now(UTC) < deadline:
        if is_so():
            return
        await asyncio.sleep(_LOOK_EVERY)
    raise WaitedInVain("waited in vain for a prompt's beginning or end")


async def _heard_one(leg: CallLeg, agents: Mapping[str, int], within: timedelta) -> str | None:
    """The agent whose voice is there first; None when time or the call is over before."""
    deadline = datetime.now(UTC) + within
    while leg.ending is None and datetime.now(UTC) < deadline:
        agent = speaking(leg.arrived(_SURE_AFTER), agents)
        if agent is not None:
            return agent
        await asyncio.sleep(_LOOK_EVERY)
    return None
