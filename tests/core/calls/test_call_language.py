"""The language of a call: decided by the flow, written with the nodes it leads to."""

from datetime import UTC, datetime

import pytest

from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls import machine
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import Record
from callcenter.core.facts.calls import CallArrived, DigitPressed, NodeEntered
from callcenter.core.ids import CallId, FlowId, LegId, QueueId
from callcenter.core.ivr.flow import (
    Enqueue,
    Flow,
    Language,
    Menu,
    NodeId,
    PromptName,
    SetLanguage,
)

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL = CallId("c")
ZH, EN = Language("zh"), Language("en")
SALES = QueueId("sales")
FLOW = Flow(
    FlowId("hotline"),
    "v1",
    NodeId("ask"),
    {
        NodeId("ask"): Menu(PromptName("ask"), {"2": NodeId("english")}, NodeId("sales")),
        NodeId("english"): SetLanguage(EN, NodeId("sales")),
        NodeId("sales"): Enqueue(SALES),
    },
    {},
    (ZH, EN),
    ZH,
)
DIRECTORY = Directory({FLOW.id: FLOW}, {"1": FLOW.id}, {SALES: QueueRules(SALES)})


def spoken(step: machine.Step) -> list[tuple[str, str]]:
    facts = [effect.fact for effect in step[1] if isinstance(effect, Record)]
    return [(fact.node, fact.language) for fact in facts if isinstance(fact, NodeEntered)]


def test_it_is_written_where_the_flow_begins_and_where_the_caller_chooses() -> None:
    arrived = machine.arrive(CallArrived(NOON, CALL, LegId(CALL), "", "1"), DIRECTORY)
    assert spoken(arrived) == [("ask", "zh")]
    chosen = machine.advance(arrived[0], DigitPressed(NOON, CALL, LegId(CALL), "2"), DIRECTORY)
    assert spoken(chosen) == [("english", "en"), ("sales", "en")]
    assert chosen[0].language == "en"
