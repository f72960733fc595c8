"""Where agents sit: signing in at a device, signing out, and the telephone accounts that go with it.

Whoever signs in at a browser or a desk phone gets a telephone account of their own with a password
made for this one login. Three places know about it, told in this order: the engine (may they, can
they), the store (so that a switch that restarted can be told again), the switch. A switch that is
away is told when it is back: `push_all` makes what it has agree with what is kept. What could not be
told although the switch was there is told by `run`, a few seconds later.

One person has one device. A second sign-in takes over from the first, or is refused, by setting.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeVar
from weakref import WeakValueDictionary

from callcenter.core.access import Action, Actor, check_may
from callcenter.core.acd.device import Device
from callcenter.core.errors import Conflict, Invalid, NoSuchAgent, NotSignedIn
from callcenter.core.ids import AgentId
from callcenter.engine.api import Door, SignIn, SignOut
from callcenter.ports import store, telephony
from callcenter.ports.store import AgentProfile, EndpointSecret, StoreAway
from callcenter.ports.telephony import SwitchAway
from callcenter.services.passwords import make_password

logger = logging.getLogger(__name__)

T = TypeVar("T")

ENDPOINT_PREFIX: Final = "agent-"
_PASSWORD_LENGTH: Final = 24
CATCH_UP_SECONDS: Final = 5.0
_LOOK_EVERY: Final = 4  # turns of catching up
_AT_ONCE: Final = 8  # accounts written at the same time after the switch came back


class PhoneKind(StrEnum):
    """What an agent takes calls on."""

    BROWSER = "browser"
    DESK_PHONE = "desk-phone"
    OUTSIDE = "outside"


class SecondSignIn(StrEnum):
    """What becomes of a sign-in by somebody who is signed in already."""

    TAKES_OVER = "takes-over"
    REFUSED = "refused"


class AgentClosed(Conflict):
    """The profile is switched off."""

    code = "agent-closed"
    title: ClassVar[Mapping[str, str]] = {
        "en": "This agent is switched off. An admin can switch them on again.",
        "zh": "该坐席已停用，请管理员重新启用。",
    }


@dataclass(frozen=True, slots=True)
class SipAccount:
    """What a telephone needs to register. Made for one login, shown once."""

    endpoint: str
    password: str
    browser: bool

    def __repr__(self) -> str:
        return f"SipAccount(endpoint={self.endpoint!r}, password=***, browser={self.browser!r})"


def endpoint_of(agent: AgentId) -> str:
    """The name of the agent's telephone account."""
    return f"{ENDPOINT_PREFIX}{agent}"


