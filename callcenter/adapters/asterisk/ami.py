"""The side door: the few things that neither ARI nor anything else does for us.

AMI merely enabled costs the switch 13-15 % of its CPU per call, so this door is normally shut; it
is opened for the fallback queue and for adopting its callers, and shut again. There is a closed
list of actions, one method each. None of them originates, runs a command or reads a file.

panoramisk is walled in here, with what was found in its release 1.4:

* it decodes each packet by itself, so a character cut by a packet boundary was lost;
* it takes the answer to QueueAdd for the start of a list and waits for ever, and likewise an error
  in answer to a list: so the shape of each answer is told to it, and errors end a list here;
* it reconnects by itself, forever, and sends again what was unanswered: here a lost connection
  fails what was under way, and opening again is the owner's decision.

Its CallManager is not used: it takes two calls of one second for one.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

TIMEOUT: Final = timedelta(seconds=3)
NEVER: Final = 10**6  # panoramisk's own pings and reconnects, in seconds.


class SideDoorError(Exception):
    """The action was not carried out, or it is not known whether it was."""


class DoorShut(SideDoorError):
    """No connection, no login, or it broke before the answer came."""


class ActionRefused(SideDoorError):
    """The switch said no, in its own words."""


@dataclass(frozen=True, slots=True)
class DoorAddress:
    host: str
    port: int
    user: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FallbackCaller:
    """Somebody who waits in the switch's own queue; position 1 is next."""

    channel: str
    channel_id: str
    position: int
    waited: timedelta


class WalledProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's protocol without the faults named above."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def data_received(self, data: bytes) -> None:
        super().data_received(self._decoder.decode(data).encode())

    def handle_message(self, message: Any) -> None:
        action = self.responses.get(message.id)
        if action is not None and message.response == "Error":
            action.as_list = False
        super().handle_message(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        for action in self.responses.values():
            if not action.future.done():
                action.future.set_exception(DoorShut("connection lost"))
        self.responses.clear()


class SideDoor:
    """What may be asked through the door. Made by `open_side_door` only."""

    def __init__(self, manager: Manager, within: timedelta) -> None:
        self._manager = manager
        self._within = within.total_seconds()

    async def sign_in(self, address: DoorAddress) -> None:
        """Done by `open_side_door`. No events: the answers are all that is wanted."""
        login = {
            "Action": "Login",
            "Username": address.user,
            "Secret": address.secret,
            "Events": "off",
        }
        try:
            await self._one(login)
        except ActionRefused as refused:
            raise DoorShut(f"login refused: {refused}") from None

    async def ping(self) -> None:
        await self._one({"Action": "Ping"})

    async def queue_add(
        self, queue: str, interface: str, *, state_interface: str = "", penalty: int = 0
    ) -> bool:
        """Let an interface take callers of a fallback queue; False if it did already."""
        action = {
            "Action": "QueueAdd",
            "Queue": queue,
            "Interface": interface,
            "Penalty": str(penalty),
            "Paused": "false",
        }
        if state_interface:
            action["StateInterface"] = state_interface
        return await self._unless(action, "already there")

    async def queue_remove(self, queue: str, interface: str) -> bool:
        """False if it was not there."""
        action = {"Action": "QueueRemove", "Queue": queue, "Interface": interface}
        return await self._unless(action, "not there")

    async def queue_callers(self, queue: str) -> list[FallbackCaller]:
        """Who waits in a fallback queue, the longest first; nobody in a queue that is not there."""
        answers = await self._send({"Action": "QueueStatus", "Queue": queue}, as_list=True)
        entries = (answer for answer in answers if answer.event == "QueueEntry")
        return sorted((_caller(entry) for entry in entries), key=lambda caller: caller.position)

    async def redirect(
        self, channel: str, *, context: str, extension: str, priority: int = 1
    ) -> bool:
        """Send a channel elsewhere in the dialplan; False if it is gone."""
        action = {
            "Action": "Redirect",
            "Channel": channel,
            "Context": context,
            "Exten": extension,
            "Priority": str(priority),
        }
        return await self._unless(action, "does not exist")

    async def _unless(self, action: dict[str, str], ordinary: str) -> bool:
        try:
            await self._one(action)
        except ActionRefused as refused:
            if ordinary in str(refused).lower():
                return False
            raise
        return True

    async def _one(self, action: dict[str, str]) -> Any:
        (answer,) = await self._send(action, as_list=False)
        return answer

    async def _send(self, action: dict[str, str], *, as_list: bool) -> list[Any]:
        for name, value in action.items():
            if not value or any(sign in value for sign in "\r\n\0"):
                raise ValueError(f"{action['Action']}: {name} is empty or holds a line break")
        protocol = self._manager.protocol
        if protocol.closed:
            raise DoorShut("connection lost")
        try:
            async with asyncio.timeout(self._within):
                answer = await self._manager.send_action(action, as_list=as_list)
        except TimeoutError:
            raise DoorShut(f"no answer to {action['Action']}") from None
        answers = _listed(answer)
        if answers[0].response != "Success":
            raise ActionRefused(str(answers[0].message))
        return answers


@asynccontextmanager
async def open_side_door(
    address: DoorAddress, *, within: timedelta = TIMEOUT
) -> AsyncIterator[SideDoor]:
    """Connect and log in, for as long as the block lasts. Raises DoorShut when that fails."""
    loop = asyncio.get_running_loop()
    manager = Manager(
        loop=loop,
        encoding="utf8",
        ping_delay=NEVER,
        ping_interval=NEVER,
        reconnect_timeout=NEVER,
    )
    opened = loop.create_future()
    opened.set_result(await _connect(loop, address, within))
    manager.connection_made(opened)
    try:
        door = SideDoor(manager, within)
        await door.sign_in(address)
        yield door
    finally:
        manager.close()


async def _connect(
    loop: asyncio.AbstractEventLoop, address: DoorAddress, within: timedelta
) -> tuple[asyncio.BaseTransport, WalledProtocol]:
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await loop.create_connection(WalledProtocol, address.host, address.port)
    except (OSError, TimeoutError) as error:
        raise DoorShut(f"{address.host}:{address.port}: {error or 'no answer'}") from None


def _listed(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, list) else [answer]


def _caller(entry: Any) -> FallbackCaller:
    return FallbackCaller(
        channel=entry.channel,
        channel_id=entry.uniqueid,
        position=int(entry.position),
        waited=timedelta(seconds=int(entry.wait)),
    )
