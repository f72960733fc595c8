"""Facts as plain data: every one comes back as it was, and what cannot be read says where."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_type_hints

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.facts.wire import NAMES, Fact, UnreadableFact, from_wire, name_of

pytestmark = pytest.mark.core

RELEASED = Path(__file__).with_name("released_names.txt")
PLAIN = {
    "at": "2026-03-02T12:00:00+00:00",
    "call": "c",
    "leg": "c",
    "ani": "+49301",
    "dnis": "1",
}

zones = st.sampled_from([UTC, timezone(timedelta(hours=8))])
st.register_type_strategy(datetime, st.datetimes(timezones=zones))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
texts = st.text(st.characters(exclude_categories=["Cs"]))
st.register_type_strategy(str, texts)


def with_every_field(kind: type[Fact]) -> st.SearchStrategy[Fact]:
    """By itself a strategy leaves out what has a default."""
    hints = get_type_hints(kind)
    given = {field.name: st.from_type(hints[field.name]) for field in fields(kind)}
    return st.builds(kind, **given)


facts = st.one_of([with_every_field(kind) for kind in NAMES.values()])


@given(facts)
def test_every_fact_comes_back_as_it_was(fact: Fact) -> None:
    assert from_wire(name_of(fact), orjson.loads(orjson.dumps(fact))) == fact


def test_the_names_once_released_are_still_there_with_their_fields() -> None:
    now = {f"{name}: {' '.join(f.name for f in fields(kind))}" for name, kind in NAMES.items()}
    released = RELEASED.read_text().splitlines()
    assert sorted(now) == released, f"append only; if nothing was taken away, renew {RELEASED.name}"


def test_every_kind_has_one_name() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


def test_a_field_with_a_default_may_be_missing() -> None:
    arrived = from_wire("call.arrived", PLAIN)
    assert (getattr(arrived, "name"), getattr(arrived, "first_dialled")) == ("", "")  # noqa: B009


def test_lines_written_before_a_wait_could_begin_earlier_still_read() -> None:
    joined = {"at": PLAIN["at"], "call": "c", "queue": "q", "priority": 0}
    for name, line in (("call.arrived", PLAIN), ("call.queue_joined", joined)):
        assert getattr(from_wire(name, line), "since") is None  # noqa: B009


def test_a_field_that_is_not_known_yet_is_passed_over() -> None:
    assert from_wire("call.arrived", {**PLAIN, "mood": "good"}) == from_wire("call.arrived", PLAIN)


@pytest.mark.parametrize("name", ["call.teleported", "", None, ["call.arrived"], 7])
def test_an_unknown_kind_is_refused_by_its_name(name: Any) -> None:
    with pytest.raises(UnreadableFact, match="no fact is called"):
        from_wire(name, PLAIN)


@pytest.mark.parametrize("field", ["at", "call", "leg", "ani", "dnis"])
def test_a_missing_field_is_named(field: str) -> None:
    without = {key: value for key, value in PLAIN.items() if key != field}
    with pytest.raises(UnreadableFact, match=rf"call\.arrived\.{field} is missing"):
        from_wire("call.arrived", without)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("call.arrived", "at", "yesterday"),
        ("call.arrived", "at", "2026-03-02T12:00:00"),  # whose noon?
        ("call.arrived", "at", 1772452800),
        ("call.arrived", "at", None),
        ("call.arrived", "call", 7),
        ("call.arrived", "ani", ["+49301"]),
        ("call.prompt_ended", "number", "1"),
        ("call.prompt_ended", "number", True),
        ("call.prompt_ended", "played", 1),
        ("call.queue_joined", "priority", "1"),
        ("call.queue_joined", "priority", True),
        ("call.queue_joined", "priority", float("nan")),
        ("call.queue_joined", "priority", float("inf")),
        ("call.queue_joined", "priority", 10**400),
        ("call.leg_ended", "cause", "bored"),
        ("call.ended", "outcome", 3),
        ("agent.presence_changed", "presence", "asleep"),
    ],
)
def test_a_damaged_field_is_named(name: str, field: str, value: object) -> None:
    whole = {f.name: _plausible(f.name) for f in fields(NAMES[name])}
    from_wire(name, whole)
    with pytest.raises(UnreadableFact, match=rf"{name}\.{field}: "):
        from_wire(name, {**whole, field: value})


def test_what_a_caller_sent_never_stands_in_the_refusal() -> None:
    with pytest.raises(UnreadableFact) as refusal:
        from_wire("call.arrived", {**PLAIN, "ani": ["+4930SECRET"]})
    assert "SECRET" not in str(refusal.value)


def _plausible(field: str) -> object:
    return {
        **PLAIN,
        "agent": "ana",
        "queue": "sales",
        "number": 1,
        "played": True,
        "priority": 1,
        "cause": "busy",
        "outcome": "served",
        "by": "flow",
        "presence": "ready",
        "name": "",
        "first_dialled": "",
        "refused": "",
        "reason": "",
        "since": None,
        "requires": "english >= 50",
        "prefers": "",
        "only": None,
        "only_seconds": 0.0,
        "offers": 0,
        "is_kept": False,
        "says_number": "1001",
        "briefs": True,
        "offer": 1,
        "known": None,
        "until": None,
    }[field]
