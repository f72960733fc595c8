"""People with telephones: callers and agents over real SIP and RTP.

With `phones_leg` the only file that knows `baresip` (from the `demo` extra of this package). A
process has one `Phones`, which owns the stack; a `Phone` is an identity that dials, registers and
rings; a `CallLeg` is one phone's side of one call.

What the far end does arrives as events on the loop; audio is moved by one steady clock for all.
"""

import asyncio
import itertools
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from baresip.call import Call
from baresip.config import Account, Config
from baresip.errors import RegistrationError
from baresip.events import Event, StackEvent
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from callcenter.testing.phones_leg import (
    SOON,
    CallLeg,
    CallRefused,
    Changes,
    Digit,
    Ending,
    PhoneError,
    Side,
    WaitedInVain,
)

__all__ = [
    "SOON",
    "CallLeg",
    "CallRefused",
    "Codec",
    "Digit",
    "Ending",
    "Phone",
    "PhoneError",
    "Phones",
    "RegistrationRefused",
    "Side",
    "Transport",
    "WaitedInVain",
]

Codec = Literal["pcmu", "pcma"]
Transport = Literal["udp", "tcp", "tls"]

TICK_SECONDS = 0.04
"""How often audio is moved: two packets at a time halve the cost; `_AHEAD_SECONDS` covers it."""

HEADERS_SHOWN = (
    "X-CC-Call",
    "From",
    "To",
    "P-Asserted-Identity",
    "Diversion",
    "Privacy",
    "Alert-Info",
    "Call-Info",
)
"""Headers of an INVITE that a leg keeps in `headers`."""


class RegistrationRefused(PhoneError):
    """The registrar said no, or nothing; `status` is its SIP status where it gave one."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class Phone:
    """An identity at one address: dials, registers, rings. Made by `Phones.phone`."""

    def __init__(self, phones: "Phones", agent: UserAgent, user: str, domain: str) -> None:
        self._phones = phones
        self._agent = agent
        self._changes = Changes()
        self._ringing: list[CallLeg] = []
        self.user = user
        self.domain = domain
        self.registered = False
        self.legs: list[CallLeg] = []
        agent.on(self._on_event)
        agent.on_incoming(self._on_incoming)

    async def dial(self, number: str, headers: Mapping[str, str] | None = None) -> CallLeg:
        """Call a number at this phone's domain; returns once the INVITE is on its way."""
        uri = f"sip:{quote(number, safe='*+-_.!~()&=$,;?/')}@{self.domain}"
        call = await self._agent.dial(uri, headers=dict(headers or {}))
        leg = CallLeg(call, name=f"{self.user} calling {number}", headers={})
        self.legs.append(leg)
        self._phones.adopt(call, leg, missed_by_call=True)
        return leg

    async def rings(self, within: timedelta = SOON) -> CallLeg:
        """Wait for the next call that comes in; each is handed out once, oldest first."""
        await self._changes.wait_until(
            lambda: bool(self._ringing), within, lambda: f"{self.user}'s phone to ring"
        )
        return self._ringing.pop(0)

    async def register(self, within: timedelta = SOON) -> None:
        """Register, or register again. Raises RegistrationRefused.

        The stack would take the old registration back while it makes the new one, and whichever is
        answered last counts.
        """
        if self.registered:
            with suppress(RegistrationRefused):
                await self.unregister(within)
        try:
            await self._agent.register(timeout=within.total_seconds())
        except RegistrationError as error:
            raise RegistrationRefused(f"{self.user}: {error}", error.status) from error

    async def unregister(self, within: timedelta = SOON) -> None:
        """Take the registration back; nothing happens if there is none."""
        try:
            await self._agent.unregister(timeout=within.total_seconds())
        except RegistrationError as error:
            raise RegistrationRefused(f"{self.user}: {error}", error.status) from error
        self.registered = False

    def _on_event(self, event: StackEvent) -> None:
        if event.event is Event.REGISTER_OK:
            self.registered = True
        elif event.event in (Event.REGISTER_FAIL, Event.UNREGISTERING):
            self.registered = False

    def _on_incoming(self, call: Call) -> None:
        leg = CallLeg(call, name=f"{self.user} called", headers=call.headers)
        self.legs.append(leg)
        self._phones.adopt(call, leg, missed_by_call=False)
        self._ringing.append(leg)
        self._changes.tell()