class AgentDesk:
    """Signs agents in and out, and keeps their telephone accounts on the switch."""

    def __init__(
        self,
        door: Door,
        switch: telephony.Endpoints,
        kept: store.Endpoints,
        agents: store.Agents,
        *,
        second_sign_in: SecondSignIn = SecondSignIn.TAKES_OVER,
    ) -> None:
        self._door = door
        self._switch = switch
        self._kept = kept
        self._agents = agents
        self._takes_over = second_sign_in is SecondSignIn.TAKES_OVER
        self._locks: WeakValueDictionary[AgentId, asyncio.Lock] = WeakValueDictionary()
        # Who signed in or out since the last `push_all` began: what it read about them is stale.
        self._moved: set[AgentId] = set()
        self._one_at_a_time = asyncio.Lock()
        # Whose account on the switch may be an older one: it could not be told.
        self._owed: set[AgentId] = set()
        # Whether anything else was not told.
        self._behind = False
        self._woken = asyncio.Event()

    async def sign_in(
        self, actor: Actor, agent: AgentId, phone: PhoneKind = PhoneKind.BROWSER
    ) -> SipAccount | None:
        """Sit down at a phone; the account it registers with, None for a number outside.

        Raises:
            NotPermitted, NoSuchAgent, AgentClosed, AlreadySignedIn.
            Invalid: no outside number is known of this agent.
            StoreAway: nothing was changed.
        """
        check_may(actor, Action.SIGN_IN_AGENT, agent=agent)
        profile = await self._agents.find(agent)
        if profile is None:
            raise NoSuchAgent(agent)
        if not profile.enabled:
            raise AgentClosed(agent)
        async with self._moving(agent):
            if phone is PhoneKind.OUTSIDE:
                self._ask_in(actor, agent, _outside(profile))
                await self._drop(agent)
                return None
            return await self._give_account(actor, agent, browser=phone is PhoneKind.BROWSER)

    async def sign_out(self, actor: Actor, agent: AgentId) -> None:
        """Go home. Raises: NotPermitted, NoSuchAgent, NotSignedIn."""
        async with self._moving(agent):
            self._door.ask(actor, SignOut(agent))
            await self._drop(agent)

    async def send_home(self, actor: Actor, agent: AgentId) -> None:
        """Sign out whoever may still be signed in: their profile is about to go."""
        try:
            await self.sign_out(actor, agent)
        except (NotSignedIn, NoSuchAgent):
            return

    def sits_outside(self, agent: AgentId) -> bool:
        """Whether calls for this agent go to a number outside now."""
        try:
            return self._door.device_of(agent).startswith("tel:")
        except NoSuchAgent:
            return False

    async def push_all(self) -> None:
        """Make the switch's accounts agree with those who are signed in, and learn who can be rung.

        Accounts that are there are left alone: hundreds take their time. Raises: SwitchAway, StoreAway;
        then `run` tries again, as it does with an account that alone is refused.
        """
        async with self._one_at_a_time:
            self._behind = False  # what fails from here on says so again
            try:
                await self._push_all()
            except BaseException:
                self._behind = True
                raise

    @property
    def is_behind(self) -> bool:
        """Whether the switch lacks something that it should have been told."""
        return self._behind or bool(self._owed)

    async def catch_up(self) -> None:
        """Tell the switch what it could not be told when it was due."""
        if not self.is_behind:
            return
        try:
            await self.push_all()
        except (SwitchAway, StoreAway) as error:
            logger.info("accounts wait", extra={"why": type(error).__name__})

    async def look_again(self) -> None:
        """Ask who can be rung: an event that was not told must not keep anybody from their calls."""
        before = self._reachable()
        try:
            found = await self._switch.reachable()
        except SwitchAway:
            return  # it is asked when it is back
        self._tell_reachable(before.keys(), before, found)

    def push_soon(self) -> None:
        """The switch may have restarted: `run` is to push, now. Nobody who takes calls waits for it, nor
        for the database that it reads."""
        self._behind = True
        self._woken.set()

    async def run(self) -> None:
        """Catch up, at once when woken and every few seconds, and look again now and then, for ever."""
        for turn in itertools.count(1):
            with suppress(TimeoutError):
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            await self.catch_up()
            if turn % _LOOK_EVERY == 0:
                await self.look_again()

    async def _push_all(self) -> None:
        self._moved.clear()
        kept = {one.agent: one for one in await self._kept.list() if self._is_due(one)}
        there = await self._switch.reachable()
        missing = [
            one for one in kept.values() if one.endpoint not in there or one.agent in self._owed
        ]
        wanted = {one.endpoint for one in kept.values()}
        strangers = [
            name for name in there if name.startswith(ENDPOINT_PREFIX) and name not in wanted
        ]
        for due in _batches(missing):
            await asyncio.gather(*(self._push(one) for one in due))
        for gone in _batches(strangers):
            await asyncio.gather(*(self._remove_stranger(name) for name in gone))
        self._owed &= kept.keys() | self._moved
        before = self._reachable()
        self._tell_reachable(kept.keys(), before, await self._switch.reachable())
        pushed = {"kept": len(kept), "written": len(missing), "strangers": len(strangers)}
        logger.info("accounts pushed", extra=pushed)

    # -- inside -----------------------------------------------------------------------------------

    def _ask_in(self, actor: Actor, agent: AgentId, device: Device) -> None:
        self._door.ask(actor, SignIn(agent, str(device), self._takes_over))

    async def _give_account(self, actor: Actor, agent: AgentId, *, browser: bool) -> SipAccount:
        endpoint = endpoint_of(agent)
        self._ask_in(actor, agent, Device("sip", endpoint))
        account = SipAccount(endpoint, make_password(_PASSWORD_LENGTH), browser)
        try:
            await self._kept.put(EndpointSecret(agent, endpoint, account.password, browser))
        except BaseException:
            # An account nobody knows of would be gone with the switch's next restart.
            self._door.ask(actor, SignOut(agent))
            raise
        self._owed.discard(agent)
        try:
            await self._switch.put(endpoint, account.password, browser=browser)
        except SwitchAway:
            self._owed.add(agent)
            logger.info("account waits for the switch", extra={"agent": agent})
        except BaseException:
            self._owed.add(agent)
            raise
        return account

    async def _drop(self, agent: AgentId) -> None:
        """Take the account away. The person is signed out whether or not that works at once."""
        self._owed.discard(agent)
        try:
            await self._kept.delete(agent)
        except StoreAway:
            logger.warning("account not forgotten yet", extra={"agent": agent})
        try:
            await self._switch.remove(endpoint_of(agent))
        except SwitchAway:
            self._behind = True
            logger.info("account goes when the switch is back", extra={"agent": agent})

    def _is_due(self, one: EndpointSecret) -> bool:
        try:
            return self._door.device_of(one.agent) == str(Device("sip", one.endpoint))
        except NoSuchAgent:
            return False

    async def _push(self, one: EndpointSecret) -> None:
        async with self._lock(one.agent):
            if one.agent not in self._moved:
                self._owed.add(
                    one.agent
                )  # until it is there; one that is refused holds up no other
                with suppress(SwitchAway):
                    await self._switch.put(one.endpoint, one.password, browser=one.browser)
                    self._owed.discard(one.agent)

    async def _remove_stranger(self, endpoint: str) -> None:
        agent = AgentId(endpoint.removeprefix(ENDPOINT_PREFIX))
        async with self._lock(agent):
            if agent not in self._moved:
                await self._switch.remove(endpoint)

    def _reachable(self) -> Mapping[AgentId, bool]:
        _, rows = self._door.snapshot()
        at_phones = {agent: row for agent, row in rows["agents"].items() if row["device"] == "sip"}
        return {AgentId(agent): bool(row["reachable"]) for agent, row in at_phones.items()}

    def _tell_reachable(
        self, kept: Iterable[AgentId], before: Mapping[AgentId, bool], found: Mapping[str, bool]
    ) -> None:
        """`before`: what was known when the switch was asked. Of whom more was heard since, its answer
        is old news."""
        known = set(kept)
        for agent, reachable in self._reachable().items():
            if before.get(agent) == reachable:
                online = found.get(endpoint_of(agent), False)
                self._door.set_reachable(agent, online and (agent in known or agent in self._moved))

    @asynccontextmanager
    async def _moving(self, agent: AgentId) -> AsyncIterator[None]:
        """While somebody signs in or out. A `push_all` that began before it or in its midst has read
        what is not true any more, and must leave them alone."""
        async with self._lock(agent):
            self._moved.add(agent)
            try:
                yield
            finally:
                self._moved.add(agent)

    def _lock(self, agent: AgentId) -> asyncio.Lock:
        return self._locks.setdefault(agent, asyncio.Lock())


def _outside(profile: AgentProfile) -> Device:
    if profile.outside_number is None:
        raise Invalid("phone: this agent has no outside number; write one into the profile first")
    return Device("tel", profile.outside_number)


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE)]
