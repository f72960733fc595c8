"""Signing in and out at phones, on a real database, the real engine and a switch that comes and goes."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from callcenter.adapters.db.agents import DbEndpoints
from callcenter.core.access import Actor, Role
from callcenter.core.codes import PauseReason
from callcenter.core.errors import AlreadySignedIn, Invalid, NoSuchAgent, NotPermitted, NotSignedIn
from callcenter.core.facts.agents import Presence
from callcenter.core.ids import AgentId
from callcenter.engine.api import SetPresence
from callcenter.ports.store import AgentProfile, EndpointSecret, StoreAway
from callcenter.ports.telephony import SwitchAway
from callcenter.services.agents import AgentClosed, PhoneKind, SecondSignIn
from callcenter.services.blueprint import AgentEntry
from callcenter.services.codes import CodeBook
from callcenter.services.stored import Stores
from callcenter.testing.desk import DeskHouse

pytestmark = pytest.mark.service

ROOT = Actor("root", Role.ADMIN)
ANA = AgentId("ana")
BO = AgentId("bo")
AS_ANA = Actor("ana", Role.AGENT, ANA)


@pytest.fixture
async def house(desk_house: DeskHouse) -> DeskHouse:
    await hire(desk_house)
    return desk_house


async def hire(house: DeskHouse) -> None:
    await house.configuration.load()
    ana = AgentProfile(ANA, "Ana", outside_number="030 23125 001")
    await house.configuration.add_agent(ROOT, AgentEntry(ana))
    await house.configuration.add_agent(ROOT, AgentEntry(AgentProfile(BO, "Bo")))


def presence(house: DeskHouse, agent: AgentId) -> str:
    return str(house.door.agent(agent)["presence"])


class AwayEndpoints:
    """A store of endpoints that cannot be written."""

    async def list(self) -> Sequence[EndpointSecret]:
        return []

    async def put(self, endpoint: EndpointSecret) -> None:
        raise StoreAway

    async def delete(self, agent: AgentId) -> None:
        raise StoreAway


async def test_signing_in_gives_an_account_that_is_kept_and_on_the_switch(
    house: DeskHouse, kept: DbEndpoints
) -> None:
    account = await house.desk.sign_in(AS_ANA, ANA)
    assert account is not None
    assert (account.endpoint, account.browser) == ("agent-ana", True)
    assert house.endpoints.accounts == {"agent-ana": (account.password, True)}
    assert await kept.list() == [EndpointSecret(ANA, "agent-ana", account.password, True)]
    assert presence(house, ANA) == "paused"
    assert account.password not in repr(account)


async def test_a_password_can_be_typed_without_taking_one_sign_for_another(
    house: DeskHouse,
) -> None:
    account = await house.desk.sign_in(AS_ANA, ANA, PhoneKind.DESK_PHONE)
    assert account is not None
    assert len(account.password) == 24 and account.password.isalnum()
    assert not set(account.password) & set("0O1lI")


async def test_each_login_has_a_password_of_its_own(house: DeskHouse) -> None:
    first = await house.desk.sign_in(AS_ANA, ANA)
    second = await house.desk.sign_in(AS_ANA, ANA, PhoneKind.DESK_PHONE)
    assert first is not None and second is not None
    assert first.password != second.password
    assert house.endpoints.accounts == {"agent-ana": (second.password, False)}


async def test_a_second_sign_in_is_refused_where_the_setting_says_so(
    stores: Stores, kept: DbEndpoints
) -> None:
    house = DeskHouse(stores, kept, second_sign_in=SecondSignIn.REFUSED)
    await hire(house)
    first = await house.desk.sign_in(AS_ANA, ANA)
    with pytest.raises(AlreadySignedIn):
        await house.desk.sign_in(AS_ANA, ANA)
    assert first is not None
    assert house.endpoints.accounts["agent-ana"] == (first.password, True)


async def test_nobody_signs_in_as_somebody_else(house: DeskHouse) -> None:
    with pytest.raises(NotPermitted):
        await house.desk.sign_in(AS_ANA, BO)
    with pytest.raises(NotPermitted):
        await house.desk.sign_in(AS_ANA, AgentId("nobody"))
    assert house.endpoints.accounts == {}


async def test_an_unknown_agent_is_said_to_be_unknown(house: DeskHouse) -> None:
    with pytest.raises(NoSuchAgent):
        await house.desk.sign_in(ROOT, AgentId("nobody"))


async def test_an_outside_number_needs_no_account_and_ends_the_one_before(
    house: DeskHouse, kept: DbEndpoints
) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    assert await house.desk.sign_in(AS_ANA, ANA, PhoneKind.OUTSIDE) is None
    assert house.door.device_of(ANA) == "tel:+493023125001"
    assert house.door.agent(ANA)["reachable"] is True
    assert house.endpoints.accounts == {}
    assert await kept.list() == []


async def test_an_outside_phone_needs_a_number_in_the_profile(house: DeskHouse) -> None:
    with pytest.raises(Invalid, match="outside number"):
        await house.desk.sign_in(ROOT, BO, PhoneKind.OUTSIDE)


async def test_signing_out_takes_the_account_away(house: DeskHouse, kept: DbEndpoints) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    await house.desk.sign_out(AS_ANA, ANA)
    assert presence(house, ANA) == "signed-out"
    assert house.endpoints.accounts == {}
    assert await kept.list() == []
    with pytest.raises(NotSignedIn):
        await house.desk.sign_out(AS_ANA, ANA)


async def test_a_switch_that_is_away_learns_of_the_login_when_it_is_back(house: DeskHouse) -> None:
    house.endpoints.away = True
    account = await house.desk.sign_in(AS_ANA, ANA)
    assert account is not None
    with pytest.raises(SwitchAway):
        await house.desk.push_all()
    house.endpoints.away = False
    await house.desk.push_all()
    assert house.endpoints.accounts == {"agent-ana": (account.password, True)}


async def test_a_login_that_the_switch_missed_is_told_without_a_new_connection(
    house: DeskHouse,
) -> None:
    house.endpoints.away = True
    account = await house.desk.sign_in(AS_ANA, ANA)
    await house.desk.catch_up()
    assert house.desk.is_behind
    house.endpoints.away = False
    await house.desk.catch_up()
    assert account is not None
    assert house.endpoints.accounts == {"agent-ana": (account.password, True)}
    assert not house.desk.is_behind


async def test_a_logout_that_the_switch_missed_is_told_too(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.away = True
    await house.desk.sign_in(AS_ANA, ANA)
    await house.desk.sign_out(AS_ANA, ANA)
    house.endpoints.away = False
    await house.desk.catch_up()
    assert house.endpoints.accounts == {}
    assert not house.desk.is_behind


async def test_where_nothing_was_missed_the_switch_is_left_in_peace(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.restart()
    await house.desk.catch_up()
    assert house.endpoints.accounts == {}  # whoever connects again pushes them all


async def test_a_push_that_failed_is_made_up_for(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    before = dict(house.endpoints.accounts)
    house.endpoints.restart()
    house.endpoints.away = True
    with pytest.raises(SwitchAway):
        await house.desk.push_all()
    house.endpoints.away = False
    await house.desk.catch_up()
    assert house.endpoints.accounts == before


async def test_two_pushes_at_once_leave_the_password_of_the_last_login(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.restart()
    *_, account = await asyncio.gather(
        house.desk.push_all(), house.desk.push_all(), house.desk.sign_in(AS_ANA, ANA)
    )
    assert account is not None
    assert house.endpoints.accounts == {"agent-ana": (account.password, True)}


def pushed(house: DeskHouse, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when the engine is told who can be rung, the last thing that is done in a push."""
    told, tell = asyncio.Event(), house.door.set_reachable

    def set_reachable(agent: AgentId, reachable: bool) -> None:
        tell(agent, reachable)
        told.set()

    monkeypatch.setattr(house.door, "set_reachable", set_reachable)
    return told


