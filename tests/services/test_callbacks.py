"""Who must not be called is not called back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from callcenter.core.calls.phases import Kept
from callcenter.core.facts.calls import CallEnded, Outcome
from callcenter.core.ids import CallId, FlowId
from callcenter.core.ivr.flow import CallBack, Enqueue, Flow, NodeId, PromptName
from callcenter.ports.callers import Forbidden
from callcenter.ports.store import StoreAway
from callcenter.services.callbacks import Callbacks
from callcenter.testing.centre import SALES, Centre, straight

pytestmark = pytest.mark.service

EVE, MAX = "+49301", "+49302"


class ListInMemory:
    """Those who do not want to be called."""

    def __init__(self) -> None:
        self.numbers: set[str] = set()
        self.asked = 0
        self.is_away = False

    async def list(self) -> Sequence[Forbidden]:
        return [Forbidden(number) for number in self.numbers]

    async def among(self, numbers: Sequence[str], at: datetime) -> frozenset[str]:
        self.asked += 1
        if self.is_away:
            raise StoreAway
        return frozenset(self.numbers & set(numbers))

    async def put(self, forbidden: Forbidden) -> None:
        self.numbers.add(forbidden.number)

    async def delete(self, number: str) -> None:
        self.numbers.discard(number)


def calls_back() -> Flow:
    back = CallBack(Enqueue(SALES), PromptName("soon"), NodeId("wait"))
    nodes = {**straight(SALES).nodes, NodeId("back"): back}
    return replace(straight(SALES), id=FlowId("b"), start=NodeId("back"), nodes=nodes)


@pytest.fixture
def centre() -> Centre:
    centre = Centre()
    known = centre.directory
    centre.directory = replace(
        known,
        flows={**known.flows, FlowId("b"): calls_back()},
        numbers={**known.numbers, "4002": FlowId("b")},
        reach=lambda number: number,
    )
    centre.door.configure(centre.directory)
    return centre


def asks(centre: Centre, ani: str) -> CallId:
    call = centre.call("4002", ani)
    centre.hangs_up(call)
    return call


def ended(centre: Centre, call: CallId) -> list[Outcome]:
    return [fact.outcome for fact in centre.facts(call) if isinstance(fact, CallEnded)]


async def test_who_is_on_the_list_is_given_up_and_the_others_keep_their_place(
    centre: Centre,
) -> None:
    known = ListInMemory()
    known.numbers = {EVE}
    eve, max_ = asks(centre, EVE), asks(centre, MAX)
    await Callbacks(centre.door, known).look()
    assert ended(centre, eve) == [Outcome.BARRED]
    assert isinstance(centre.phase(max_), Kept)


async def test_who_comes_on_the_list_later_is_given_up_then(centre: Centre) -> None:
    known = ListInMemory()
    eve = asks(centre, EVE)
    callbacks = Callbacks(centre.door, known)
    await callbacks.look()
    assert isinstance(centre.phase(eve), Kept)
    await known.put(Forbidden(EVE))
    await callbacks.look()
    assert ended(centre, eve) == [Outcome.BARRED]


async def test_while_the_list_cannot_be_read_places_are_kept(centre: Centre) -> None:
    known = ListInMemory()
    known.is_away, known.numbers = True, {EVE}
    eve = asks(centre, EVE)
    callbacks = Callbacks(centre.door, known)
    await callbacks.look()
    assert isinstance(centre.phase(eve), Kept)
    known.is_away = False
    await callbacks.look()
    assert ended(centre, eve) == [Outcome.BARRED]


async def test_nobody_is_asked_where_nobody_is_to_be_called_back(centre: Centre) -> None:
    known = ListInMemory()
    centre.call()
    centre.clock.move(timedelta(seconds=1))
    await Callbacks(centre.door, known).look()
    assert known.asked == 0
