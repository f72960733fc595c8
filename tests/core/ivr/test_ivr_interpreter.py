"""One caller's way through a flow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.calendar import Calendar, parse_calendar
from callcenter.core.ids import QueueId
from callcenter.core.ivr.check import check
from callcenter.core.ivr.cursor import Phase
from callcenter.core.ivr.flow import USUAL_TRIES, Flow, Language, NodeId, Play, PromptName
from callcenter.core.ivr.interpreter import (
    Carry,
    Context,
    Digit,
    EndlessFlow,
    FlowChanged,
    Goodbye,
    Input,
    Listen,
    PromptFailed,
    PromptOver,
    Say,
    ToQueue,
    Turn,
    WaitOver,
    begin,
    step,
)
from callcenter.core.ivr.parse import parse_flow

pytestmark = pytest.mark.core

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ZH, EN = Language("zh"), Language("en")


def source() -> dict[str, Any]:
    return {
        "id": "hotline",
        "languages": ["zh", "en"],
        "start": "welcome",
        "nodes": {
            "welcome": {"play": {"prompt": "hello", "then": "choose"}},
            "choose": {
                "menu": {
                    "prompt": "ask",
                    "choices": {1: "chinese", 2: "english"},
                    "otherwise": "chinese",
                    "tries": 2,
                    "wait_seconds": 1.5,
                    "on_timeout": "silent",
                    "on_invalid": "wrong",
                }
            },
            "chinese": {"set_language": {"language": "zh", "then": "open"}},
            "english": {"set_language": {"language": "en", "then": "open"}},
            "open": {"hours": {"calendar": "office", "open": "sales", "closed": "bye"}},
            "sales": {"enqueue": {"queue": "sales", "priority_seconds": 30}},
            "bye": {"hang_up": {"prompt": "closed"}},
        },
        "prompts": {
            name: {"zh": "你好", "en": "Hello"}
            for name in ("hello", "ask", "silent", "wrong", "closed")
        },
    }


FLOW = parse_flow(source())
OPEN = parse_calendar({"zone": "UTC", "weekly": {"daily": ["00:00-24:00"]}})
CLOSED = Calendar(OPEN.zone, {})


def context(calendar: Calendar = OPEN) -> Context:
    return Context(NOON, {"office": calendar})


def walk(*inputs: Input, flow: Flow = FLOW, within: Context | None = None) -> Turn:
    """The turn after these inputs; all but the last must leave the caller in the flow."""
    within = within or context()
    turn = begin(flow, within)
    for heard in inputs:
        assert turn.cursor is not None
        turn = step(flow, turn.cursor, heard, within)
    return turn


def say(*prompts: str, language: Language = ZH) -> Say:
    return Say(tuple(PromptName(p) for p in prompts), language)


def test_a_flow_begins_in_its_default_language() -> None:
    turn = walk()
    assert turn.move == say("hello")
    assert turn.entered == ("welcome",)


def test_the_number_dialled_may_tell_the_language() -> None:
    assert begin(FLOW, replace(context(), language="en")).move == say("hello", language=EN)
    assert begin(FLOW, replace(context(), language="fr")).move == say("hello", language=ZH)


def test_a_menu_listens_after_it_has_spoken() -> None:
    turn = walk(PromptOver(), PromptOver())
    assert turn.move == Listen(timedelta(seconds=1.5))
    assert turn.cursor is not None
    assert turn.cursor.phase is Phase.LISTENING


def test_a_key_leads_on_through_nodes_that_say_nothing() -> None:
    turn = walk(PromptOver(), PromptOver(), Digit("2"))
    assert turn == Turn(
        None,
        ToQueue(QueueId("sales"), timedelta(seconds=30), EN),
        (NodeId("english"), NodeId("open"), NodeId("sales")),
    )


def test_a_key_interrupts_a_menu_that_still_speaks() -> None:
    assert walk(PromptOver(), Digit("2")).move == ToQueue(
        QueueId("sales"), timedelta(seconds=30), EN
    )


def test_a_key_pressed_during_an_announcement_is_dropped_and_not_kept() -> None:
    during = walk(Digit("2"))
    assert during.move == Carry()
    assert walk(Digit("2"), PromptOver()).move == say("ask")


def test_silence_is_told_and_the_menu_said_again_then_the_flow_goes_otherwise() -> None:
    silent: tuple[Input, ...] = (PromptOver(), PromptOver(), WaitOver())
    assert walk(*silent).move == say("silent", "ask")
    assert isinstance(walk(*silent, PromptOver(), WaitOver()).move, ToQueue)


def test_a_menu_that_cannot_be_said_is_tried_again_at_once_and_then_moved_on_from() -> None:
    failed = walk(PromptOver(), PromptFailed())
    assert failed.move == say("ask")
    assert isinstance(walk(PromptOver(), PromptFailed(), PromptFailed()).move, ToQueue)


def test_a_menu_that_is_said_often_is_not_tried_often_when_it_cannot_be_said() -> None:
    data = source()
    data["nodes"]["choose"]["menu"]["tries"] = 10
    flow = parse_flow(data)
    failed = (PromptFailed(),) * USUAL_TRIES
    assert walk(PromptOver(), *failed[1:], flow=flow).move == say("ask")
    assert isinstance(walk(PromptOver(), *failed, flow=flow).move, ToQueue)


def test_a_menu_whose_excuse_cannot_be_said_is_said_without_it() -> None:
    data = source()
    data["nodes"]["choose"]["menu"]["tries"] = 3
    silent: tuple[Input, ...] = (PromptOver(), PromptOver(), WaitOver())
    flow = parse_flow(data)
    assert walk(*silent, flow=flow).move == say("silent", "ask")
    assert walk(*silent, PromptFailed(), flow=flow).move == say("ask")


def test_a_key_is_taken_from_a_menu_that_cannot_be_said() -> None:
    assert isinstance(walk(PromptOver(), PromptFailed(), Digit("2")).move, ToQueue)


def test_an_announcement_that_cannot_be_said_is_passed_over() -> None:
    assert walk(PromptFailed()).move == say("ask")


def test_a_wrong_key_is_told_and_counts_as_a_try() -> None:
    wrong: tuple[Input, ...] = (PromptOver(), Digit("9"))
    assert walk(*wrong).move == say("wrong", "ask")
    assert walk(*wrong, Digit("9")).entered == ("chinese", "open", "sales")


def test_tries_are_counted_anew_when_a_menu_is_entered_again() -> None:
    data = source()
    data["nodes"]["choose"]["menu"]["choices"][9] = "choose"
    flow = parse_flow(data)
    turn = walk(PromptOver(), Digit("8"), Digit("9"), Digit("8"), flow=flow)
    assert turn.move == say("wrong", "ask")


def test_outside_business_hours_the_caller_is_told_so() -> None:
    turn = walk(PromptOver(), Digit("2"), within=context(CLOSED))
    assert turn.move == Goodbye((PromptName("closed"),), EN)
    assert turn.cursor is None


def test_a_calendar_that_vanished_lets_callers_through() -> None:
    assert isinstance(walk(PromptOver(), Digit("1"), within=Context(NOON)).move, ToQueue)


@pytest.mark.parametrize(
    "before", [(PromptOver(),), (PromptOver(), PromptOver())], ids=["saying", "listening"]
)
def test_what_comes_late_changes_nothing(before: tuple[Input, ...]) -> None:
    turn = walk(*before)
    assert turn.cursor is not None
    late: Input = WaitOver() if turn.cursor.phase is Phase.SAYING else PromptOver()
    assert step(FLOW, turn.cursor, late, context()) == Turn(turn.cursor, Carry())


def test_a_cursor_of_another_version_is_refused() -> None:
    turn = walk(PromptOver())
    assert turn.cursor is not None
    data = source()
    data["prompts"]["hello"]["en"] = "Good day"
    with pytest.raises(FlowChanged):
        step(parse_flow(data), turn.cursor, Digit("1"), context())


def test_a_flow_that_nobody_checked_cannot_run_for_ever() -> None:
    ring = {NodeId(a): Play(PromptName("hello"), NodeId(b)) for a, b in ("ab", "bc", "ca")}
    flow = replace(FLOW, nodes=ring, start=NodeId("a"))
    said = (PromptOver(), PromptOver())
    assert isinstance(walk(*said, flow=flow).move, Say)
    with pytest.raises(EndlessFlow):
        walk(*said, PromptOver(), flow=flow)


def test_a_silent_ring_ends_within_one_turn() -> None:
    data = source()
    data["nodes"]["open"]["hours"] = {"calendar": "office", "open": "chinese", "closed": "bye"}
    with pytest.raises(EndlessFlow):
        walk(PromptOver(), Digit("1"), flow=parse_flow(data))


# ── any legal flow, any caller ──

NODES = [f"n{i}" for i in range(6)]
INPUTS = st.lists(
    st.sampled_from([PromptOver(), PromptFailed(), WaitOver(), *(Digit(k) for k in "12*")]),
    max_size=60,
)


def _made(draws: list[tuple[int, int, int, int]]) -> Flow:
    """A legal flow: without a key the way leads only forward, and the last node is an end."""
    nodes = {
        name: _node(i, *draw) for i, (name, draw) in enumerate(zip(NODES, draws, strict=False))
    }
    flow = parse_flow(
        {
            "id": "made",
            "languages": ["zh", "en"],
            "start": "n0",
            "nodes": {**nodes, NODES[-1]: {"enqueue": {"queue": "sales"}}},
            "prompts": {"p": {"zh": "嗯", "en": "hm"}},
        }
    )
    found = check(flow, queues={"sales"}, calendars={"office"})
    assert {p.code for p in found} <= {"unreachable-node"}
    return flow


def _node(i: int, kind: int, first: int, second: int, third: int) -> dict[str, Any]:
    ahead = NODES[i + 1 :]
    forward, other = ahead[first % len(ahead)], ahead[second % len(ahead)]
    anywhere, elsewhere = NODES[second], NODES[third]
    menu = {
        "prompt": "p",
        "choices": {1: anywhere, "*": elsewhere},
        "otherwise": forward,
        "tries": 1 + third % 3,
        "wait_seconds": 0.5 + third * 0.4,
        "on_invalid": "p",
    }
    shapes: list[dict[str, Any]] = [
        {"menu": menu},
        {"play": {"prompt": "p", "then": forward}},
        {"set_language": {"language": "en", "then": forward}},
        {"hours": {"calendar": "office", "open": forward, "closed": other}},
        {"hang_up": {}},
    ]
    return shapes[kind]


DRAW = st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
LEGAL_FLOWS = st.lists(DRAW, min_size=5, max_size=5).map(_made)


def _turns(flow: Flow, inputs: list[Input], calendar: Calendar) -> list[Turn]:
    turns = [begin(flow, context(calendar))]
    for heard in inputs:
        cursor = turns[-1].cursor
        if cursor is None:
            break
        turns.append(step(flow, cursor, heard, context(calendar)))
    return turns


@settings(max_examples=40, deadline=None)
@given(flow=LEGAL_FLOWS, inputs=INPUTS, calendar=st.sampled_from([OPEN, CLOSED]))
def test_every_caller_ends_or_is_waited_for_and_never_long(
    flow: Flow, inputs: list[Input], calendar: Calendar
) -> None:
    turns = _turns(flow, inputs, calendar)
    waits = [turn.move.wait for turn in turns if isinstance(turn.move, Listen)]
    assert all(timedelta(seconds=0.5) <= wait <= timedelta(seconds=2.5) for wait in waits)
    assert all((turn.cursor is None) == isinstance(turn.move, ToQueue | Goodbye) for turn in turns)
    assert turns == _turns(flow, inputs, calendar)


@settings(max_examples=40, deadline=None)
@given(flow=LEGAL_FLOWS, calendar=st.sampled_from([OPEN, CLOSED]))
def test_a_caller_who_presses_nothing_gets_to_an_end(flow: Flow, calendar: Calendar) -> None:
    # Each node is entered once at most, and said `tries` times: 6 nodes, 3 tries, 2 inputs each.
    silence: list[Input] = [PromptOver(), WaitOver()] * (len(NODES) * 3 + 1)
    assert _turns(flow, silence, calendar)[-1].cursor is None
