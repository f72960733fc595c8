"""Agents, queues, assignments, numbers and endpoints, on SQLite and PostgreSQL alike."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from callcenter.adapters.db.agents import DbAgents, DbEndpoints
from callcenter.adapters.db.numbers import DbNumbers
from callcenter.adapters.db.queues import DbAssignments, DbQueues
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.skills import DbSkills
from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.device import Answering
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.errors import (
    Invalid,
    NameTaken,
    NoSuchAgent,
    NoSuchNumber,
    NoSuchQueue,
    NoSuchSkill,
    StillInUse,
)
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.ports.store import (
    AgentProfile,
    Agents,
    Assignments,
    Endpoints,
    EndpointSecret,
    NumberEntry,
    Numbers,
    Queues,
    Skill,
    Skills,
    UnitOfWork,
)

pytestmark = pytest.mark.adapter

ANA = AgentProfile(AgentId("ana"), "Ana O'Neill", "安娜", True, "+4930123456", Answering.BY_KEY)
BO = AgentProfile(AgentId("bo"), "Bo", enabled=False)
SALES, HELP = QueueId("sales"), QueueId("help")
UNUSUAL = QueueRules(
    SALES,
    ring_for=timedelta(seconds=7, microseconds=1),
    wrap_up=None,
    misses_allowed=9,
    announce_first=timedelta(seconds=1.5),
    announce_every=None,
    quiet_for=timedelta(milliseconds=1),
    music="爵士",
    service_level_within=timedelta(days=7),
    strategy=Strategy.RANDOM,
    easing=(
        Ease(timedelta(seconds=1.5), "english", 20),
        Ease(timedelta(seconds=30), "english"),
        Ease(timedelta(seconds=60), add=QueueId("help")),
    ),
    tier_for=timedelta(seconds=7.5),
    head_start=timedelta(seconds=-90),
    known_for=timedelta(seconds=25),
    known_within=timedelta(days=7),
    resume_within=timedelta(),
    announce_estimate=True,
    greets_with_number=True,
    briefs_agent=True,
    rest_no_answer=timedelta(seconds=6),
    rest_rejected=timedelta(seconds=60),
    rest_unreachable=timedelta(seconds=600),
    ways_out=(
        WayOut(after=timedelta(seconds=90.5), queue=QueueId("help")),
        WayOut(key="*", flow=FlowId("message")),
        WayOut(calendar="office", flow=FlowId("closed")),
        WayOut(expected=timedelta(minutes=10), flow=FlowId("message")),
        WayOut(nobody=True, flow=FlowId("closed")),
    ),
)


@pytest.fixture
def agents(database: Database) -> Agents:
    return DbAgents(database)


@pytest.fixture
def queues(database: Database) -> Queues:
    return DbQueues(database)


@pytest.fixture
def skills(database: Database) -> Skills:
    return DbSkills(database)


@pytest.fixture
def assignments(database: Database) -> Assignments:
    return DbAssignments(database)


@pytest.fixture
def numbers(database: Database) -> Numbers:
    return DbNumbers(database)


@pytest.fixture
def endpoints(database: Database) -> Endpoints:
    return DbEndpoints(database)


@pytest.fixture
def unit(database: Database) -> UnitOfWork:
    return database


async def test_agents_come_back_as_stored(agents: Agents) -> None:
    await agents.add(BO)
    await agents.add(ANA)
    assert await agents.list() == [ANA, BO]
    assert await agents.find(ANA.id) == ANA
    assert await agents.find(AgentId("cy")) is None


async def test_an_agents_id_is_given_once_and_the_first_keeps_it(agents: Agents) -> None:
    await agents.add(ANA)
    with pytest.raises(NameTaken, match="ana"):
        await agents.add(replace(BO, id=ANA.id))
    assert await agents.list() == [ANA]


async def test_an_agent_is_replaced_and_deleted_by_id(agents: Agents) -> None:
    with pytest.raises(NoSuchAgent):
        await agents.replace(ANA)
    await agents.add(ANA)
    await agents.replace(replace(ANA, outside_number=None))
    assert await agents.find(ANA.id) == replace(ANA, outside_number=None)
    await agents.delete(ANA.id)
    with pytest.raises(NoSuchAgent):
        await agents.delete(ANA.id)


def test_the_unusual_queue_has_no_default_left() -> None:
    usual = QueueRules(SALES)
    same = [
        f.name for f in fields(QueueRules) if getattr(UNUSUAL, f.name) == getattr(usual, f.name)
    ]
    assert same == ["id"]


async def test_every_rule_of_a_queue_is_stored(queues: Queues) -> None:
    await queues.add(UNUSUAL)
    await queues.add(QueueRules(HELP))
    assert await queues.list() == [QueueRules(HELP), UNUSUAL]
    await queues.replace(replace(UNUSUAL, announce_every=timedelta(seconds=20)))
    assert await queues.find(SALES) == replace(UNUSUAL, announce_every=timedelta(seconds=20))
    assert await queues.find(QueueId("none")) is None


async def test_queues_say_no_in_the_cores_words(queues: Queues) -> None:
    await queues.add(UNUSUAL)
    with pytest.raises(NameTaken):
        await queues.add(QueueRules(SALES))
    with pytest.raises(NoSuchQueue):
        await queues.replace(QueueRules(HELP))
    with pytest.raises(NoSuchQueue):
        await queues.delete(HELP)
    with pytest.raises(Invalid):
        await queues.replace(replace(UNUSUAL, ring_for=timedelta()))
    assert await queues.list() == [UNUSUAL]


async def test_an_agent_serves_exactly_the_queues_last_assigned(
    agents: Agents, queues: Queues, assignments: Assignments
) -> None:
    await agents.add(ANA)
    await agents.add(BO)
    await queues.add(QueueRules(SALES))
    await queues.add(QueueRules(HELP))
    await assignments.assign(ANA.id, [SALES, HELP, SALES])
    await assignments.assign(BO.id, [SALES])
    assert await assignments.all() == {ANA.id: (HELP, SALES), BO.id: (SALES,)}
    await assignments.assign(ANA.id, [HELP])
    await assignments.assign(BO.id, [])
    assert await assignments.all() == {ANA.id: (HELP,)}


async def test_nobody_is_assigned_to_nothing(
    agents: Agents, queues: Queues, assignments: Assignments
) -> None:
    await agents.add(ANA)
    await queues.add(QueueRules(SALES))
    await assignments.assign(ANA.id, [SALES])
    with pytest.raises(NoSuchQueue, match="help"):
        await assignments.assign(ANA.id, [SALES, HELP])
    with pytest.raises(NoSuchAgent, match="bo"):
        await assignments.assign(BO.id, [SALES])
    assert await assignments.all() == {ANA.id: (SALES,)}


async def test_a_queue_that_is_served_stays_and_an_agent_takes_their_assignments_along(
    agents: Agents, queues: Queues, assignments: Assignments, endpoints: Endpoints
) -> None:
    await agents.add(ANA)
    await queues.add(QueueRules(SALES))
    await assignments.assign(ANA.id, [SALES])
    await endpoints.put(EndpointSecret(ANA.id, "agent-ana", "x", browser=True))
    with pytest.raises(StillInUse, match="sales"):
        await queues.delete(SALES)
    await agents.delete(ANA.id)
    assert await assignments.all() == {}
    assert await endpoints.list() == []
    await queues.delete(SALES)
    assert await queues.list() == []


async def test_talents_are_exactly_what_was_said_last(
    agents: Agents, queues: Queues, assignments: Assignments, skills: Skills
) -> None:
    await agents.add(ANA)
    await agents.add(BO)
    for queue in (SALES, HELP):
        await queues.add(QueueRules(queue))
    for skill in (Skill("french", "French"), Skill("english", "English", "英语")):
        await skills.put(skill)
    await assignments.assign(ANA.id, [SALES, HELP])
    said = Talents({"english": 80, "french": 1}, {SALES: 2}, {HELP: 9})
    await skills.give(ANA.id, said)
    await skills.give(BO.id, Talents({"english": 5}))
    assert await skills.talents() == {ANA.id: said, BO.id: Talents({"english": 5})}
    await assignments.assign(ANA.id, [SALES])  # what is said of it stays
    assert (await skills.talents())[ANA.id] == replace(said, weights={})
    await skills.give(ANA.id, Talents())
    assert await skills.talents() == {BO.id: Talents({"english": 5})}
    await agents.delete(BO.id)
    assert await skills.talents() == {}


async def test_skills_have_names_and_stay_as_long_as_somebody_has_them(
    agents: Agents, skills: Skills
) -> None:
    await agents.add(ANA)
    await skills.put(Skill("english", "English"))
    await skills.put(Skill("english", "English", "英语"))
    await skills.put(Skill("billing", "Billing"))
    assert await skills.list() == [Skill("billing", "Billing"), Skill("english", "English", "英语")]
    await skills.give(ANA.id, Talents({"english": 1}))
    with pytest.raises(StillInUse, match="english"):
        await skills.delete("english")
    with pytest.raises(NoSuchSkill, match="french"):
        await skills.give(ANA.id, Talents({"french": 1, "billing": 1}))
    assert await skills.talents() == {ANA.id: Talents({"english": 1})}
    await skills.delete("billing")
    with pytest.raises(NoSuchSkill, match="billing"):
        await skills.delete("billing")


async def test_numbers_lead_to_flows(numbers: Numbers) -> None:
    entry = NumberEntry("+49800100", FlowId("hotline"), "english >= 50", "billing")
    await numbers.add(entry)
    assert await numbers.find(entry.did) == entry
    assert await numbers.find("+49800101") is None
    with pytest.raises(NameTaken):
        await numbers.add(entry)
    await numbers.replace(replace(entry, flow=FlowId("other")))
    await numbers.add(NumberEntry("+4930", FlowId("hotline")))
    assert [n.did for n in await numbers.list()] == ["+4930", "+49800100"]
    await numbers.delete("+4930")
    with pytest.raises(NoSuchNumber):
        await numbers.delete("+4930")
    with pytest.raises(NoSuchNumber):
        await numbers.replace(NumberEntry("+4930", FlowId("hotline")))


async def test_each_login_replaces_the_agents_endpoint(
    agents: Agents, endpoints: Endpoints
) -> None:
    await agents.add(ANA)
    await endpoints.put(EndpointSecret(ANA.id, "agent-ana", "first", browser=True))
    await endpoints.put(EndpointSecret(ANA.id, "agent-ana", "second", browser=False))
    assert await endpoints.list() == [EndpointSecret(ANA.id, "agent-ana", "second", browser=False)]
    with pytest.raises(NoSuchAgent):
        await endpoints.put(EndpointSecret(BO.id, "agent-bo", "x", browser=True))
    await endpoints.delete(ANA.id)
    await endpoints.delete(ANA.id)
    assert await endpoints.list() == []


def test_an_endpoints_password_is_not_in_its_repr() -> None:
    assert "hunter2" not in repr(EndpointSecret(ANA.id, "agent-ana", "hunter2", browser=True))


async def test_changes_in_one_unit_happen_together_or_not_at_all(
    agents: Agents, queues: Queues, unit: UnitOfWork
) -> None:
    async with unit.change():
        await agents.add(ANA)
        await queues.add(UNUSUAL)
        assert await agents.find(ANA.id) == ANA
    with pytest.raises(NameTaken):
        async with unit.change():
            await agents.delete(ANA.id)
            await queues.add(UNUSUAL)
    assert await agents.list() == [ANA]
