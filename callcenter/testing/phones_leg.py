"""One phone's side of one call: it speaks, records, sends and gets digits, and knows how it ended.

With `phones` the only file that knows `baresip` (from the `demo` extra of this package). Every wait
has a deadline and says what it waited for; nothing here sleeps.
"""

import asyncio
import contextlib
import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from baresip.audio import AudioInfo
from baresip.call import Call
from baresip.errors import AudioNotActive, AudioRestarted, StaleHandleError, split_status
from baresip.events import Event, StackEvent

from callcenter.testing.phones_audio import Ear, Voice, load_audio
from callcenter.testing.tones import (
    RATE,
    SAMPLE_BYTES,
    SILENT_BELOW_DBFS,
    SPOKEN_DBFS,
    WINDOW,
    Recording,
    hears,
    loudness,
    tone,
)

SOON = timedelta(seconds=5)
"""Default deadline of every wait: far above what loopback needs, for machines that are busy."""

_AHEAD_SECONDS = 0.2
"""How much speech lies ready in the stack: a loop that stalls for less is not heard."""


class PhoneError(Exception):
    """A phone could not do what it was asked."""


class WaitedInVain(PhoneError):
    """The deadline passed."""


class CallRefused(PhoneError):
    """The call ended before it was answered."""

    def __init__(self, message: str, ending: "Ending") -> None:
        super().__init__(message)
        self.ending = ending


class Side(enum.Enum):
    """Who ended a call, seen from this phone."""

    HERE = "here"
    THERE = "there"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a leg ended. `status` is the SIP status where the far end refused with one."""

    by: Side
    at: datetime
    status: int | None
    reason: str

    @property
    def cause(self) -> int | None:
        """The Q.850 cause that a refusal carried (RFC 3326), e.g. 21 for call rejected."""
        found = re.search(r"Q\.850;cause=(\d+)", self.reason)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Digit:
    """One key the far end pressed, at the moment it went down."""

    key: str
    at: datetime


class Changes:
    """Wakes whoever waits for something to have changed."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def tell(self) -> None:
        """Something changed."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_until(
        self, is_so: Callable[[], bool], within: timedelta, waited_for: Callable[[], str]
    ) -> None:
        """Return once `is_so`; raise WaitedInVain, saying what for, when the deadline passes."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not is_so():
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiting.append(waiter)
                    await waiter
        except TimeoutError:
            seconds = within.total_seconds()
            raise WaitedInVain(f"waited {seconds:g} s in vain for {waited_for()}") from None


