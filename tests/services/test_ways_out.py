"""Which ways out a queue may have, and that a bad one changes nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.access import Actor, Role
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.want import Ease
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.calendar import parse_calendar
from callcenter.core.errors import Invalid, NoSuchFlow, NoSuchQueue, StillInUse
from callcenter.core.ids import FlowId, QueueId
from callcenter.ports.store import Skill
from callcenter.testing.centre import SALES, SUPPORT, menu
from callcenter.testing.desk import DeskHouse

pytestmark = pytest.mark.service

ROOT = Actor("root", Role.ADMIN)
NIGHT = QueueId("night")
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def house(desk_house: DeskHouse) -> DeskHouse:
    for queue in (SALES, SUPPORT, NIGHT):
        await desk_house.stores.queues.add(QueueRules(queue))
    desk_house.folder.hold(menu())
    desk_house.folder.calendars["office"] = parse_calendar({"zone": "UTC", "weekly": {}})
    assert await desk_house.configuration.load() == ()
    return desk_house


async def put(house: DeskHouse, queue: QueueId, *ways: WayOut) -> QueueRules:
    return await house.configuration.change_queue(
        ROOT, queue, lambda before: replace(before, ways_out=ways)
    )


async def test_every_kind_of_way_is_in_force_at_once(house: DeskHouse) -> None:
    ways = (
        WayOut(after=MINUTE, queue=SUPPORT),
        WayOut(key="#", flow=FlowId("menu")),
        WayOut(calendar="office", flow=FlowId("menu")),
        WayOut(expected=MINUTE, flow=FlowId("menu")),
        WayOut(nobody=True, flow=FlowId("menu")),
    )
    assert (await put(house, SALES, *ways)).ways_out == ways
    assert house.door.directory.queue(SALES).ways_out == ways


@pytest.mark.parametrize(
    ("way", "refused", "said"),
    [
        (WayOut(queue=SUPPORT), Invalid, "say when by one of"),
        (WayOut(after=MINUTE, key="1", queue=SUPPORT), Invalid, "say when by one of"),
        (WayOut(nobody=True, key="1", queue=SUPPORT), Invalid, "say when by one of"),
        (WayOut(expected=MINUTE * 999, queue=SUPPORT), Invalid, r"ways_out\[1\].expected_seconds"),
        (WayOut(after=MINUTE), Invalid, "say where to by one of"),
        (WayOut(key="1", queue=SUPPORT, flow=FlowId("menu")), Invalid, "say where to by one of"),
        (WayOut(after=-MINUTE, queue=SUPPORT), Invalid, r"ways_out\[1\].after_seconds: write"),
        (WayOut(after=MINUTE * 999, queue=SUPPORT), Invalid, r"ways_out\[1\].after_seconds: write"),
        (WayOut(key="12", queue=SUPPORT), Invalid, r"ways_out\[1\].key"),
        (WayOut(key="a", queue=SUPPORT), Invalid, r"ways_out\[1\].key"),
        (WayOut(key="9", queue=SUPPORT), Invalid, r"ways_out\[1\]: another one opens by the same"),
        (WayOut(calendar="mars", queue=SUPPORT), Invalid, r"ways_out\[1\].calendar.*: office"),
        (WayOut(key="1", queue=SALES), Invalid, r"ways_out\[1\].queue: callers wait there"),
        (WayOut(key="1", queue=QueueId("x")), NoSuchQueue, r"ways_out\[1\].queue: .* called x"),
        (WayOut(key="1", flow=FlowId("x")), NoSuchFlow, r"ways_out\[1\].flow: .* called x"),
    ],
)
async def test_a_way_that_cannot_be_is_named_and_changes_nothing(
    house: DeskHouse, way: WayOut, refused: type[Exception], said: str
) -> None:
    with pytest.raises(refused, match=said):
        await put(house, SALES, WayOut(key="9", queue=SUPPORT), way)
    assert house.door.directory.queue(SALES).ways_out == ()


async def test_nobody_is_sent_round_in_a_ring_but_whoever_presses_keys_may_go_round(
    house: DeskHouse,
) -> None:
    await put(house, SALES, WayOut(after=MINUTE, queue=SUPPORT))
    await put(house, SUPPORT, WayOut(after=MINUTE, queue=NIGHT))
    with pytest.raises(Invalid, match=r"ways_out\[0\].queue.*night → sales → support → night"):
        await put(house, NIGHT, WayOut(calendar="office", queue=SALES))
    await put(house, NIGHT, WayOut(key="1", queue=SALES))


async def test_a_queue_to_which_a_way_leads_is_not_deleted(house: DeskHouse) -> None:
    await put(house, SALES, WayOut(after=MINUTE, queue=NIGHT))
    with pytest.raises(StillInUse, match="sales"):
        await house.configuration.delete_queue(ROOT, NIGHT)
    await put(house, SALES)
    await house.configuration.delete_queue(ROOT, NIGHT)


async def test_a_step_that_eases_nothing_is_refused_with_its_place(house: DeskHouse) -> None:
    await house.configuration.put_skill(ROOT, Skill("english", "English"))
    steps = Ease(timedelta(seconds=30), "english", 20), Ease(timedelta(seconds=60), "english", 50)
    with pytest.raises(Invalid, match=r"easing\[1\].to: a step before it asks for 20 at most"):
        await house.configuration.change_queue(
            ROOT, SALES, lambda rules: replace(rules, easing=steps)
        )
