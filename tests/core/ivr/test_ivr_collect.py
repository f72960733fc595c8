"""Digits that a caller is asked for, and values that are said in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.ivr.check import check
from callcenter.core.ivr.cursor import Phase
from callcenter.core.ivr.flow import Collect, Flow, NodeId, SpokenAs
from callcenter.core.ivr.interpreter import (
    Context,
    Digit,
    Goodbye,
    Input,
    Listen,
    PromptFailed,
    PromptOver,
    Say,
    Turn,
    WaitOver,
    begin,
    reenter,
    step,
)
from callcenter.core.ivr.parse import parse_flow
from callcenter.core.ivr.spoken import in_words
from callcenter.core.reading import Unreadable

pytestmark = pytest.mark.core

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WITHIN = Context(NOON, variables=(("ani", "+4930123"),))


def source(languages: tuple[str, ...] = ("zh", "en"), **collect: Any) -> dict[str, Any]:
    usual = {"prompt": "ask", "into": "order", "then": "told", "otherwise": "bye"}
    excuses = {"on_timeout": "silent", "on_invalid": "wrong", "tries": 2, "wait_seconds": 1.5}
    return {
        "id": "orders",
        "languages": list(languages),
        "start": "order",
        "nodes": {
            "order": {"collect": {**usual, **excuses, "least": 3, "most": 5, **collect}},
            "told": {"say": {"value": "order", "as": "digits", "then": "bye"}},
            "bye": {"hang_up": {"prompt": "bye"}},
        },
        "prompts": {
            name: {one: "x" for one in languages} for name in ("ask", "silent", "wrong", "bye")
        },
    }


FLOW = parse_flow(source())


def walk(*inputs: Input, flow: Flow = FLOW) -> Turn:
    turn = begin(flow, WITHIN)
    for heard in inputs:
        assert turn.cursor is not None
        turn = step(flow, turn.cursor, heard, WITHIN)
    return turn


def keys(pressed: str) -> list[Input]:
    return [Digit(key) for key in pressed]


def collected(turn: Turn) -> str | None:
    known = turn.cursor.variables if turn.cursor else turn.variables
    return dict(known).get("order")


def said(turn: Turn) -> tuple[str, ...]:
    assert isinstance(turn.move, Say)
    return tuple(turn.move.prompts)


# -- collecting -----------------------------------------------------------------------------------


def test_as_many_digits_as_there_may_be_are_complete_at_once() -> None:
    turn = walk(PromptOver(), *keys("13812"))
    assert (turn.entered, collected(turn)) == (("told",), "13812")


def test_the_terminator_ends_fewer_and_so_does_silence() -> None:
    assert collected(walk(PromptOver(), *keys("138#"))) == "138"
    waits = walk(PromptOver(), *keys("1381"))
    assert waits.move == Listen(timedelta(seconds=1.5))
    assert collected(walk(PromptOver(), *keys("1381"), WaitOver())) == "1381"


def test_a_key_interrupts_the_prompt_and_counts() -> None:
    turn = walk(Digit("1"))
    assert isinstance(turn.move, Listen)
    assert turn.cursor is not None
    assert (turn.cursor.phase, turn.cursor.digits) == (Phase.LISTENING, "1")
    assert collected(walk(*keys("138#"))) == "138"


def test_a_star_begins_anew() -> None:
    assert collected(walk(*keys("99*138#"))) == "138"


@pytest.mark.parametrize(("pressed", "excuse"), [("12#", "wrong"), ("#", "silent")])
def test_too_few_digits_are_asked_for_again_and_those_pressed_are_forgotten(
    pressed: str, excuse: str
) -> None:
    turn = walk(PromptOver(), *keys(pressed))
    assert said(turn) == (excuse, "ask")
    assert collected(walk(PromptOver(), *keys(pressed), PromptOver(), *keys("345#"))) == "345"


def test_after_the_last_try_the_caller_goes_on_without() -> None:
    turn = walk(PromptOver(), WaitOver(), PromptOver(), WaitOver())
    assert isinstance(turn.move, Goodbye)
    assert collected(turn) is None


def test_a_prompt_that_cannot_be_said_is_tried_again_and_then_left() -> None:
    assert said(walk(PromptFailed())) == ("ask",)
    assert isinstance(walk(PromptFailed(), PromptFailed()).move, Goodbye)


@given(st.text(alphabet="0123456789*#", max_size=40))
def test_whatever_is_pressed_what_is_kept_has_its_length(pressed: str) -> None:
    turn = begin(FLOW, WITHIN)
    for key in pressed:
        if turn.cursor is None or turn.cursor.node != "order":
            break
        turn = step(FLOW, turn.cursor, Digit(key), WITHIN)
    kept = collected(turn)
    assert kept is None or (3 <= len(kept) <= 5 and kept.isdecimal())


# -- saying ---------------------------------------------------------------------------------------


def test_what_was_collected_is_said_in_words_of_the_callers_language() -> None:
    assert walk(*keys("13812")).move == Say((), FLOW.default_language, "幺三八幺二")
    english = replace(WITHIN, language="en")
    turn = begin(FLOW, english)
    for key in "13812":
        assert turn.cursor is not None
        turn = step(FLOW, turn.cursor, Digit(key), english)
    assert isinstance(turn.move, Say)
    assert turn.move.words.replace(",", "").split() == ["one", "three", "eight", "one", "two"]
    assert isinstance(walk(*keys("13812"), PromptOver()).move, Goodbye)
    assert isinstance(walk(*keys("13812"), PromptFailed()).move, Goodbye)


def test_it_is_said_again_to_who_was_cut_off() -> None:
    turn = walk(*keys("13812"))
    assert turn.cursor is not None
    again = reenter(FLOW, turn.cursor, WITHIN)
    assert (again.move, again.cursor) == (turn.move, replace(turn.cursor, drifted=1))


def test_what_is_not_there_or_cannot_be_said_is_passed_over() -> None:
    data = source()
    data["nodes"]["told"]["say"] = {"value": "order", "as": "date", "then": "bye"}
    assert isinstance(walk(*keys("99999"), flow=parse_flow(data)).move, Goodbye)
    data["nodes"]["order"]["collect"]["otherwise"] = "told"
    silent = walk(PromptOver(), WaitOver(), PromptOver(), WaitOver(), flow=parse_flow(data))
    assert isinstance(silent.move, Goodbye)


def test_the_callers_own_number_may_be_said() -> None:
    data = source()
    data["nodes"]["told"]["say"]["value"] = "ani"
    turn = walk(*keys("13812"), flow=parse_flow(data))
    assert turn.move == Say((), FLOW.default_language, "四九三零幺二三")


@pytest.mark.parametrize(
    ("value", "spoken_as", "words"),
    [
        ("13812", SpokenAs.DIGITS, "幺三八幺二"),
        ("2222", SpokenAs.NUMBER, "两千二百二十二"),
        ("2026-02-02", SpokenAs.DATE, "二零二六年二月二日"),
        ("20260202", SpokenAs.DATE, "二零二六年二月二日"),
        ("14:02", SpokenAs.TIME, "下午两点零二分"),
        ("1402", SpokenAs.TIME, "下午两点零二分"),
        ("2500", SpokenAs.TIME, None),
        ("", SpokenAs.DIGITS, None),
        ("anonymous", SpokenAs.DIGITS, None),
        ("9" * 99, SpokenAs.NUMBER, None),
    ],
)
def test_each_manner_has_its_words(value: str, spoken_as: SpokenAs, words: str | None) -> None:
    assert in_words(value, spoken_as, "zh") == words
    assert in_words(value, spoken_as, "fr") is None


# -- what can be wrong ----------------------------------------------------------------------------


def test_defaults_are_those_of_a_menu() -> None:
    data = source()
    usual = {key: data["nodes"]["order"]["collect"][key] for key in ("prompt", "into")}
    data["nodes"]["order"]["collect"] = {**usual, "then": "told", "otherwise": "bye"}
    node = parse_flow(data).nodes[NodeId("order")]
    assert isinstance(node, Collect)
    assert (node.least, node.most, node.terminator, node.tries) == (1, 32, "#", 3)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"into": "ani"}, "given-variable"),
        ({"into": "No Name"}, "bad-name"),
        ({"least": 6}, "bad-count"),
        ({"most": 99}, "bad-count"),
        ({"terminator": "5"}, "bad-terminator"),
        ({"wait_seconds": 9}, "bad-number"),
        ({"prompt": "nowhere"}, "unknown-prompt"),
        ({"then": "nowhere"}, "unknown-node"),
        ({"masked": True}, "unknown-key"),
    ],
)
def test_a_bad_collection_is_told_with_its_cure(wish: dict[str, Any], code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_flow(source(**wish))
    assert [one.code for one in refused.value.problems] == [code]
    assert all(one.text["en"] and one.text["zh"] for one in refused.value.problems)


def test_a_manner_that_is_none_is_told() -> None:
    data = source()
    data["nodes"]["told"]["say"]["as"] = "digit"
    with pytest.raises(Unreadable) as refused:
        parse_flow(data)
    (problem,) = refused.value.problems
    assert (problem.code, "digits" in problem.text["en"]) == ("unknown-manner", True)


def test_a_value_that_nobody_asks_for_and_a_language_without_words_are_told() -> None:
    assert check(FLOW, queues=(), calendars=()) == ()
    data = source(("zh", "fr"))
    data["nodes"]["told"]["say"]["value"] = "oder"
    found = check(parse_flow(data), queues=(), calendars=())
    assert [one.code for one in found] == ["unknown-variable", "cannot-say"]
    assert "order" in found[0].text["en"]


def test_a_ring_through_collecting_is_told_as_any_other() -> None:
    found = check(parse_flow(source(otherwise="order")), queues=(), calendars=())
    assert "endless-loop" in [one.code for one in found]
