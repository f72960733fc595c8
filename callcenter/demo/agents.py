"""An agent at work: signs in at the desk, registers a phone, takes calls and wraps them up.

Presence and wrap-up go over the HTTP API through the edge, calls over SIP and RTP, as a person with a
desk phone and a screen would do it. What goes wrong on either side is noted with the ring.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import aiohttp

from callcenter.demo.board import Board
from callcenter.demo.centre_api import CentreSaidNo, Desk
from callcenter.demo.listening import speaks
from callcenter.demo.script import AgentPart, Mood, Reaction
from callcenter.testing.phones import CallLeg, CallRefused, Phone, Phones, WaitedInVain

LONGEST_RING: Final = timedelta(seconds=40)
LONGEST_TALK: Final = timedelta(seconds=40)
SPEAKS_WITHIN: Final = timedelta(seconds=5)
# A gap in the caller's sound is not the end of what they have to say.
_SURE_AFTER: Final = timedelta(milliseconds=700)
_A_WORD: Final = timedelta(milliseconds=250)
_LOOK_EVERY: Final = 0.1
_FOR_EVER: Final = timedelta(days=7)
_NUMBER: Final = re.compile(r"sip:([^@;>]*)@")


@dataclass(slots=True)
class Ring:
    """One ring at an agent's phone and what came of it."""

    agent: str
    leg: CallLeg
    ani: str
    reaction: Reaction
    complaint: str = ""


@dataclass(slots=True)
class Agent:
    """One agent. `hz` is the tone they speak; `tone_of` tells a caller's by the number shown."""

    part: AgentPart
    hz: int
    desk: Desk
    moods: Callable[[], Mood]
    tone_of: Callable[[str], int | None]
    board: Board
    rings: list[Ring] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _phone: Phone | None = None

    async def start(self, phones: Phones, domain: str) -> None:
        """Sit down: sign in, register, be ready. Raises: CentreSaidNo, PhoneError."""
        seat = await self._ask("POST", "/login", {"phone": "desk-phone"})
        account = seat["account"]
        self._phone = await phones.phone(account["endpoint"], account["password"], domain=domain)
        await self._phone.register()
        await self._be_ready()

    async def work(self, stop: asyncio.Event) -> None:
        """Take calls until `stop`; a call that is up then is brought to its end."""
        assert self._phone is not None
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                ringing = asyncio.create_task(self._phone.rings(_FOR_EVER))
                await asyncio.wait([ringing, stopping], return_when=asyncio.FIRST_COMPLETED)
                if not ringing.done():
                    ringing.cancel()
                    await asyncio.gather(ringing, return_exceptions=True)
                    break
                await self._take(ringing.result())
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)

    async def go_home(self) -> None:
        """Sign out and take the phone off."""
        await self._noted(self._ask("DELETE", "/login"))
        self._does("gone home", "已下班")

    async def _take(self, leg: CallLeg) -> None:
        assert self._phone is not None
        self._phone.legs.clear()  # What is over is kept in `rings`, as long as it is needed.
        mood = self.moods()
        shown = _NUMBER.search(leg.headers.get("From", "") or leg.peer or "")
        ring = Ring(self.part.id, leg, shown[1] if shown else "", mood.reaction)
        self.rings.append(ring)
        self._does("rings", "振铃")
        try:
            await self._react(ring, mood)
        except CallRefused:
            pass  # The caller was gone before the phone was picked up.
        except WaitedInVain as vain:
            ring.complaint = str(vain).partition(": ")[0]
        if leg.ending is None:
            await leg.hang_up()
        await self._noted(self._afterwards(ring, mood))

    async def _react(self, ring: Ring, mood: Mood) -> None:
        leg = ring.leg
        if mood.reaction is Reaction.MISS:
            self._does("does not hear it", "没听见")
            await leg.ended(LONGEST_RING)
        elif await _ends_within(leg, mood.delay):
            return
        elif mood.reaction is Reaction.REJECT:
            self._does("rejects", "拒接")
            await leg.reject()
        else:
            await leg.answer()
            await self._talk(ring)

    async def _talk(self, ring: Ring) -> None:
        leg = ring.leg
        self._does("talks", "通话中")
        leg.say_tone(self.hz)
        listening = asyncio.create_task(self._until_all_is_said(leg, self.tone_of(ring.ani)))
        ending = asyncio.create_task(leg.ended(LONGEST_TALK))
        try:
            await asyncio.wait([listening, ending], return_when=asyncio.FIRST_COMPLETED)
            if leg.ending is None:
                self._does("hangs up", "挂断")
                await leg.hang_up()
        finally:
            listening.cancel()
            ending.cancel()
            await asyncio.gather(listening, ending, return_exceptions=True)

    async def _until_all_is_said(self, leg: CallLeg, hz: int | None) -> None:
        """The caller spoke and has stopped. Whoever never speaks is hung up on."""
        if hz is None:
            await asyncio.sleep(SPEAKS_WITHIN.total_seconds())
            return
        loop = asyncio.get_running_loop()
        silent_since = loop.time() + SPEAKS_WITHIN.total_seconds()
        while loop.time() - silent_since < _SURE_AFTER.total_seconds():
            await asyncio.sleep(_LOOK_EVERY)
            if speaks(leg.arrived(_A_WORD), hz):
                silent_since = loop.time()

    async def _afterwards(self, ring: Ring, mood: Mood) -> None:
        if ring.leg.established_at is not None:
            self._does("wraps up", "话后处理")
            await asyncio.sleep(mood.wrap.total_seconds())
            await self._ask("DELETE", "/wrap")
        if mood.pause is not None:
            self._does("pauses: tea", "小休：喝茶")
            await self._ask("PUT", "/presence", {"presence": "paused", "reason": "tea 喝茶"})
            await asyncio.sleep(mood.pause.total_seconds())
        # After a miss too many the centre has paused the agent: they are back.
        await self._be_ready()

    async def _be_ready(self) -> None:
        await self._ask("PUT", "/presence", {"presence": "ready"})
        self._does("ready", "就绪")

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, dict[str, str]]:
        answer: dict[str, dict[str, str]] = await self.desk.ask(
            method, f"/agents/{self.part.id}{path}", body
        )
        return answer

    async def _noted(self, doing: Awaitable[object]) -> None:
        try:
            await doing
        except (CentreSaidNo, aiohttp.ClientError, TimeoutError) as error:
            self.complaints.append(str(error) or type(error).__name__)

    def _does(self, en: str, zh: str) -> None:
        self.board.agent(self.part.id, en, zh)


async def _ends_within(leg: CallLeg, time: timedelta) -> bool:
    try:
        await leg.ended(time)
    except WaitedInVain:
        return False
    return True
