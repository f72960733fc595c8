"""What of the live state an agent is shown: their own row and calls, and when these end."""

from typing import Any

import pytest

from callcenter.adapters.http.views import Shown, own_rows
from callcenter.core.access import Actor, Role
from callcenter.core.facts.agents import Presence
from callcenter.core.ids import AgentId, LegId
from callcenter.engine.api import SetPresence
from callcenter.testing.centre import BOSS, Centre

pytestmark = pytest.mark.adapter

ANA = Actor("ana", Role.AGENT, AgentId("ana"))
NOBODY = Actor("key:1", Role.AGENT)
SUE = Actor("sue", Role.SUPERVISOR)

State = dict[str, dict[str, Any]]


def applied(state: State, change: Any) -> State:
    """The state after a change, by the rule that clients go by."""
    merged = {kind: {**state.get(kind, {}), **rows} for kind, rows in change.items()}
    after = {**state, **merged}
    return {
        kind: {key: row for key, row in rows.items() if row is not None}
        for kind, rows in after.items()
    }


class Watching:
    """Ana's screen: a snapshot when it was opened, and every change that she is shown since."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self.number, state = centre.door.snapshot()
        self._shown = Shown()
        self.told: list[Any] = []
        seen = self._shown.tell(own_rows(ANA, state) or {})
        self.state = applied({"agents": {}, "calls": {}}, seen or {})

    async def look(self) -> State:
        following = self._centre.door.follow(self.number)
        last = self._centre.door.snapshot()[0]
        while self.number < last:
            self.number, change = await anext(following)
            told = self._shown.tell(own_rows(ANA, change) or {}) or {}
            self.told.append(told)
            self.state = applied(self.state, told)
        return self.state

    def fresh(self) -> State:
        state = own_rows(ANA, self._centre.door.snapshot()[1])
        return applied({"agents": {}, "calls": {}}, state or {})


async def test_an_agents_screen_stays_true_through_calls_that_come_and_go() -> None:
    centre = Centre()
    ana, bo = centre.agent("ana"), centre.agent("bo")
    centre.pauses(bo)
    screen = Watching(centre)
    missed = centre.call()
    assert set((await screen.look())["calls"]) == {missed} == set(screen.fresh()["calls"])
    centre.ready(bo)
    centre.passes(26)
    assert await screen.look() == screen.fresh()
    assert missed not in screen.state["calls"]
    centre.passes(30)
    other = centre.call()
    centre.door.ask(BOSS, SetPresence(ana, Presence.READY))
    centre.answers(ana)
    assert set((await screen.look())["calls"]) == set(screen.fresh()["calls"]) != set()
    centre.hangs_up(missed)
    centre.hangs_up(other)
    assert await screen.look() == screen.fresh()
    assert screen.state["calls"] == {}
    assert set(screen.state["agents"]) == {"ana"}


async def test_other_peoples_calls_leave_no_trace() -> None:
    centre = Centre()
    centre.agent("ana", ready=False)
    bo = centre.agent("bo")
    number = centre.door.snapshot()[0]
    call = centre.call()
    centre.answers(bo)
    centre.switch.hang_up(LegId(call))
    last = centre.door.snapshot()[0]
    following = centre.door.follow(number)
    while number < last:
        number, change = await anext(following)
        assert own_rows(ANA, change) is None


async def test_no_id_of_somebody_elses_call_is_told_even_as_one_that_is_gone() -> None:
    centre = Centre()
    ana, bo = centre.agent("ana"), centre.agent("bo")
    screen = Watching(centre)
    own, others = centre.call(), [centre.call() for _ in range(3)]
    centre.answers(bo)
    await screen.look()
    for call in others:
        centre.hangs_up(call)
    centre.answers(ana)
    centre.hangs_up(own)
    centre.wraps_up(ana)
    await screen.look()
    assert {call for told in screen.told for call in told.get("calls", {})} == {own}
    assert screen.state["calls"] == {}
    assert str(others[0]) not in str(screen.told)


def test_who_was_never_shown_a_row_is_not_told_that_it_is_gone() -> None:
    shown = Shown()
    assert shown.tell({"calls": {"a": None}}) is None
    assert shown.tell({"calls": {"a": {"agent": "ana"}}}) == {"calls": {"a": {"agent": "ana"}}}
    assert shown.tell({"calls": {"a": None, "b": None}}) == {"calls": {"a": None}}
    assert shown.tell({"calls": {"a": None}}) is None


def test_supervisors_see_everything_and_a_key_without_an_agent_nothing() -> None:
    state = Centre().door.snapshot()[1]
    assert own_rows(SUE, state) is state
    assert own_rows(NOBODY, state) is None


def test_alerts_are_for_those_who_watch_everybody() -> None:
    centre = Centre()
    centre.agent("ana")
    centre.door.show_alerts({"disk-low:run": {"code": "disk-low"}})
    state = centre.door.snapshot()[1]
    assert (own_rows(SUE, state) or {})["alerts"] == {"disk-low:run": {"code": "disk-low"}}
    assert set(own_rows(ANA, state) or {}) == {"agents", "calls"}
    assert own_rows(ANA, {"alerts": {"disk-low:run": None}}) is None