class CallLeg:
    """One phone's side of one call. Made by `Phone.dial` and `Phone.rings`."""

    def __init__(self, call: Call, *, name: str, headers: Mapping[str, str]) -> None:
        self._call = call
        self._changes = Changes()
        self._voice = Voice()
        self._ear: Ear | None = None
        self._hanging_up = False
        self.name = name
        self.headers = dict(headers)
        self.began_at = datetime.now(UTC)
        self.rang_at: datetime | None = None
        self.established_at: datetime | None = None
        self.ending: Ending | None = None
        self.digits: list[Digit] = []
        self.audio_trouble: list[str] = []

    def __repr__(self) -> str:
        return f"<CallLeg {self.name}: {self.phase}>"

    @property
    def phase(self) -> str:
        """`calling`, `ringing`, `established` or `ended`, with the reason of the end."""
        if self.ending is not None:
            return f"ended by {self.ending.by.value} ({self.ending.reason})"
        if self.established_at is not None:
            return "established"
        return "calling" if self.rang_at is None else "ringing"

    @property
    def peer(self) -> str | None:
        """URI of the far end: for a call that came in, the From header's."""
        return self._call.peer

    # ── the call ──

    async def rings_there(self, within: timedelta = SOON) -> None:
        """Wait until the far end rings (180), has answered or has refused."""
        await self._until(
            lambda: bool(self.rang_at or self.established_at or self.ending), within, "ringing"
        )

    async def answer(self, within: timedelta = SOON) -> None:
        """Pick up, and wait until the call stands. Raises CallRefused if the caller gave up."""
        with contextlib.suppress(StaleHandleError):  # Gone already: `established` says how.
            await self._call.answer()
        await self.established(within)

    async def reject(self, within: timedelta = SOON) -> Ending:
        """Decline with 486 Busy Here."""
        self._hanging_up = True
        with contextlib.suppress(StaleHandleError):
            await self._call.reject()
        return await self.ended(within)

    async def hang_up(self, within: timedelta = SOON) -> Ending:
        """Hang up, in whatever phase; if the far end was first, its ending is returned."""
        self._hanging_up = True
        with contextlib.suppress(StaleHandleError):
            await self._call.hangup()
        return await self.ended(within)

    async def established(self, within: timedelta = SOON) -> None:
        """Wait until the call is answered. Raises CallRefused if it ends instead."""
        await self._until(lambda: bool(self.established_at or self.ending), within, "an answer")
        if self.established_at is None and self.ending is not None:
            raise CallRefused(f"{self.name}: {self.phase}", self.ending)

    async def ended(self, within: timedelta = SOON) -> Ending:
        """Wait for the end, by whomever."""
        await self._until(lambda: self.ending is not None, within, "the end of the call")
        assert self.ending is not None
        return self.ending

    async def hold(self) -> None:
        """Put the far end on hold (re-INVITE)."""
        await self._call.hold()

    async def resume(self) -> None:
        """Take the far end off hold."""
        await self._call.resume()

    async def transfer(self, uri: str, within: timedelta = SOON) -> None:
        """Blind transfer (REFER) to a SIP URI; this leg ends when the far end reports success."""
        await self._call.transfer(uri, timeout=within.total_seconds())

    # ── speaking ──

    def say_tone(self, hz: int, *, dbfs: float = SPOKEN_DBFS) -> None:
        """Speak a steady tone until told otherwise."""
        self.say(tone(hz, dbfs=dbfs), loop=True)

    def say_file(self, path: Path, *, loop: bool = False) -> None:
        """Speak a sound file of any rate."""
        self.say(load_audio(path), loop=loop)

    def say(self, pcm: bytes, *, loop: bool = False) -> None:
        """Speak 8 kHz 16-bit mono PCM; what was being said is cut off."""
        self._voice.say(pcm, loop=loop)
        with contextlib.suppress(AudioNotActive, AudioRestarted):
            self._call.audio.flush_tx()

    def fall_silent(self) -> None:
        """Say nothing: packets of silence go on."""
        self.say(b"")

    async def said(self, within: timedelta = SOON) -> None:
        """Wait until what was to be said once has been said."""
        await self._until(lambda: self._voice.finished, within, "all to be said")

    async def press(self, keys: str) -> None:
        """Press keys (RFC 4733), 100 ms each, 120 ms apart."""
        await self._call.send_dtmf(keys)

    # ── hearing ──

    @property
    def recording(self) -> Recording:
        """All heard since the call was answered (or early media began) until now or the end."""
        now = datetime.now(UTC) if self.ending is None else self.ending.at
        return Recording(b"", now) if self._ear is None else self._ear.recording(now)

    def arrived(self, length: timedelta) -> Recording:
        """The last stretch that arrived, whenever that was: nothing is missing at its end."""
        now = datetime.now(UTC)
        return Recording(b"", now) if self._ear is None else self._ear.arrived(length)

    @property
    def keys(self) -> str:
        """The keys the far end pressed so far."""
        return "".join(digit.key for digit in self.digits)

    async def hears(
        self, hz: int, within: timedelta = SOON, *, lasting: timedelta = 2 * WINDOW
    ) -> None:
        """Wait until the tone stands in the last stretch that arrived."""

        def is_heard() -> bool:
            if self._ear is None:
                return False
            arrived = self._ear.arrived(lasting)
            return arrived.length >= lasting and hears(arrived, hz)

        await self._until(is_heard, within, f"a tone of {hz} Hz to be heard")

    async def hears_anything(self, within: timedelta = SOON) -> None:
        """Wait until the last 200 ms that arrived are louder than silence."""

        def is_loud() -> bool:
            return self._ear is not None and (
                loudness(self._ear.arrived(2 * WINDOW)) > SILENT_BELOW_DBFS
            )

        await self._until(is_loud, within, "any sound")

    async def hears_no_more(self, hz: int, within: timedelta = SOON) -> None:
        """Wait until 200 ms have passed without the tone."""

        def is_gone() -> bool:
            if self._ear is None:
                return True
            return not hears(self._ear.lately(2 * WINDOW, datetime.now(UTC)), hz, share=0.01)

        await self._until(is_gone, within, f"{hz} Hz to stop")

    async def gets_keys(self, keys: str, within: timedelta = SOON) -> None:
        """Wait until the keys pressed by the far end end with these."""
        await self._until(lambda: self.keys.endswith(keys), within, f"the keys {keys!r}")

    async def _until(self, is_so: Callable[[], bool], within: timedelta, what: str) -> None:
        await self._changes.wait_until(
            is_so, within, lambda: f"{what}: {self.name} is {self.phase}, keys {self.keys!r}"
        )

    # ── what the stack reports ──

    def on_event(self, event: StackEvent) -> None:
        """Take in one event of the stack about this call. For `Phones` only."""
        now = datetime.now(UTC)
        match event.event:
            case Event.CALL_RINGING | Event.CALL_INCOMING:
                self.rang_at = self.rang_at or now
            case Event.CALL_PROGRESS:
                self.rang_at = self.rang_at or now
                self._ear = self._ear or Ear(now)
            case Event.CALL_ESTABLISHED:
                self.established_at = self.established_at or now
                self._ear = self._ear or Ear(now)
            case Event.CALL_CLOSED:
                self.ending = self._ending(event.text or "", now)
            case Event.CALL_DTMF_START:
                self.digits.append(Digit(event.text or "?", now))
            case Event.AUDIO_WARNING:
                self.audio_trouble.append(event.text or "unnamed")
            case _:
                return
        self._changes.tell()

    def _ending(self, text: str, at: datetime) -> Ending:
        status, reason = split_status(text)
        if status is not None or text.startswith("Connection reset by peer"):
            by = Side.THERE  # A final answer, or the stack's word for BYE and CANCEL.
        else:
            by = Side.HERE if self._hanging_up else Side.NETWORK
        return Ending(by, at, status, reason)

    def move_audio(self) -> None:
        """Take what arrived and top up what is to be said. Called by `Phones`' clock."""
        if self._ear is None or self.ending is not None:
            return
        with contextlib.suppress(AudioNotActive, AudioRestarted):
            info = self._call.audio.info()
            if info.rx_buffered:
                self._ear.hear(self._call.audio.read(info.rx_buffered), datetime.now(UTC))
            self._speak(info)
        self._changes.tell()

    def _speak(self, info: AudioInfo) -> None:
        wanted = int(_AHEAD_SECONDS * RATE) * SAMPLE_BYTES - info.tx_buffered
        if info.tx_ready and wanted > 0:
            self._call.audio.write(self._voice.take(wanted))
