"""Who is to be called back, on the command line."""

import json
from typing import Any

import pytest

from callcenter.core.ids import CallId, FlowId, LegId, QueueId
from callcenter.core.ivr.flow import (
    CallBack,
    Enqueue,
    Flow,
    Language,
    Node,
    NodeId,
    PromptName,
    Utterance,
)

pytestmark = pytest.mark.adapter

ENGLISH = Language("en")
SOON = PromptName("soon")


def calls_back() -> Flow:
    sales = Enqueue(QueueId("sales"))
    nodes: dict[NodeId, Node] = {
        NodeId("back"): CallBack(sales, SOON, NodeId("wait")),
        NodeId("wait"): sales,
    }
    said = {SOON: {ENGLISH: (Utterance(ENGLISH, "We will call you."),)}}
    name = FlowId("hotline")
    return Flow(name, "v2", NodeId("back"), nodes, said, (ENGLISH,), ENGLISH)


async def somebody_asks(running: Any) -> CallId:
    running.desk.folder.hold(calls_back())
    await running.type("flows", "reload")
    call: CallId = running.desk.switch.arrive("4000", "+493012345")
    running.desk.switch.hang_up(LegId(call))
    return call


async def test_who_is_to_be_called_back_is_listed_and_taken_off(running: Any) -> None:
    call = await somebody_asks(running)
    (listed,) = json.loads(await running.type("callbacks", "list", "--json"))
    assert (listed["callback_number"], listed["phase"]) == ("+493012345", "kept")
    told = await running.type("--lang", "zh", "callbacks", "list")
    assert told.splitlines()[1].split("\t")[:3] == [call, "+493012345", "sales"]
    assert "待回电" in told
    assert json.loads(await running.type("callbacks", "list", "--queue", "other", "--json")) == []
    assert "will not be called back" in await running.type("callbacks", "cancel", call)
    assert json.loads(await running.type("callbacks", "list", "--json")) == []


async def test_a_caller_on_the_line_is_not_to_be_called_back(running: Any) -> None:
    running.desk.switch.arrive("4000", "+493012345")
    assert json.loads(await running.type("callbacks", "list", "--json")) == []
