"""Numbers that may be dialled, and the flow that their callers hear."""

from collections.abc import Sequence

from pydantic import Field

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.core.access import Action
from callcenter.core.errors import Invalid, NoSuchFlow, NoSuchNumber, NoSuchSkill
from callcenter.core.ids import FlowId
from callcenter.core.skills import LONGEST_NEED
from callcenter.ports.store import NumberEntry, StoreAway
from callcenter.services.configuration import Configuration


class NumberTarget(Shape):
    """What callers hear, and what they need of an agent beside what the flow says, such as
    `english >= 50 and billing`."""

    flow: Line
    requires: str = Field(default="", max_length=LONGEST_NEED)
    prefers: str = Field(default="", max_length=LONGEST_NEED)


class NumberShown(Shape):
    """`did` is in E.164, or as short as it is dialled."""

    did: str
    flow: str
    requires: str
    prefers: str


class NumberListing(Listing[NumberShown]):
    """All numbers, in order of their digits."""


def number_routes(configuration: Configuration) -> Routes:
    routes = Routes("numbers")

    @routes.add(
        "GET",
        f"{API}/numbers",
        "All numbers",
        gives=NumberListing,
        needs=Right(Action.READ_FLOWS),
        errors=(StoreAway,),
    )
    async def list_numbers(asked: Asked[None]) -> Answer:
        return _listing(await configuration.list_numbers(asked.actor))

    @routes.add(
        "PUT",
        f"{API}/numbers/{{did}}",
        "Let callers of a number hear a flow; new or changed, at once",
        takes=NumberTarget,
        gives=NumberShown,
        needs=Right(Action.CHANGE_FLOWS),
        errors=(Invalid, NoSuchFlow, NoSuchSkill, StoreAway),
    )
    async def put_number(asked: Asked[NumberTarget]) -> Answer:
        flow, needs = FlowId(asked.body.flow), (asked.body.requires, asked.body.prefers)
        did = asked.path("did")
        return number_shown(await configuration.put_number(asked.actor, did, flow, *needs))

    @routes.add(
        "DELETE",
        f"{API}/numbers/{{did}}",
        "Forget a number; its callers hear that it is unknown",
        needs=Right(Action.CHANGE_FLOWS),
        errors=(NoSuchNumber, StoreAway),
    )
    async def delete_number(asked: Asked[None]) -> Answer:
        await configuration.delete_number(asked.actor, asked.path("did"))
        return None

    return routes


def _listing(numbers: Sequence[NumberEntry]) -> NumberListing:
    return NumberListing(items=[number_shown(number) for number in numbers])


def number_shown(number: NumberEntry) -> NumberShown:
    """A number as it is shown."""
    return NumberShown(
        did=number.did, flow=number.flow, requires=number.requires, prefers=number.prefers
    )
