"""The whole configuration changed at once: planned, done or not done, kept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.adapters.db.config_versions import DbConfigVersions
from callcenter.adapters.db.numbers import DbNumbers
from callcenter.adapters.db.session import Database
from callcenter.adapters.flows.yaml_source import read_text
from callcenter.adapters.http.document import changes_of, document_of, read_document, text_of
from callcenter.cli.config_yaml import written
from callcenter.core.access import Actor, Role
from callcenter.core.errors import NotPermitted
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.core.reading import Unreadable, field_path
from callcenter.ports.store import NoSuchVersion, NumberEntry, StoreAway
from callcenter.services.replanning import ConfigurationMoved, Done, Plan, Replanning, digest
from callcenter.services.stored import Stores
from callcenter.testing.centre import menu
from callcenter.testing.desk import DeskHouse

pytestmark = pytest.mark.service

ROOT = Actor("root", Role.ADMIN)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

CENTRE: Mapping[str, Any] = {
    "skills": {"english": {"name_en": "English", "name_zh": "英语"}},
    "queues": {
        "sales": {
            "wrap_up_seconds": None,
            "announce_every_seconds": None,
            "easing": [
                {"after_seconds": 30, "skill": "english", "to": 20},
                {"after_seconds": 60, "skill": "english"},
                {"after_seconds": 90, "add": "support"},
            ],
            "ways_out": [
                {"after_seconds": 180, "queue": "support"},
                {"key": "2", "flow": "menu"},
            ],
        },
        "support": {},
    },
    "agents": {
        "ana": {
            "name_en": "Ana",
            "outside_number": "+4930901820",
            "answering": "by-key",
            "queues": ["sales", "support"],
            "skills": {"english": 80},
            "tiers": {"support": 2},
        },
        "bo": {"name_zh": "波", "enabled": False},
    },
    "numbers": {"4000": {"flow": "menu", "requires": "english >= 50"}},
    "pause_reasons": {"lunch": {"name_en": "Lunch", "paid": False, "longest_seconds": 1800}},
    "dispositions": {
        "a-sale": {"name_en": "Sale", "parent": "z-all", "flags": ["sale"]},
        "z-all": {"name_en": "All", "name_zh": "全部"},
    },
}


@pytest.fixture
async def house(desk_house: DeskHouse) -> DeskHouse:
    desk_house.folder.hold(menu())
    await desk_house.configuration.load()
    return desk_house


@pytest.fixture
def replanning(house: DeskHouse, stores: Stores, database: Database) -> Replanning:
    return make(house, stores, database)


def make(house: DeskHouse, stores: Stores, database: Database) -> Replanning:
    kept = DbConfigVersions(database)
    return Replanning(house.configuration, stores, kept, house.desk, lambda: NOON, text_of)


async def plan(of: Replanning, data: object, *, prune: bool = False) -> Plan:
    wish, found = read_document(data)
    return await of.plan(ROOT, wish, prune=prune, found=found)


async def apply(
    of: Replanning, data: object, *, prune: bool = False, base: str | None = None
) -> Done:
    wish, found = read_document(data)
    seen = base or digest(text_of(await of.read(ROOT)))
    return await of.apply(ROOT, wish, prune=prune, base=seen, found=found)


def places(looked: Plan) -> set[str]:
    return {field_path(problem.path) for problem in looked.problems}


async def test_what_is_applied_to_an_empty_centre_is_what_is_read_there(
    house: DeskHouse, replanning: Replanning
) -> None:
    done = await apply(replanning, CENTRE)
    assert document_of(await replanning.read(ROOT)) == CENTRE
    assert (done.version, house.door.directory.queue(QueueId("sales")).wrap_up) == (1, None)
    again = await apply(replanning, CENTRE, prune=True)
    assert (again.version, changes_of(again.plan.now, again.plan.target)) == (None, [])


async def test_what_was_before_is_kept_and_can_be_had_back(replanning: Replanning) -> None:
    await apply(replanning, CENTRE)
    before = text_of(await replanning.read(ROOT))
    await apply(replanning, {"queues": {"support": {"misses_allowed": 5}}})
    (newest, empty) = await replanning.history(ROOT)
    assert (newest.number, newest.at, newest.by, newest.text) == (2, NOON, "root", before)
    assert (await replanning.version(ROOT, 1)) == empty
    with pytest.raises(NoSuchVersion):
        await replanning.version(ROOT, 3)
    assert (await apply(replanning, CENTRE, prune=True)).version == 3
    assert text_of(await replanning.read(ROOT)) == before


async def test_what_is_not_named_stays_unless_it_shall_go(replanning: Replanning) -> None:
    await apply(replanning, CENTRE)
    some = {"agents": {"cy": {"name_en": "Cy"}}}
    (added,) = changes_of(*ends(await plan(replanning, some)))
    assert (added.kind, added.section, added.id) == ("added", "agents", "cy")
    pruned = changes_of(*ends(await plan(replanning, some, prune=True)))
    assert [(c.kind, c.id) for c in pruned] == [
        ("removed", "ana"),
        ("removed", "bo"),
        ("added", "cy"),
    ]
    everything: dict[str, Any] = {name: {} for name in CENTRE}
    await apply(replanning, everything, prune=True)
    assert document_of(await replanning.read(ROOT)) == everything


def ends(looked: Plan) -> tuple[Any, Any]:
    assert looked.problems == ()
    return looked.now, looked.target


async def test_every_mistake_is_told_at_once_with_its_place(replanning: Replanning) -> None:
    await apply(replanning, CENTRE)
    wrong = {
        "skils": {},
        "skills": {"and": {"name_en": "And"}, "french": {}},
        "queues": {
            "sales": {
                "ring_for_secnds": 3,
                "easing": [{"after_seconds": 1, "skil": "english"}, {"after_seconds": "soon"}],
            },
            "support": {"ways_out": [{"after_seconds": 9, "queue": "night"}]},
            "night": {
                "easing": [
                    {"after_seconds": 9, "skill": "english", "to": 20},
                    {"after_seconds": 10, "skill": "english", "to": 30},
                    {"after_seconds": 11, "skill": "inglish", "to": 30},
                ],
                "ways_out": [{"after_seconds": 9, "queue": "support"}],
            },
            "": {},
            "nothing": None,
        },
        "agents": {
            "ana": {"name_en": "A", "queues": ["x"], "skills": {"english": -1, "dutch": 1}},
            "cy": {"name_en": "Cy", "enabled": "yes"},
            "di": [],
        },
        "numbers": {
            "4000": {"flow": "menu", "prefers": "english >="},
            "+4930901820": {"flow": "menu"},
            "030901820": {"flow": "nowhere"},
            "x": {},
        },
    }
    looked = await plan(replanning, wrong)
    assert places(looked) == {
        "skils",
        "skills.and",
        "skills.french.name_en",
        "queues.sales.ring_for_secnds",
        "queues.sales.easing[0].skil",
        "queues.sales.easing[1].after_seconds",
        "queues.support.ways_out[0].queue",
        "queues.night.easing[1].to",
        "queues.night.easing[2].skill",
        "queues.night.ways_out[0].queue",
        "queues.",
        "queues.nothing",
        "agents.ana.queues[0]",
        "agents.ana.skills.english",
        "agents.ana.skills.dutch",
        "agents.cy.enabled",
        "agents.di",
        "numbers.4000.prefers",
        "numbers.030901820",
        "numbers.030901820.flow",
        "numbers.x.flow",
    }
    assert all(problem.text["en"] and problem.text["zh"] for problem in looked.problems)
    said = {field_path(problem.path): problem.text["en"] for problem in looked.problems}
    assert "Did you mean: skill?" in said["queues.sales.easing[0].skil"]
    assert "Did you mean: ring_for_seconds?" in said["queues.sales.ring_for_secnds"]
    with pytest.raises(Unreadable):
        await apply(replanning, wrong)
    assert document_of(await replanning.read(ROOT)) == CENTRE


async def test_what_others_ask_for_is_not_pruned(
    house: DeskHouse, replanning: Replanning, stores: Stores
) -> None:
    await apply(replanning, CENTRE)
    looked = await plan(replanning, {"skills": {}, "queues": {"sales": {}}}, prune=True)
    assert places(looked) == {
        "agents.ana.queues[1]",
        "agents.ana.skills.english",
        "numbers.4000.requires",
    }


async def test_what_was_wrong_before_keeps_nobody_from_a_change(
    replanning: Replanning, stores: Stores
) -> None:
    await apply(replanning, CENTRE)
    await stores.numbers.add(NumberEntry("4001", FlowId("gone")))
    looked = await plan(replanning, {"skills": {"dutch": {"name_en": "Dutch"}}})
    assert looked.problems == ()
    assert ("numbers", "4001", "flow") in {note.path for note in looked.notes}


async def test_a_centre_that_changed_since_the_look_is_left_alone(replanning: Replanning) -> None:
    seen = digest(text_of(await replanning.read(ROOT)))
    await apply(replanning, CENTRE)
    with pytest.raises(ConfigurationMoved):
        await apply(replanning, {"queues": {"night": {}}}, base=seen)
    assert document_of(await replanning.read(ROOT)) == CENTRE
    assert len(await replanning.history(ROOT)) == 1


class _FailingNumbers(DbNumbers):
    async def add(self, number: NumberEntry) -> None:
        raise StoreAway


async def test_a_change_that_fails_in_the_middle_leaves_everything_as_it_was(
    house: DeskHouse, stores: Stores, database: Database
) -> None:
    failing = make(house, replace(stores, numbers=_FailingNumbers(database)), database)
    before = house.door.directory
    with pytest.raises(StoreAway):
        await apply(failing, CENTRE)
    assert document_of(await failing.read(ROOT)) == {name: {} for name in CENTRE}
    assert await failing.history(ROOT) == []
    assert house.door.directory is before


async def test_whoever_is_switched_off_goes_home(house: DeskHouse, replanning: Replanning) -> None:
    await apply(replanning, {"agents": {"ana": {"name_en": "Ana"}}})
    await house.desk.sign_in(ROOT, AgentId("ana"))
    await apply(replanning, {"agents": {"ana": {"name_en": "Ana", "enabled": False}}})
    assert not house.endpoints.accounts


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
async def test_only_admins_see_and_change_all_of_it(replanning: Replanning, role: Role) -> None:
    wish, _ = read_document({})
    somebody = Actor("x", role)
    with pytest.raises(NotPermitted):
        await replanning.read(somebody)
    with pytest.raises(NotPermitted):
        await replanning.apply(somebody, wish, prune=False, base="")


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.integers(0, 10**10).map(lambda millionths: millionths / 1_000_000),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20),
)
_FIELDS = st.dictionaries(
    st.from_regex(r"[a-z_]{1,9}|[0-9+]{1,6}", fullmatch=True),
    st.one_of(_VALUES, st.lists(_VALUES), st.lists(st.dictionaries(st.just("key"), _VALUES))),
    max_size=4,
)
_ENTRIES = st.dictionaries(st.from_regex(r"[a-z0-9+]{1,6}", fullmatch=True), _FIELDS, max_size=3)
_DOCUMENTS = st.dictionaries(st.sampled_from(sorted(CENTRE)), _ENTRIES, min_size=1)


@given(_DOCUMENTS)
def test_what_is_written_as_yaml_is_read_back_the_same(document: Any) -> None:
    assert read_text(written(document)).data == document


_JSON = st.recursive(
    _VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)
_NEARLY = st.dictionaries(
    st.sampled_from([*CENTRE, "x"]),
    st.dictionaries(
        st.sampled_from(["sales", "ana", "4000", ""]),
        st.dictionaries(
            st.sampled_from(
                ["easing", "ways_out", "queues", "skills", "flow", "name_en", "strategy", "music"]
            ),
            _JSON,
            max_size=4,
        )
        | _JSON,
    )
    | _JSON,
)


@given(_NEARLY | _JSON)
def test_whatever_is_sent_is_read_or_refused_in_both_languages(data: Any) -> None:
    blueprint, problems = read_document(data)
    assert all(problem.text["en"] and problem.text["zh"] for problem in problems)
    assert text_of(blueprint)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"one": {"name_en": "One", "parent": "nowhere"}}, "dispositions.one.parent"),
        ({"one": {"name_en": "One", "flags": ["sail"]}}, "dispositions.one.flags"),
        ({"one": {"name_en": ""}}, "dispositions.one.name_en"),
    ],
)
async def test_a_disposition_that_cannot_be_is_told_where_it_is(
    replanning: Replanning, wrong: Mapping[str, Any], where: str
) -> None:
    assert places(await plan(replanning, {"dispositions": wrong})) == {where}


async def test_dispositions_that_are_each_under_the_other_are_told(replanning: Replanning) -> None:
    ring = {"a": {"name_en": "A", "parent": "b"}, "b": {"name_en": "B", "parent": "a"}}
    found = places(await plan(replanning, {"dispositions": ring}))
    assert found == {"dispositions.a.parent", "dispositions.b.parent"}
