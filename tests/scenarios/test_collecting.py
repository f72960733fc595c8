"""Digits asked for on a call, said back, known to whoever takes it."""

from dataclasses import replace

import pytest

from callcenter.core.calls.effects import Prompt, RingTone, Words
from callcenter.core.calls.phases import Queued
from callcenter.core.facts.calls import Known
from callcenter.core.ids import AgentId, CallId, FlowId, LegId
from callcenter.core.ivr.parse import parse_flow
from callcenter.testing.centre import MENU, Centre

pytestmark = pytest.mark.scenario

ANA = AgentId("ana")
ORDERS = parse_flow(
    {
        "id": "orders",
        "languages": ["en"],
        "start": "order",
        "nodes": {
            "order": {
                "collect": {"prompt": "ask", "into": "order", "then": "told", "otherwise": "wait"}
            },
            "told": {"say": {"value": "order", "as": "digits", "then": "wait"}},
            "wait": {"enqueue": {"queue": "sales"}},
        },
        "prompts": {"ask": {"en": "Your order number, please."}},
    }
)


def called() -> tuple[Centre, CallId]:
    centre = Centre()
    flows = {**centre.directory.flows, ORDERS.id: ORDERS}
    numbers = {**centre.directory.numbers, MENU: FlowId("orders")}
    centre.directory = replace(centre.directory, flows=flows, numbers=numbers)
    centre.door.configure(centre.directory)
    return centre, centre.switch.arrive(MENU, known=Known(customer="acme"))


def heard(centre: Centre, call: CallId) -> list[Prompt | Words | RingTone]:
    return centre.switch.legs[LegId(call)].heard


def test_an_order_number_is_collected_said_back_and_shown() -> None:
    centre, call = called()
    centre.switch.press(call, "1")
    centre.switch.press(call, "2")
    centre.switch.press(call, "#")
    assert heard(centre, call)[-1] == Words("one two", "en")
    centre.switch.finish_prompt(call)
    assert isinstance(centre.phase(call), Queued)
    assert centre.door.call(call)["collected"] == {"order": "12"}


async def test_who_is_cut_off_while_they_press_begins_that_number_anew() -> None:
    centre, call = called()
    centre.switch.finish_prompt(call)
    centre.switch.press(call, "9")
    await centre.restart()
    assert heard(centre, call)[-1] == Prompt(ORDERS.id, "ask", "en")
    for key in "12#":
        centre.switch.press(call, key)
    assert heard(centre, call)[-1] == Words("one two", "en")


async def test_what_was_collected_outlives_the_engine_and_is_said_again() -> None:
    centre, call = called()
    for key in "12#":
        centre.switch.press(call, key)
    await centre.restart()
    centre.passes(40)
    await centre.restart()
    assert centre.door.call(call)["collected"] == {"order": "12"}
