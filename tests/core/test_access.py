"""Roles, rights and their reach."""

import pytest

from callcenter.core.access import (
    PERMISSIONS,
    Action,
    Actor,
    Reach,
    Role,
    check_may,
    may,
    permissions_of,
    reach,
)
from callcenter.core.errors import NotPermitted
from callcenter.core.ids import AgentId

pytestmark = pytest.mark.core

ANA = AgentId("ana")
BO = AgentId("bo")

agent = Actor("ana", Role.AGENT, ANA)
supervisor = Actor("sue", Role.SUPERVISOR)
admin = Actor("root", Role.ADMIN)

OWN_RIGHTS = [action for action, far in permissions_of(Role.AGENT).items() if far is Reach.OWN]
NO_RIGHTS = [action for action in Action if action not in permissions_of(Role.AGENT)]


@pytest.mark.parametrize("action", OWN_RIGHTS)
def test_agents_do_to_themselves_what_they_may_not_do_to_others(action: Action) -> None:
    assert may(agent, action, agent=ANA)
    assert not may(agent, action, agent=BO)


@pytest.mark.parametrize("action", OWN_RIGHTS)
def test_a_thing_of_nobody_is_not_an_agents_own(action: Action) -> None:
    assert not may(agent, action)


@pytest.mark.parametrize("action", OWN_RIGHTS)
def test_an_actor_without_an_agent_owns_nothing(action: Action) -> None:
    assert not may(Actor("key", Role.AGENT), action)


@pytest.mark.parametrize("action", NO_RIGHTS)
def test_what_is_not_in_the_table_is_refused_even_for_oneself(action: Action) -> None:
    assert reach(agent, action) is None
    assert not may(agent, action, agent=ANA)


@pytest.mark.parametrize("action", list(Action))
def test_admins_may_do_everything(action: Action) -> None:
    assert may(admin, action)
    assert may(admin, action, agent=BO)


def test_supervisors_steer_everybodys_calls_but_change_no_accounts() -> None:
    assert may(supervisor, Action.STEER_CALL, agent=BO)
    assert not may(supervisor, Action.CHANGE_ACCOUNTS)


def test_messages_are_for_supervisors_and_not_for_agents() -> None:
    assert may(supervisor, Action.READ_MESSAGES)
    assert reach(agent, Action.READ_MESSAGES) is None


@pytest.mark.parametrize(
    "lower, upper", [(Role.AGENT, Role.SUPERVISOR), (Role.SUPERVISOR, Role.ADMIN)]
)
def test_each_role_may_do_at_least_what_the_role_below_it_may(lower: Role, upper: Role) -> None:
    assert PERMISSIONS[lower].keys() <= PERMISSIONS[upper].keys()


def test_a_refusal_is_an_error_with_a_code() -> None:
    with pytest.raises(NotPermitted) as refused:
        check_may(agent, Action.CHANGE_ACCOUNTS)
    assert refused.value.code == "not-permitted"


def test_every_role_has_its_row() -> None:
    assert set(PERMISSIONS) == set(Role)
