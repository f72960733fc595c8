"""The lifeboat: when it puts out, whom it carries, and when it goes home."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from callcenter.core.ids import AgentId, LegId
from callcenter.edge.lifeboat import Lifeboat
from callcenter.ports.store import EndpointSecret
from callcenter.ports.telephony import SwitchAway
from callcenter.testing.desk import FakeEndpoints
from callcenter.testing.relief import FakeRelief

pytestmark = pytest.mark.adapter


class Sea:
    """A switch with three phones, of whose people two are ready; and a lifeboat that watches."""

    def __init__(self) -> None:
        self.switch, self.phones = FakeRelief(), FakeEndpoints()
        self.accounts: Sequence[EndpointSecret] = [
            EndpointSecret(AgentId(name), f"agent-{name}", "secret", name == "bob")
            for name in ("ana", "bob", "eve")
        ]
        self.ready = {AgentId("ana"), AgentId("bob")}
        self.now = 1000.0
        self.beats = 0
        self.boat = self.launch()

    def launch(self) -> Lifeboat:
        return Lifeboat(
            self.switch,
            self.phones,
            lambda: self.accounts,
            lambda: self.ready,
            away_after=timedelta(seconds=3),
            time=lambda: self.now,
        )

    async def with_an_engine(self, seconds: int) -> None:
        """A heartbeat each second, looked at twice."""
        for _ in range(seconds):
            self.beats += 1
            self.switch.beat = str(self.beats)
            await self.without(1)

    async def without(self, seconds: int) -> None:
        """Time passes and nothing is written."""
        for _ in range(2 * seconds):
            self.now += 0.5
            await self.boat.look()


@pytest.fixture
async def sea() -> Sea:
    sea = Sea()
    for account in sea.accounts:
        await sea.phones.put(account.endpoint, account.password, browser=account.browser)
    await sea.with_an_engine(3)
    return sea


async def test_as_long_as_the_heart_beats_nothing_is_done(sea: Sea) -> None:
    sea.switch.callers = ["anna"]
    await sea.with_an_engine(20)
    assert not sea.boat.is_away
    assert (sea.switch.callers, sea.switch.filled) == (["anna"], set())


async def test_callers_fall_back_after_three_seconds_to_those_who_were_ready(sea: Sea) -> None:
    sea.switch.callers = ["first", "second"]
    await sea.without(2)
    assert sea.switch.fallen == []
    await sea.without(1)
    assert sea.boat.is_away
    assert sea.switch.fallen == ["first", "second"]
    assert sea.switch.filled == {"agent-ana", "agent-bob"}


async def test_whoever_comes_into_an_absent_engines_hands_falls_back_too(sea: Sea) -> None:
    await sea.without(5)
    sea.switch.callers = ["late"]
    await sea.without(1)
    assert sea.switch.fallen == ["late"]


async def test_who_is_left_alone_by_the_other_is_let_go_unless_an_engine_decides(sea: Sea) -> None:
    sea.switch.alone = {LegId("caller-1")}
    await sea.with_an_engine(5)
    assert sea.switch.alone == {"caller-1"}
    await sea.without(3)
    assert sea.boat.is_away
    sea.switch.alone.add(LegId("ag-2-1"))
    await sea.boat.look()
    assert sea.switch.alone == {"ag-2-1"}
    await sea.boat.look()
    assert sea.switch.alone == set()


async def test_when_the_engine_is_back_phones_are_its_own_again(sea: Sea) -> None:
    sea.switch.callers = ["first"]
    await sea.without(5)
    await sea.with_an_engine(1)
    assert not sea.boat.is_away
    assert sea.switch.filled == set()
    assert sea.switch.fallen == ["first"]  # whom the engine calls back itself


async def test_a_switch_that_restarted_is_told_accounts_and_phones_anew(sea: Sea) -> None:
    await sea.without(5)
    sea.switch.away = True
    with pytest.raises(SwitchAway):
        await sea.without(1)
    sea.switch.away = False
    sea.switch.restart()
    sea.phones.accounts.clear()
    await sea.without(1)
    assert sea.phones.accounts == {
        "agent-ana": ("secret", False),
        "agent-bob": ("secret", True),
        "agent-eve": ("secret", False),
    }
    assert sea.switch.filled == {"agent-ana", "agent-bob"}


async def test_an_account_that_is_there_is_left_alone_since_its_phone_would_have_to_register_again(
    sea: Sea,
) -> None:
    sea.phones.online.update(sea.phones.accounts)
    await sea.without(5)
    assert sea.phones.online == {"agent-ana", "agent-bob", "agent-eve"}


async def test_a_switch_that_is_away_is_no_engine_that_is_away(sea: Sea) -> None:
    sea.switch.away = True
    with pytest.raises(SwitchAway):
        await sea.without(1)
    sea.now += 60
    sea.switch.away = False
    sea.switch.restart()
    await sea.with_an_engine(2)
    assert not sea.boat.is_away


async def test_a_new_lifeboat_neither_trusts_an_old_heartbeat_nor_takes_phones_out(
    sea: Sea,
) -> None:
    await sea.without(5)
    sea.boat = sea.launch()
    await sea.without(2)
    assert (sea.boat.is_away, sea.switch.filled) == (False, {"agent-ana", "agent-bob"})
    await sea.without(2)
    assert sea.boat.is_away
    sea.boat = sea.launch()
    await sea.with_an_engine(2)
    assert sea.switch.filled == set()


async def test_one_who_becomes_ready_no_more_than_a_file_says_is_rung(sea: Sea) -> None:
    await sea.without(4)
    sea.ready.add(AgentId("eve"))
    await sea.without(1)
    assert sea.switch.filled == {"agent-ana", "agent-bob", "agent-eve"}