async def test_catching_up_goes_on_until_it_is_ended(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.services.agents.CATCH_UP_SECONDS", 0)
    house.endpoints.away = True
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.away = False
    told = pushed(house, monkeypatch)
    running = asyncio.create_task(house.desk.run())
    async with asyncio.timeout(5):
        await told.wait()
    running.cancel()
    assert set(house.endpoints.accounts) == {"agent-ana"}


async def test_a_switch_that_restarted_gets_every_account_again(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    await house.desk.sign_in(ROOT, BO, PhoneKind.DESK_PHONE)
    before = dict(house.endpoints.accounts)
    house.endpoints.restart()
    await house.desk.push_all()
    assert house.endpoints.accounts == before


async def test_an_account_that_the_switch_refuses_holds_up_no_other(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    await house.desk.sign_in(ROOT, BO, PhoneKind.DESK_PHONE)
    house.endpoints.restart()
    house.endpoints.refused.add("agent-ana")
    await house.desk.push_all()
    assert set(house.endpoints.accounts) == {"agent-bo"}
    house.endpoints.refused.clear()
    await house.desk.catch_up()
    assert set(house.endpoints.accounts) == {"agent-ana", "agent-bo"}


async def test_whoever_connects_again_has_the_accounts_pushed_without_waiting(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.services.agents.CATCH_UP_SECONDS", 3600)
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.restart()
    told = pushed(house, monkeypatch)
    running = asyncio.create_task(house.desk.run())
    house.desk.push_soon()
    async with asyncio.timeout(5):
        await told.wait()
    running.cancel()
    assert set(house.endpoints.accounts) == {"agent-ana"}


async def test_a_login_the_switch_could_not_be_told_of_replaces_the_one_before(
    house: DeskHouse,
) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.away = True
    account = await house.desk.sign_in(AS_ANA, ANA)
    assert account is not None
    house.endpoints.away = False
    await house.desk.push_all()
    assert house.endpoints.accounts == {"agent-ana": (account.password, True)}


class Endpoints:
    """Reads what is kept, and keeps a new account only after it was read."""

    def __init__(self) -> None:
        self.kept: list[EndpointSecret] = []
        self.being_put, self.read, self.told = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def list(self) -> Sequence[EndpointSecret]:
        before = list(self.kept)
        self.read.set()
        await self.told.wait()
        return before

    async def put(self, endpoint: EndpointSecret) -> None:
        self.being_put.set()
        await self.read.wait()
        self.kept.append(endpoint)

    async def delete(self, agent: AgentId) -> None: ...


async def test_a_login_in_the_midst_of_pushing_is_nobodys_account_to_be_taken_away(
    stores: Stores,
) -> None:
    kept = Endpoints()
    house = DeskHouse(stores, kept)
    await hire(house)
    login = asyncio.create_task(house.desk.sign_in(AS_ANA, ANA))
    await kept.being_put.wait()
    pushing = asyncio.create_task(house.desk.push_all())
    account = await login
    assert account is not None
    kept.told.set()
    await pushing
    assert house.endpoints.accounts == {"agent-ana": (account.password, True)}


async def test_accounts_that_are_there_are_not_written_again(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    written = dict(house.endpoints.accounts)
    house.endpoints.accounts["agent-ana"] = ("as it was", True)
    await house.desk.push_all()
    assert house.endpoints.accounts == {"agent-ana": ("as it was", True)} != written


async def test_accounts_of_nobody_are_taken_off_the_switch(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.accounts["agent-stranger"] = ("guessed", True)
    house.endpoints.accounts["trunk-4711"] = ("the carrier's", False)
    await house.desk.push_all()
    assert set(house.endpoints.accounts) == {"agent-ana", "trunk-4711"}


async def test_an_account_kept_for_somebody_who_is_signed_out_is_not_pushed(
    house: DeskHouse, kept: DbEndpoints
) -> None:
    await kept.put(EndpointSecret(BO, "agent-bo", "old", True))
    house.endpoints.accounts["agent-bo"] = ("old", True)
    await house.desk.push_all()
    assert house.endpoints.accounts == {}


async def test_pushing_tells_the_engine_whose_phone_is_there(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    await house.desk.sign_in(ROOT, BO)
    house.endpoints.online.add("agent-ana")
    await house.desk.push_all()
    assert house.door.agent(ANA)["reachable"] is True
    assert house.door.agent(BO)["reachable"] is False
    house.endpoints.online = {"agent-bo"}
    await house.desk.push_all()
    assert house.door.agent(ANA)["reachable"] is False
    assert house.door.agent(BO)["reachable"] is True


async def test_a_phone_of_which_nothing_was_told_is_found_at_the_next_look(
    house: DeskHouse,
) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    house.endpoints.online = {"agent-ana"}
    await house.desk.look_again()
    assert house.door.agent(ANA)["reachable"]
    house.endpoints.away = True
    await house.desk.look_again()
    assert house.door.agent(ANA)["reachable"]
    house.endpoints.away, house.endpoints.online = False, set()
    await house.desk.look_again()
    assert not house.door.agent(ANA)["reachable"]


async def test_a_phone_that_registers_while_the_switch_is_asked_stays_reachable(
    house: DeskHouse,
) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    asked, ask = [], house.endpoints.reachable

    async def reachable() -> Mapping[str, bool]:
        answer = await ask()
        asked.append(answer)
        house.door.set_reachable(ANA, len(asked) == 2)
        return answer

    house.endpoints.reachable = reachable  # type: ignore[method-assign]
    await house.desk.push_all()
    assert asked[-1] == {"agent-ana": False}
    assert house.door.agent(ANA)["reachable"] is True


async def test_an_account_that_cannot_be_kept_is_not_given(stores: Stores) -> None:
    house = DeskHouse(stores, AwayEndpoints())
    await hire(house)
    with pytest.raises(StoreAway):
        await house.desk.sign_in(AS_ANA, ANA)
    assert presence(house, ANA) == "signed-out"
    assert house.endpoints.accounts == {}


async def test_calls_do_not_go_on_to_a_number_outside_that_was_changed(house: DeskHouse) -> None:
    def at(number: str) -> AgentEntry:
        return AgentEntry(AgentProfile(ANA, "Ana", outside_number=number))

    await house.configuration.change_agent(ROOT, ANA, lambda _: at("+493023125001"))
    await house.desk.sign_in(AS_ANA, ANA, PhoneKind.OUTSIDE)
    await house.configuration.change_agent(ROOT, ANA, lambda _: at("+493023125002"))
    assert presence(house, ANA) == "signed-out"


async def test_a_closed_agent_is_signed_out_and_stays_out(house: DeskHouse) -> None:
    await house.desk.sign_in(AS_ANA, ANA)
    house.door.ask(AS_ANA, SetPresence(ANA, Presence.READY))
    closed = AgentProfile(ANA, "Ana", enabled=False)
    await house.configuration.change_agent(ROOT, ANA, lambda _: AgentEntry(closed))
    assert house.endpoints.accounts == {}
    with pytest.raises(NoSuchAgent):
        house.door.agent(ANA)
    with pytest.raises(AgentClosed):
        await house.desk.sign_in(AS_ANA, ANA)


async def test_a_pause_that_takes_too_long_is_counted_until_it_ends(
    house: DeskHouse, stores: Stores
) -> None:
    codes = CodeBook(stores.codes, house.configuration)
    await codes.put_pause_reason(ROOT, PauseReason("lunch", "Lunch", longest=timedelta(minutes=30)))
    await house.desk.sign_in(AS_ANA, ANA)
    house.door.ask(AS_ANA, SetPresence(ANA, Presence.PAUSED, "lunch"))
    house.clock.move(timedelta(minutes=30))
    assert house.door.overdue_pauses == 0
    house.clock.move(timedelta(seconds=1))
    assert house.door.overdue_pauses == 1
    house.door.ask(AS_ANA, SetPresence(ANA, Presence.READY))
    assert house.door.overdue_pauses == 0
