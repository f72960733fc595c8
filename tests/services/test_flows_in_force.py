"""What is in force stays so until somebody asks for a change: across engines, and while one is made."""

import asyncio
from collections.abc import Callable

import pytest

from callcenter.core.access import Actor, Role
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.flow import Enqueue, Flow, Language, NodeId
from callcenter.ports.journal import JournalAway
from callcenter.ports.store import Endpoints, NumberEntry
from callcenter.services.emergency_flow import BROKEN_FLOW
from callcenter.services.stored import Stores
from callcenter.testing.desk import DeskHouse

pytestmark = pytest.mark.service

ROOT = Actor("root", Role.ADMIN)
SALES = QueueId("sales")
NIGHT = QueueId("night")
HOTLINE = FlowId("hotline")
ENGLISH = Language("en")

NextEngine = Callable[[DeskHouse], DeskHouse]


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


@pytest.fixture
def next_engine(stores: Stores, kept: Endpoints) -> NextEngine:
    """The engine that goes on after another one."""
    return lambda before: DeskHouse(stores, kept, after=before)


def in_force(house: DeskHouse) -> tuple[FlowId, str, str]:
    """Where 4000 leads, in which version, and the version whose words are said."""
    flow = house.door.directory.flow_for("4000")
    return flow.id, flow.version, house.prompts.said[flow.id]


async def listed(house: DeskHouse) -> tuple[str | None, list[str]]:
    """Version and problems of the hotline, as everybody is told."""
    entries = {entry.id: entry for entry in await house.configuration.list_flows(ROOT)}
    return entries[HOTLINE].version, [problem.code for problem in entries[HOTLINE].problems]


# -- from one engine to the next ------------------------------------------------------------------


async def test_a_file_broken_meanwhile_takes_no_flow_away_when_another_engine_goes_on(
    house: DeskHouse, next_engine: NextEngine
) -> None:
    house.folder.spoil(HOTLINE)
    after = next_engine(house)
    (problem,) = await after.configuration.load()
    assert problem.code == "not-yaml"
    assert in_force(after) == (HOTLINE, "v1", "v1")
    assert await listed(after) == ("v1", ["not-yaml"])


async def test_a_change_that_nobody_reloaded_waits_whichever_engine_goes_on(
    house: DeskHouse, next_engine: NextEngine
) -> None:
    house.folder.hold(hotline("v2"))
    after = next_engine(house)
    assert await after.configuration.load() == ()
    assert in_force(after) == (HOTLINE, "v1", "v1")
    assert await after.configuration.reload_flows(ROOT) == ()
    assert in_force(after) == (HOTLINE, "v2", "v2")
    third = next_engine(after)
    await third.configuration.load()
    assert in_force(third) == (HOTLINE, "v2", "v2")


async def test_a_file_that_vanished_is_missed_and_its_flow_goes_on(
    house: DeskHouse, next_engine: NextEngine
) -> None:
    del house.folder.flows[HOTLINE]
    after = next_engine(house)
    (problem,) = await after.configuration.load()
    assert problem.code == "file-gone"
    assert in_force(after) == (HOTLINE, "v1", "v1")


async def test_a_flow_whose_sound_is_lost_is_told_of_and_still_leads_somewhere(
    house: DeskHouse, next_engine: NextEngine
) -> None:
    after = next_engine(house)
    after.prompts.failing[HOTLINE] = "no voice for en"
    (problem,) = await after.configuration.load()
    assert problem.code == "unspoken"
    assert in_force(after) == (HOTLINE, "v1", "v1")


async def test_who_starts_the_whole_centre_gets_what_the_files_say(
    house: DeskHouse, next_engine: NextEngine
) -> None:
    house.folder.hold(hotline("v2"))
    house.record.set_aside()
    after = next_engine(house)
    assert await after.configuration.load() == ()
    assert in_force(after) == (HOTLINE, "v2", "v2")
    assert house.record.last.holds


async def test_a_broken_file_keeps_what_ran_when_the_whole_centre_is_started(
    house: DeskHouse, next_engine: NextEngine
) -> None:
    house.folder.spoil(HOTLINE)
    house.record.set_aside()
    after = next_engine(house)
    (problem,) = await after.configuration.load()
    assert problem.code == "not-yaml"
    assert in_force(after) == (HOTLINE, "v1", "v1")
    assert (HOTLINE, "v1") in after.prompts.spoken