class Phones:
    """All phones of this process: `async with Phones(sip_port=23000) as phones`.

    The stack is global to the process, so only one may be open at a time. `trusted` is a file of the
    certificates (PEM) that a switch must show over TLS; without it any will do.
    """

    def __init__(
        self,
        *,
        address: str = "127.0.0.1",
        sip_port: int = 0,
        rtp_ports: tuple[int, int] = (21000, 29998),
        headers_shown: Sequence[str] = HEADERS_SHOWN,
        trusted: Path | None = None,
    ) -> None:
        self.address = address
        self.sip_port = sip_port or _free_port(address)
        verify = f"sip_cafile {trusted}\nsip_verify_server yes\n" if trusted else ""
        self._config = Config(
            net_interface=address,
            max_concurrent_calls=None,
            expose_headers=tuple(headers_shown),
            extra_config_text=(
                f"sip_listen {address}:{self.sip_port}\nrtp_ports {rtp_ports[0]}-{rtp_ports[1]}\n"
                f"{verify}"
            ),
        )
        self._runtime = Runtime()
        self._clock: asyncio.Task[None] | None = None
        self._legs: dict[int, CallLeg] = {}
        self._unclaimed: dict[int, list[StackEvent]] = {}
        self._callers: dict[tuple[str, ...], Phone] = {}

    async def __aenter__(self) -> Self:
        await self._runtime.start(self._config)
        self._runtime.subscribe(self._on_event)
        self._clock = asyncio.create_task(self._move_audio(), name="phones' clock")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up whatever is still up and stop the stack."""
        live = [leg for leg in self._legs.values() if leg.ending is None]
        await asyncio.gather(*(leg.hang_up() for leg in live), return_exceptions=True)
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
        await self._runtime.close()

    async def phone(
        self,
        user: str,
        password: str = "",
        *,
        domain: str = "127.0.0.1:5060",
        display_name: str = "",
        codecs: Sequence[Codec] = ("pcmu",),
        transport: Transport = "udp",
        refresh: timedelta = timedelta(minutes=10),
    ) -> Phone:
        """A new phone. With a password it can register; it does so only when told to.

        `domain` is host:port of the registrar, or of the switch that a caller dials. One codec is
        the default, since the stack sends a re-INVITE to narrow several down to one.
        """
        account = Account(
            user,
            domain,
            password,
            reg_interval=int(refresh.total_seconds()) if password else 0,
            transport=transport,
            audio_codecs=tuple(codecs),
        )
        agent = await UserAgent.create(self._runtime, _quoted(display_name) + account.aor())
        return Phone(self, agent, user, domain)

    async def dial(
        self,
        number: str,
        *,
        proxy: str = "127.0.0.1:5060",
        caller_id: str = "anonymous",
        display_name: str = "",
        codecs: Sequence[Codec] = ("pcmu",),
        headers: Mapping[str, str] | None = None,
    ) -> CallLeg:
        """Call `number` through `proxy` as somebody; the same somebody's phone is used again."""
        identity = (caller_id, display_name, proxy, *codecs)
        if identity not in self._callers:
            self._callers[identity] = await self.phone(
                caller_id, domain=proxy, display_name=display_name, codecs=codecs
            )
        return await self._callers[identity].dial(number, headers)

    def adopt(self, call: Call, leg: CallLeg, *, missed_by_call: bool) -> None:
        """Tie a leg to its call and give it the events that came first. For `Phone` only."""
        self._legs[call.handle] = leg
        for event in self._unclaimed.pop(call.handle, []):
            if missed_by_call:
                # The stack reports while `dial` is still returning, before its `Call` listens.
                call._on_stack_event(event)
            leg.on_event(event)
        self._forget_if_ended(call.handle)

    def _on_event(self, event: StackEvent) -> None:
        if not event.call:
            return
        leg = self._legs.get(event.call)
        if leg is None:
            self._keep(event)
        else:
            leg.on_event(event)
            self._forget_if_ended(event.call)

    def _keep(self, event: StackEvent) -> None:
        self._unclaimed.setdefault(event.call, []).append(event)
        for handle in list(itertools.islice(self._unclaimed, max(0, len(self._unclaimed) - 1000))):
            del self._unclaimed[handle]  # Calls that nobody will ever claim.

    def _forget_if_ended(self, handle: int) -> None:
        if self._legs[handle].ending is not None:
            del self._legs[handle]

    async def _move_audio(self) -> None:
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            for leg in list(self._legs.values()):
                leg.move_audio()
            # After a stall the clock goes on from now: what arrived meanwhile was read at once.
            next_at = max(next_at + TICK_SECONDS, loop.time())
            await asyncio.sleep(next_at - loop.time())


def _quoted(display_name: str) -> str:
    if any(character in '"\\<>' or not character.isprintable() for character in display_name):
        raise ValueError(
            'a display name of these phones holds no quotes, backslashes, "<", ">" or control'
            " characters: send hostile names with sip_raw"
        )
    return f'"{display_name}" ' if display_name else ""


def _free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
