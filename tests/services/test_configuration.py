"""What is in force: changes that are kept and at work at once, and flows that cannot do harm."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.adapters.db.agents import DbEndpoints
from callcenter.adapters.db.session import Database
from callcenter.bootstrap.database import stores_on
from callcenter.core.access import Actor, Role
from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.want import Ease
from callcenter.core.errors import (
    Invalid,
    NameTaken,
    NoSuchAgent,
    NoSuchFlow,
    NoSuchNumber,
    NoSuchQueue,
    NoSuchSkill,
    NotPermitted,
    StillInUse,
)
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.core.ivr.announcements import OUT_OF_ORDER, SYSTEM_FLOW
from callcenter.core.ivr.flow import Enqueue, Flow, Language, NodeId
from callcenter.ports.store import AgentProfile, NumberEntry, Skill, StoreAway
from callcenter.services.blueprint import AgentEntry
from callcenter.services.emergency_flow import BROKEN_FLOW
from callcenter.services.stored import Stores
from callcenter.testing.desk import LINE, DeskHouse

pytestmark = pytest.mark.service

ROOT = Actor("root", Role.ADMIN)
SUE = Actor("sue", Role.SUPERVISOR)
AS_ANA = Actor("ana", Role.AGENT, AgentId("ana"))
ANA = AgentId("ana")
SALES = QueueId("sales")
HOTLINE = FlowId("hotline")
ENGLISH = Language("en")


def hotline(version: str = "v1", queue: QueueId = SALES) -> Flow:
    nodes = {NodeId("wait"): Enqueue(queue)}
    return Flow(HOTLINE, version, NodeId("wait"), nodes, {}, (ENGLISH,), ENGLISH)


@pytest.fixture
async def house(desk_house: DeskHouse) -> DeskHouse:
    """A centre with a queue, a flow into it, and a number."""
    await desk_house.stores.queues.add(QueueRules(SALES))
    await desk_house.stores.numbers.add(NumberEntry("4000", HOTLINE))
    desk_house.folder.hold(hotline())
    assert await desk_house.configuration.load() == ()
    return desk_house


def leads_to(house: DeskHouse, dnis: str) -> FlowId:
    return house.door.directory.flow_for(dnis).id


def version(house: DeskHouse) -> str:
    return house.door.directory.flows[HOTLINE].version


# -- a start while the store is away ----------------------------------------------------------------


@pytest.fixture
async def away() -> AsyncIterator[Stores]:
    """Stores on a database where nobody answers."""
    nowhere = Database("postgresql+psycopg://callcenter@127.0.0.1:1/callcenter")
    yield stores_on(nowhere)
    await nowhere.close()


async def test_an_engine_goes_on_with_what_was_in_force_while_the_store_is_away(
    house: DeskHouse, away: Stores, kept: DbEndpoints
) -> None:
    entry = AgentEntry(AgentProfile(ANA, "Ana", outside_number="+4930901820"), (SALES,))
    await house.configuration.add_agent(ROOT, entry)
    after = DeskHouse(away, kept, after=house)
    with pytest.raises(StoreAway):
        await after.configuration.load()
    assert await after.configuration.recall() == ()
    assert leads_to(after, "4000") == HOTLINE
    assert after.door.agent(ANA)["queues"] == ["sales"]
    with pytest.raises(StoreAway):
        await after.configuration.delete_agent(ROOT, ANA)


async def test_what_was_in_force_is_not_made_up(away: Stores, kept: DbEndpoints) -> None:
    with pytest.raises(StoreAway):
        await DeskHouse(away, kept).configuration.recall()


# -- agents ---------------------------------------------------------------------------------------


async def test_an_agent_is_on_the_floor_as_soon_as_they_are_added(house: DeskHouse) -> None:
    entry = AgentEntry(AgentProfile(ANA, "Ana", "安娜"), (SALES,))
    await house.configuration.add_agent(ROOT, entry)
    assert house.door.agent(ANA)["queues"] == ["sales"]
    assert await house.configuration.agent(ROOT, ANA) == entry
    with pytest.raises(NameTaken):
        await house.configuration.add_agent(ROOT, entry)


async def test_an_agent_for_an_unknown_queue_is_not_half_added(house: DeskHouse) -> None:
    entry = AgentEntry(AgentProfile(ANA, "Ana"), (QueueId("nowhere"),))
    with pytest.raises(NoSuchQueue):
        await house.configuration.add_agent(ROOT, entry)
    assert await house.configuration.list_agents(ROOT) == []


@pytest.mark.parametrize(
    "agent", ["", "-ana", "Ana", "ana b", "a" * 41, "ana\n", "../ana", "安娜", "ana;x"]
)
async def test_an_agents_id_must_be_harmless(house: DeskHouse, agent: str) -> None:
    with pytest.raises(Invalid, match="id"):
        await house.configuration.add_agent(ROOT, AgentEntry(AgentProfile(AgentId(agent), "Ana")))


@pytest.mark.parametrize(
    "profile",
    [
        AgentProfile(ANA, " "),
        AgentProfile(ANA, "A" * 81),
        AgentProfile(ANA, "Ana\x00"),
        AgentProfile(ANA, "Ana", "安\n娜"),
        AgentProfile(ANA, "Ana", outside_number="4000"),
        AgentProfile(ANA, "Ana", outside_number="+49&SIP/evil"),
    ],
)
async def test_a_profile_with_values_that_cannot_be_is_refused(
    house: DeskHouse, profile: AgentProfile
) -> None:
    with pytest.raises(Invalid):
        await house.configuration.add_agent(ROOT, AgentEntry(profile))


async def test_a_closed_agent_leaves_the_floor_and_comes_back(house: DeskHouse) -> None:
    await house.configuration.add_agent(ROOT, AgentEntry(AgentProfile(ANA, "Ana"), (SALES,)))

    def switched(on: bool) -> Callable[[AgentEntry], AgentEntry]:
        return lambda entry: replace(entry, profile=replace(entry.profile, enabled=on))

    await house.configuration.change_agent(ROOT, ANA, switched(False))
    assert ANA not in house.door.directory.assignments
    await house.configuration.change_agent(ROOT, ANA, switched(True))
    assert house.door.agent(ANA)["queues"] == ["sales"]


async def test_two_who_change_different_things_do_not_undo_each_other(house: DeskHouse) -> None:
    await house.configuration.add_agent(ROOT, AgentEntry(AgentProfile(ANA, "Ana"), (SALES,)))

    def renamed(entry: AgentEntry) -> AgentEntry:
        return replace(entry, profile=replace(entry.profile, name_en="Anna"))

    def closed(entry: AgentEntry) -> AgentEntry:
        return replace(entry, profile=replace(entry.profile, enabled=False))

    change = house.configuration.change_agent
    await asyncio.gather(change(ROOT, ANA, closed), change(ROOT, ANA, renamed))
    profile = (await house.configuration.agent(ROOT, ANA)).profile
    assert (profile.name_en, profile.enabled) == ("Anna", False)


async def test_a_deleted_agent_is_signed_out_and_forgotten(house: DeskHouse) -> None:
    await house.configuration.add_agent(ROOT, AgentEntry(AgentProfile(ANA, "Ana"), (SALES,)))
    await house.desk.sign_in(AS_ANA, ANA)
    await house.configuration.delete_agent(ROOT, ANA)
    assert house.endpoints.accounts == {}
    with pytest.raises(NoSuchAgent):
        house.door.agent(ANA)
    with pytest.raises(NoSuchAgent):
        await house.configuration.delete_agent(ROOT, ANA)


async def test_supervisors_assign_but_do_not_hire(house: DeskHouse) -> None:
    await house.configuration.add_agent(ROOT, AgentEntry(AgentProfile(ANA, "Ana")))
    assert (await house.configuration.assign(SUE, ANA, [SALES])).queues == (SALES,)
    assert house.door.agent(ANA)["queues"] == ["sales"]
    with pytest.raises(NotPermitted):
        await house.configuration.add_agent(SUE, AgentEntry(AgentProfile(AgentId("bo"), "Bo")))
    with pytest.raises(NotPermitted):
        await house.configuration.assign(AS_ANA, ANA, [])


# -- skills ---------------------------------------------------------------------------------------


async def test_what_an_agent_is_good_at_is_in_force_at_once_and_after_a_start(
    house: DeskHouse, away: Stores, kept: DbEndpoints
) -> None:
    await house.configuration.put_skill(ROOT, Skill("english", "English"))
    said = Talents({"english": 80}, {SALES: 2})
    entry = AgentEntry(AgentProfile(ANA, "Ana"), (SALES,), said)
    await house.configuration.add_agent(ROOT, entry)
    assert house.door.directory.talents == {ANA: said}
    assert await house.configuration.agent(ROOT, ANA) == entry
    await house.configuration.put_number(ROOT, "4000", HOTLINE, " english >= 50 ")
    assert house.door.directory.needs == {"4000": ("english >= 50", "")}
    after = DeskHouse(away, kept, after=house)
    await after.configuration.recall()
    assert after.door.directory.talents == {ANA: said}
    assert after.door.directory.needs == {"4000": ("english >= 50", "")}


async def test_steps_are_put_in_order_of_time(house: DeskHouse) -> None:
    await house.configuration.put_skill(ROOT, Skill("english", "English"))
    late, early = Ease(timedelta(seconds=60), "english"), Ease(timedelta(seconds=9), "english", 5)
    rules = await house.configuration.change_queue(
        ROOT, SALES, lambda before: replace(before, easing=(late, early))
    )
    assert rules.easing == house.door.directory.queues[SALES].easing == (early, late)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([(60, 20), (30, 10)], r"easing\[0\].to: a step before it asks for 10 at most"),
        ([(30, 10), (60, 10)], r"easing\[1\].to: a step before it asks for 10 at most"),
        ([(30, 0), (60, 10)], r"easing\[1\].to: a step before it does not ask for it any more"),
    ],
)
async def test_a_step_that_eases_nothing_is_named(
    house: DeskHouse, steps: list[tuple[int, int]], said: str
) -> None:
    await house.configuration.put_skill(ROOT, Skill("english", "English"))
    easing = tuple(Ease(timedelta(seconds=after), "english", to) for after, to in steps)
    with pytest.raises(Invalid, match=said):
        await house.configuration.change_queue(ROOT, SALES, lambda old: replace(old, easing=easing))
    assert house.door.directory.queues[SALES].easing == ()


async def test_an_agent_with_an_unknown_skill_is_not_half_added(house: DeskHouse) -> None:
    entry = AgentEntry(AgentProfile(ANA, "Ana"), (SALES,), Talents({"french": 1}))
    with pytest.raises(NoSuchSkill):
        await house.configuration.add_agent(ROOT, entry)
    assert await house.configuration.list_agents(ROOT) == []


@pytest.mark.parametrize(
    "talents",
    [
        Talents({"english": 0}),
        Talents({"english": 101}),
        Talents(tiers={SALES: 0}),
        Talents(weights={SALES: -1}),
        Talents(tiers={QueueId("elsewhere"): 2}),
    ],
)
async def test_talents_that_cannot_be_are_refused(house: DeskHouse, talents: Talents) -> None:
    await house.configuration.put_skill(ROOT, Skill("english", "English"))
    with pytest.raises(Invalid):
        await house.configuration.add_agent(
            ROOT, AgentEntry(AgentProfile(ANA, "Ana"), (SALES,), talents)
        )


async def test_a_queue_whose_agents_help_another_is_not_deleted(house: DeskHouse) -> None:
    night = QueueRules(QueueId("night"))
    await house.configuration.add_queue(ROOT, night)
    step = Ease(timedelta(seconds=9), add=night.id)
    await house.configuration.change_queue(ROOT, SALES, lambda old: replace(old, easing=(step,)))
    with pytest.raises(StillInUse, match="sales"):
        await house.configuration.delete_queue(ROOT, night.id)


# -- queues ---------------------------------------------------------------------------------------


async def test_a_queues_new_rules_hold_at_once_and_are_kept(
    house: DeskHouse, stores: Stores
) -> None:
    rules = QueueRules(SALES, ring_for=timedelta(seconds=30))
    assert await house.configuration.change_queue(SUE, SALES, lambda _: rules) == rules
    assert house.door.directory.queue(SALES).ring_for == timedelta(seconds=30)
    assert await stores.queues.find(SALES) == rules


@pytest.mark.parametrize(
    "rules",
    [
        QueueRules(QueueId("a b")),
        QueueRules(SALES, ring_for=timedelta(seconds=1)),
        QueueRules(SALES, quiet_for=timedelta(seconds=4)),
        QueueRules(SALES, announce_every=timedelta(0)),
        QueueRules(SALES, misses_allowed=0),
        QueueRules(SALES, music="../etc"),
    ],
)
async def test_rules_that_cannot_be_are_refused(house: DeskHouse, rules: QueueRules) -> None:
    with pytest.raises(Invalid):
        await house.configuration.add_queue(ROOT, rules)


async def test_a_queue_that_is_used_stays(house: DeskHouse) -> None:
    with pytest.raises(StillInUse, match="hotline"):
        await house.configuration.delete_queue(ROOT, SALES)
    await house.configuration.add_queue(ROOT, QueueRules(QueueId("night")))
    await house.configuration.add_agent(
        ROOT, AgentEntry(AgentProfile(ANA, "Ana"), (QueueId("night"),))
    )
    with pytest.raises(StillInUse, match="agents"):
        await house.configuration.delete_queue(ROOT, QueueId("night"))
    await house.configuration.assign(ROOT, ANA, [])
    await house.configuration.delete_queue(ROOT, QueueId("night"))
    assert QueueId("night") not in house.door.directory.queues


# -- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["030 23125 000", "+49 30 23125-000", "0049 3023125000"])
async def test_a_number_is_one_however_it_is_written(house: DeskHouse, written: str) -> None:
    entry = await house.configuration.put_number(ROOT, written, HOTLINE)
    assert entry.did == "+493023125000"
    assert leads_to(house, "+493023125000") == HOTLINE
    await house.configuration.delete_number(ROOT, written)
    assert leads_to(house, "+493023125000") == SYSTEM_FLOW


async def test_a_number_can_be_given_another_flow(house: DeskHouse) -> None:
    await house.configuration.put_number(ROOT, "4000", SYSTEM_FLOW)
    assert leads_to(house, "4000") == SYSTEM_FLOW
    assert len(await house.configuration.list_numbers(SUE)) == 1


@pytest.mark.parametrize("written", ["", "x", "anonymous", "sales", "+", "'; drop table numbers"])
async def test_what_nobody_can_dial_is_no_number(house: DeskHouse, written: str) -> None:
    with pytest.raises(Invalid, match="did"):
        await house.configuration.put_number(ROOT, written, HOTLINE)


async def test_a_number_needs_a_flow_and_a_deletion_needs_a_number(house: DeskHouse) -> None:
    with pytest.raises(NoSuchFlow):
        await house.configuration.put_number(ROOT, "4001", FlowId("nowhere"))
    with pytest.raises(NoSuchNumber):
        await house.configuration.delete_number(ROOT, "4001")
    with pytest.raises(NotPermitted):
        await house.configuration.put_number(SUE, "4001", HOTLINE)


# -- flows ----------------------------------------------------------------------------------------


async def test_a_changed_flow_is_in_force_after_a_reload(house: DeskHouse) -> None:
    house.folder.hold(hotline("v2"))
    assert await house.configuration.reload_flows(ROOT) == ()
    assert version(house) == "v2"
    assert (HOTLINE, "v2") in house.prompts.spoken


async def test_a_broken_file_leaves_the_running_version_and_says_where(house: DeskHouse) -> None:
    house.folder.spoil(HOTLINE)
    (problem,) = await house.configuration.reload_flows(ROOT)
    assert (problem.flow, problem.file, problem.line) == (HOTLINE, "hotline.yaml", LINE)
    assert set(problem.text) == {"en", "zh"}
    assert version(house) == "v1"
    house.folder.hold(hotline("v2"))
    assert await house.configuration.reload_flows(ROOT) == ()
    assert version(house) == "v2"


async def test_a_flow_into_a_queue_that_is_not_there_is_not_let_in(house: DeskHouse) -> None:
    house.folder.hold(hotline("v2", QueueId("sale")))
    (problem,) = await house.configuration.check_flows(SUE)
    assert problem.code == "unknown-queue"
    assert "sales" in problem.text["en"]
    assert await house.configuration.reload_flows(ROOT) == (problem,)
    assert version(house) == "v1"


async def test_a_flow_that_cannot_be_spoken_is_not_let_in(house: DeskHouse) -> None:
    house.folder.hold(hotline("v2"))
    house.prompts.failing[HOTLINE] = "no voice for en"
    (problem,) = await house.configuration.reload_flows(ROOT)
    assert problem.code == "unspoken"
    assert "no voice for en" in problem.text["zh"]
    assert version(house) == "v1"


async def test_checking_changes_nothing(house: DeskHouse) -> None:
    house.folder.hold(hotline("v2"))
    assert await house.configuration.check_flows(SUE) == ()
    assert version(house) == "v1"


async def test_a_file_that_vanished_is_missed_only_while_a_number_leads_to_it(
    house: DeskHouse,
) -> None:
    del house.folder.flows[HOTLINE]
    (problem,) = await house.configuration.reload_flows(ROOT)
    assert problem.code == "file-gone"
    assert version(house) == "v1"
    await house.configuration.delete_number(ROOT, "4000")
    assert await house.configuration.reload_flows(ROOT) == ()
    assert HOTLINE not in house.door.directory.flows


async def test_at_the_first_start_a_broken_flow_is_left_out_and_the_rest_runs(
    desk_house: DeskHouse,
) -> None:
    await desk_house.stores.queues.add(QueueRules(SALES))
    for did, flow in (("4000", HOTLINE), ("4001", FlowId("night"))):
        await desk_house.stores.numbers.add(NumberEntry(did, flow))
    desk_house.folder.hold(hotline())
    desk_house.folder.spoil(FlowId("night"))
    problems = await desk_house.configuration.load()
    assert [problem.flow for problem in problems] == ["night"]
    assert leads_to(desk_house, "4000") == HOTLINE
    assert leads_to(desk_house, "4001") == BROKEN_FLOW
    assert (BROKEN_FLOW, "emergency") in desk_house.prompts.spoken
    call = desk_house.switch.arrive("4001")
    heard = [prompt.name for leg in desk_house.switch.legs.values() for prompt in leg.heard]
    assert heard == [OUT_OF_ORDER]
    assert desk_house.door.call(call)["phase"] == "leaving"


async def test_a_broken_system_flow_is_replaced_by_the_centres_own_words(
    desk_house: DeskHouse,
) -> None:
    desk_house.folder.spoil(SYSTEM_FLOW)
    problems = await desk_house.configuration.load()
    assert [problem.flow for problem in problems] == [SYSTEM_FLOW]
    assert desk_house.door.directory.flows[SYSTEM_FLOW].version == "emergency"
    assert leads_to(desk_house, "4711") == SYSTEM_FLOW


async def test_flows_are_listed_with_version_numbers_and_problems(house: DeskHouse) -> None:
    house.folder.spoil(FlowId("night"))
    await house.configuration.reload_flows(ROOT)
    listed = {entry.id: entry for entry in await house.configuration.list_flows(SUE)}
    assert listed[HOTLINE].numbers == ("4000",)
    assert listed[HOTLINE].version == "v1"
    assert listed[FlowId("night")].version is None
    assert [problem.code for problem in listed[FlowId("night")].problems] == ["not-yaml"]
    with pytest.raises(NotPermitted):
        await house.configuration.list_flows(AS_ANA)