async def test_who_stands_by_rehearses_without_a_trace(
    house: DeskHouse, next_engine: NextEngine
) -> None:
    house.folder.hold(hotline("v2"))
    house.record.set_aside()
    before = house.record.last
    standby = next_engine(house)
    await standby.shelf.recall([SALES], [HOTLINE])
    assert house.record.last is before
    assert in_force(house) == (HOTLINE, "v1", "v1")
    assert standby.prompts.said == {}


async def test_a_reload_that_could_not_be_kept_changes_nothing(house: DeskHouse) -> None:
    house.folder.hold(hotline("v2"))
    house.record.full = True
    with pytest.raises(JournalAway):
        await house.configuration.reload_flows(ROOT)
    assert in_force(house) == (HOTLINE, "v1", "v1")
    house.record.full = False
    await house.configuration.reload_flows(ROOT)
    assert in_force(house) == (HOTLINE, "v2", "v2")


async def test_a_centre_whose_disk_is_full_starts_all_the_same(desk_house: DeskHouse) -> None:
    desk_house.folder.hold(hotline())
    desk_house.record.full = True
    await desk_house.stores.queues.add(QueueRules(SALES))
    await desk_house.stores.numbers.add(NumberEntry("4000", HOTLINE))
    await desk_house.configuration.load()
    assert in_force(desk_house) == (HOTLINE, "v1", "v1")


# -- while a change is being made -----------------------------------------------------------------


@pytest.fixture
async def reloading(house: DeskHouse) -> "asyncio.Task[object]":
    """A reload of the hotline's second version, which is being spoken."""
    house.folder.hold(hotline("v2"))
    house.prompts.begun.clear()
    house.prompts.may_speak.clear()
    task: asyncio.Task[object] = asyncio.create_task(house.configuration.reload_flows(ROOT))
    await house.prompts.begun.wait()
    return task


async def test_nobody_waits_with_a_change_while_a_reload_speaks(
    house: DeskHouse, reloading: "asyncio.Task[object]"
) -> None:
    async with asyncio.timeout(5):
        await house.configuration.put_number(ROOT, "4001", HOTLINE)
        await house.configuration.add_queue(ROOT, QueueRules(NIGHT))
    assert house.door.directory.flow_for("4001").version == "v1"
    house.prompts.may_speak.set()
    assert await reloading == ()
    assert house.door.directory.flow_for("4001").version == "v2"
    assert NIGHT in house.door.directory.queues


async def test_callers_hear_the_old_words_until_the_new_flow_is_in_force(
    house: DeskHouse, reloading: "asyncio.Task[object]"
) -> None:
    assert in_force(house) == (HOTLINE, "v1", "v1")
    house.prompts.failing[HOTLINE] = "no voice for en"
    house.prompts.may_speak.set()
    await reloading
    assert in_force(house) == (HOTLINE, "v1", "v1")


async def test_a_queue_that_goes_meanwhile_keeps_the_flow_into_it_out(house: DeskHouse) -> None:
    await house.configuration.add_queue(ROOT, QueueRules(NIGHT))
    house.folder.hold(hotline("v2", NIGHT))
    house.prompts.begun.clear()
    house.prompts.may_speak.clear()
    reloading = asyncio.create_task(house.configuration.reload_flows(ROOT))
    await house.prompts.begun.wait()
    await house.configuration.delete_queue(ROOT, NIGHT)
    house.prompts.may_speak.set()
    assert [problem.code for problem in await reloading] == ["unknown-queue"]
    assert in_force(house) == (HOTLINE, "v1", "v1")


async def test_two_reloads_go_one_after_the_other(
    house: DeskHouse, reloading: "asyncio.Task[object]"
) -> None:
    house.folder.hold(hotline("v3"))
    second = asyncio.create_task(house.configuration.reload_flows(ROOT))
    house.prompts.begun.clear()
    await house.configuration.add_queue(ROOT, QueueRules(NIGHT))  # gives the second one its time
    assert not house.prompts.begun.is_set()
    house.prompts.may_speak.set()
    await asyncio.gather(reloading, second)
    assert in_force(house) == (HOTLINE, "v3", "v3")


async def test_a_system_flow_that_cannot_be_spoken_leaves_the_centre_its_own_words(
    desk_house: DeskHouse,
) -> None:
    desk_house.prompts.failing[SYSTEM_FLOW] = "no voice for fr"
    (problem,) = await desk_house.configuration.load()
    assert problem.code == "unspoken"
    assert desk_house.door.directory.flow_for("4711").version == "emergency"
    assert BROKEN_FLOW in desk_house.prompts.said
