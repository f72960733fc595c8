"""Every change of the configuration leaves its line, and nothing else does."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from callcenter.adapters.db.config_versions import DbConfigVersions
from callcenter.adapters.db.session import Database
from callcenter.adapters.http.document import changes_of, read_document, text_of
from callcenter.core.access import Actor, Role
from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.codes import Disposition, PauseReason
from callcenter.core.errors import Invalid, NotPermitted, StillInUse
from callcenter.core.ids import AgentId, QueueId
from callcenter.ports.store import AgentProfile, ChangeMade, Skill, StoreAway
from callcenter.services.blueprint import AgentEntry
from callcenter.services.codes import CodeBook
from callcenter.services.replanning import Replanning, digest
from callcenter.services.stored import Stores
from callcenter.testing.desk import DeskHouse

pytestmark = pytest.mark.service

ROOT, ANA_HERSELF = Actor("root", Role.ADMIN), Actor("ana", Role.AGENT, AgentId("ana"))
ANA, SALES = AgentId("ana"), QueueId("sales")


@pytest.fixture
async def house(stores: Stores, kept: object) -> DeskHouse:
    house = DeskHouse(stores, kept, changes_of=changes_of)  # type: ignore[arg-type]
    await house.configuration.load()
    return house


async def lines(house: DeskHouse) -> list[tuple[str, str, str, str]]:
    """Who did what to which entry, the oldest first."""
    return [line(one) for one in reversed(await house.configuration.changes.newest(None, "", ""))]


def line(made: ChangeMade) -> tuple[str, str, str, str]:
    return made.by, made.change.kind, made.change.section, made.change.id


async def test_each_edit_of_each_kind_is_written_down(house: DeskHouse, stores: Stores) -> None:
    of, codes = house.configuration, CodeBook(stores.codes, house.configuration)
    await of.put_skill(ROOT, Skill("english", "English"))
    await of.add_queue(ROOT, QueueRules(SALES))
    await of.add_agent(ROOT, AgentEntry(AgentProfile(ANA, "Ana")))
    await of.assign(ROOT, ANA, [SALES], lambda _: Talents(tiers={SALES: 2}))
    await codes.put_pause_reason(ROOT, PauseReason("lunch", "Lunch"))
    await codes.put_disposition(ROOT, Disposition("sale", "Sale"))
    await codes.delete_disposition(ROOT, "sale")
    await codes.delete_pause_reason(ROOT, "lunch")
    await of.assign(ROOT, ANA, [])
    await of.delete_agent(ROOT, ANA)
    await of.delete_queue(ROOT, SALES)
    await of.delete_skill(ROOT, "english")
    assert await lines(house) == [
        ("root", "added", "skills", "english"),
        ("root", "added", "queues", "sales"),
        ("root", "added", "agents", "ana"),
        ("root", "changed", "agents", "ana"),
        ("root", "added", "pause_reasons", "lunch"),
        ("root", "added", "dispositions", "sale"),
        ("root", "removed", "dispositions", "sale"),
        ("root", "removed", "pause_reasons", "lunch"),
        ("root", "changed", "agents", "ana"),
        ("root", "removed", "agents", "ana"),
        ("root", "removed", "queues", "sales"),
        ("root", "removed", "skills", "english"),
    ]


async def test_a_line_has_what_was_and_what_is(house: DeskHouse) -> None:
    await house.configuration.add_queue(ROOT, QueueRules(SALES, misses_allowed=3))
    await house.configuration.change_queue(
        ROOT, SALES, lambda rules: replace(rules, misses_allowed=5)
    )
    await house.configuration.delete_queue(ROOT, SALES)
    gone, changed, _ = await house.configuration.changes.newest(None, "queues", "sales")
    assert changed.change.fields == {"misses_allowed": (3, 5)}
    assert changed.at == house.clock.now()
    # What is gone can be had again from its last line.
    assert gone.change.fields["misses_allowed"] == (5, 2)


async def test_what_was_refused_or_made_no_difference_leaves_no_line(house: DeskHouse) -> None:
    of = house.configuration
    await of.add_queue(ROOT, QueueRules(SALES))
    await of.add_agent(ROOT, AgentEntry(AgentProfile(ANA, "Ana"), (SALES,)))
    before = await lines(house)
    await of.change_queue(ROOT, SALES, lambda rules: rules)
    with pytest.raises(Invalid):
        await of.change_queue(ROOT, SALES, lambda rules: replace(rules, misses_allowed=-1))
    with pytest.raises(StillInUse):
        await of.delete_queue(ROOT, SALES)
    with pytest.raises(NotPermitted):
        await of.delete_agent(ANA_HERSELF, ANA)
    assert await lines(house) == before


async def test_a_file_that_is_applied_leaves_a_line_for_each_entry(
    house: DeskHouse, stores: Stores, database: Database
) -> None:
    whole = Replanning(
        house.configuration,
        stores,
        DbConfigVersions(database),
        house.desk,
        lambda: datetime(2026, 3, 2, tzinfo=UTC),
        text_of,
    )
    wish, found = read_document({"queues": {"sales": {}}, "agents": {"ana": {"name_en": "Ana"}}})
    base = digest(text_of(await whole.read(ROOT)))
    await whole.apply(ROOT, wish, prune=False, base=base, found=found)
    assert await lines(house) == [
        ("root", "added", "queues", "sales"),
        ("root", "added", "agents", "ana"),
    ]
    assert [line(one)[3] for one in await whole.changes(ROOT, None, "agents", "")] == ["ana"]
    with pytest.raises(NotPermitted):
        await whole.changes(ANA_HERSELF, None, "", "")


async def test_a_line_that_cannot_be_written_keeps_the_change_from_being_made(
    house: DeskHouse, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StoreAway

    monkeypatch.setattr(stores.changes, "keep", full)
    with pytest.raises(StoreAway):
        await house.configuration.add_queue(ROOT, QueueRules(SALES))
    assert await stores.queues.list() == []
    assert SALES not in house.door.directory.queues
