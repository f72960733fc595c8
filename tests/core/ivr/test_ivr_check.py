"""What is wrong with a flow as a whole."""

from typing import Any

import pytest

from callcenter.core.ivr.check import check
from callcenter.core.ivr.parse import parse_flow

pytestmark = pytest.mark.core

LEAVE = {"hang_up": None}


def problems_of(nodes: dict[str, Any], **more: object) -> list[tuple[str, str]]:
    flow = parse_flow(
        {
            "id": "made",
            "languages": ["zh", "en"],
            "start": next(iter(nodes)),
            "nodes": nodes,
            "prompts": {"p": {"zh": "嗯", "en": "hm"}},
        }
        | more
    )
    found = check(flow, queues=["sales"], calendars=["office"])
    assert all(p.text["en"] and p.text["zh"] for p in found)
    return [(p.code, str(p.path[-1])) for p in found]


def play(then: str) -> dict[str, Any]:
    return {"play": {"prompt": "p", "then": then}}


def menu(otherwise: str, *choices: str) -> dict[str, Any]:
    keyed = dict(enumerate(choices, start=1))
    return {"menu": {"prompt": "p", "choices": keyed, "otherwise": otherwise}}


def test_a_flow_without_fault_has_no_problems() -> None:
    assert problems_of({"a": menu("c", "a", "b"), "b": play("c"), "c": LEAVE}) == []


def test_a_menu_may_be_repeated_by_a_key_but_not_by_silence() -> None:
    assert problems_of({"a": menu("b", "a"), "b": LEAVE}) == []
    assert problems_of({"a": menu("a", "b"), "b": LEAVE}) == [("endless-loop", "a")]


def test_a_node_that_nothing_leads_to_is_told() -> None:
    assert problems_of({"a": LEAVE, "b": LEAVE}) == [("unreachable-node", "b")]


def test_a_place_without_a_way_out_is_told_even_if_keys_lead_around_in_it() -> None:
    found = problems_of({"a": menu("d", "b"), "b": menu("c", "b"), "c": play("b"), "d": LEAVE})
    assert ("no-way-out", "b") in found
    assert ("no-way-out", "c") in found
    assert ("no-way-out", "a") not in found


def test_every_ring_is_told_with_the_way_round_it() -> None:
    nodes = {"a": menu("b", "c", "e"), "b": play("a"), "c": play("d"), "d": play("c"), "e": LEAVE}
    flow = parse_flow(
        {
            "id": "made",
            "languages": ["zh"],
            "start": "a",
            "nodes": nodes,
            "prompts": {"p": {"zh": "嗯"}},
        }
    )
    rings = [p for p in check(flow, queues=[], calendars=[]) if p.code == "endless-loop"]
    told = " ".join(p.text["en"] for p in rings)
    assert len(rings) == 2
    assert "a → b → a" in told or "b → a → b" in told
    assert "c → d → c" in told or "d → c → d" in told


def test_a_ring_through_opening_hours_counts() -> None:
    hours = {"hours": {"calendar": "office", "open": "c", "closed": "b"}}
    assert [code for code, _ in problems_of({"a": hours, "b": play("a"), "c": LEAVE})] == [
        "endless-loop"
    ]


def test_queues_and_calendars_that_the_centre_does_not_have_are_told() -> None:
    nodes = {
        "a": {"hours": {"calendar": "ofice", "open": "b", "closed": "b"}},
        "b": {"enqueue": {"queue": "support"}},
    }
    assert problems_of(nodes) == [("unknown-calendar", "calendar"), ("unknown-queue", "queue")]


def test_skills_that_the_centre_does_not_have_are_told_where_they_are_known() -> None:
    need = {"queue": "sales", "requires": "english >= 50 and billing", "prefers": "vpi"}
    built = parse_flow(
        {
            **{"id": "made", "languages": ["en"], "start": "a", "prompts": {}},
            "nodes": {"a": {"enqueue": need}},
        }
    )
    known = {"english", "vip", "billing"}
    (problem,) = check(built, queues=["sales"], calendars=[], skills=known)
    assert (problem.code, problem.path[-1]) == ("unknown-skill", "prefers")
    assert "vip" in problem.text["en"] and problem.text["zh"]
    assert check(built, queues=["sales"], calendars=[]) == ()


def test_a_prompt_without_text_in_a_language_of_the_flow_is_told() -> None:
    assert problems_of({"a": LEAVE}, prompts={"p": {"zh": "嗯"}}) == [("missing-text", "p")]


def test_a_ring_of_hundreds_of_nodes_is_found_at_once() -> None:
    nodes = {f"n{i}": play(f"n{(i + 1) % 400}") for i in range(400)}
    codes = {code for code, _ in problems_of(nodes)}
    assert codes == {"endless-loop", "no-way-out"}


def test_a_look_at_a_queue_leads_somewhere_and_in_no_ring() -> None:
    look = {"queue": "sales", "nobody": "b", "full": "c", "most_waiting": 3, "then": "c"}
    sound = {"a": {"staffing": look}, "b": {"hang_up": {}}, "c": LEAVE}
    assert problems_of(sound) == []
    assert problems_of({**sound, "b": play("a")}) == [("endless-loop", "a")]
    strange = {**look, "queue": "sails"}
    assert problems_of({**sound, "a": {"staffing": strange}}) == [("unknown-queue", "queue")]


def test_a_callback_ends_a_flow_and_names_a_queue_and_a_number_that_there_are() -> None:
    def back(**more: str) -> dict[str, Any]:
        return {"callback": {"queue": "sales", "prompt": "p", "refused": "b", **more}}

    assert problems_of({"a": back(), "b": LEAVE}) == []
    wrong = {"a": back(queue="sails", number="mobile"), "b": LEAVE}
    assert problems_of(wrong) == [("unknown-queue", "queue"), ("unknown-variable", "number")]
