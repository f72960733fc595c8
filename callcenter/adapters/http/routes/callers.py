"""The people who call: customers, and numbers that are blocked, slowed down or favoured."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.core import calling as calling_rules
from callcenter.core.access import Action
from callcenter.core.callers import ListedNumber, ListKind
from callcenter.core.calling import Bar
from callcenter.core.durations import in_seconds
from callcenter.core.errors import Invalid, NoSuchAgent, NoSuchSkill
from callcenter.core.ids import AgentId
from callcenter.core.skills import LONGEST_NEED
from callcenter.ports.callers import (
    Customer,
    Forbidden,
    MissedCaller,
    NoSuchCustomer,
    NotListed,
    NotMissed,
    NumberTaken,
)
from callcenter.ports.store import StoreAway
from callcenter.services.callers import (
    LONGEST_HEAD_START,
    LONGEST_REASON,
    MOST_DAYS,
    MOST_NUMBERS,
    MOST_PER_HOUR,
    CallerBook,
)
from callcenter.services.calling import Calling
from callcenter.services.naming import LONGEST_NAME


class CustomerQuery(Shape):
    """The page behind this id; empty: the first."""

    after: str = ""


class CustomerTarget(Shape):
    """`owner` is the agent whose customer they are; `tier` your own word for how much they matter;
    `requires` and `prefers` as for numbers; `head_start_seconds` is added to what flow and queue give."""

    name: str = Field(default="", max_length=LONGEST_NAME)
    numbers: Sequence[Line] = Field(default=(), max_length=MOST_NUMBERS)
    owner: Line | None = None
    tier: str = Field(default="", max_length=LONGEST_NAME)
    requires: str = Field(default="", max_length=LONGEST_NEED)
    prefers: str = Field(default="", max_length=LONGEST_NEED)
    head_start_seconds: float = Field(default=0.0, ge=-LONGEST_HEAD_START, le=LONGEST_HEAD_START)


class CustomerShown(CustomerTarget):
    id: str


class CustomerListing(Listing[CustomerShown]):
    """A page of customers, by id; ask for the next with `after`."""


class ListedTarget(Shape):
    """`block`: turned away; `grey`: so many calls `per_hour` are taken; `vip`: a head start. `until` leave
    out for good."""

    kind: ListKind
    reason: str = Field(default="", max_length=LONGEST_REASON)
    until: AwareDatetime | None = None
    per_hour: int = Field(default=0, ge=0, le=MOST_PER_HOUR)
    head_start_seconds: float = Field(default=0.0, ge=-LONGEST_HEAD_START, le=LONGEST_HEAD_START)


class ListedShown(Shape):
    """`number` is E.164, or `anonymous` for whoever withholds theirs."""

    number: str
    kind: ListKind
    reason: str
    until: datetime | None
    per_hour: int
    head_start_seconds: float


class ListedListing(Listing[ListedShown]):
    """All listed numbers, in order."""


class Verdict(Shape):
    """`bar` null: they may be called now; `at` is when they may, if ever, by hours of their own clock."""

    bar: Bar | None
    at: datetime | None


class ForbiddenTarget(Shape):
    """`until` leave out for good."""

    reason: str = Field(default="", max_length=LONGEST_REASON)
    until: AwareDatetime | None = None


class ForbiddenShown(Shape):
    number: str
    reason: str
    until: datetime | None


class ForbiddenListing(Listing[ForbiddenShown]):
    """Every number that must not be called, in order."""


class MissedQuery(Shape):
    """How far to look back."""

    days: int = Field(default=7, ge=1, le=MOST_DAYS)


class MissedShown(Shape):
    """Somebody who got through to nobody since; `queue` is where they waited last."""

    number: str
    customer: str
    calls: int
    first: datetime
    last: datetime
    queue: str | None
    waited_seconds: float | None
    may_call: Verdict


class MissedListing(Listing[MissedShown]):
    """The last to call first, at most 200."""


def caller_routes(book: CallerBook, calling: Calling) -> Routes:
    routes = Routes("callers")
    _read_customers(routes, book)
    _change_customers(routes, book)
    _add_listed(routes, book)
    _add_missed(routes, book, calling)
    _add_do_not_call(routes, calling)
    return routes


def _read_customers(routes: Routes, book: CallerBook) -> None:
    @routes.add(
        "GET",
        f"{API}/customers",
        "Customers, by page",
        takes=CustomerQuery,
        gives=CustomerListing,
        needs=Right(Action.READ_CUSTOMERS),
        errors=(StoreAway,),
    )
    async def list_customers(asked: Asked[CustomerQuery]) -> Answer:
        found = await book.customers(asked.actor, after=asked.body.after)
        return CustomerListing(items=[_customer(one) for one in found])

    @routes.add(
        "GET",
        f"{API}/customers/{{customer_id}}",
        "One customer",
        gives=CustomerShown,
        needs=Right(Action.READ_CUSTOMERS),
        errors=(NoSuchCustomer, StoreAway),
    )
    async def read_customer(asked: Asked[None]) -> Answer:
        return _customer(await book.customer(asked.actor, asked.path("customer_id")))


def _change_customers(routes: Routes, book: CallerBook) -> None:
    @routes.add(
        "PUT",
        f"{API}/customers/{{customer_id}}",
        "Add a customer, or change one, for the next call from one of their numbers",
        takes=CustomerTarget,
        gives=CustomerShown,
        needs=Right(Action.CHANGE_CUSTOMERS),
        errors=(Invalid, NoSuchAgent, NoSuchSkill, NumberTaken, StoreAway),
    )
    async def put_customer(asked: Asked[CustomerTarget]) -> Answer:
        wish = asked.body
        customer = Customer(
            asked.path("customer_id"),
            wish.name,
            tuple(wish.numbers),
            None if wish.owner is None else AgentId(wish.owner),
            wish.tier,
            wish.requires,
            wish.prefers,
            wish.head_start_seconds,
        )
        return _customer(await book.put_customer(asked.actor, customer))

    @routes.add(
        "DELETE",
        f"{API}/customers/{{customer_id}}",
        "Forget a customer",
        needs=Right(Action.CHANGE_CUSTOMERS),
        errors=(NoSuchCustomer, StoreAway),
    )
    async def delete_customer(asked: Asked[None]) -> Answer:
        await book.delete_customer(asked.actor, asked.path("customer_id"))
        return None


def _add_listed(routes: Routes, book: CallerBook) -> None:
    @routes.add(
        "GET",
        f"{API}/listed-numbers",
        "Numbers that are blocked, slowed down or favoured",
        gives=ListedListing,
        needs=Right(Action.READ_CUSTOMERS),
        errors=(StoreAway,),
    )
    async def list_listed_numbers(asked: Asked[None]) -> Answer:
        return ListedListing(items=[_listed(one) for one in await book.listed(asked.actor)])

    @routes.add(
        "PUT",
        f"{API}/listed-numbers/{{number}}",
        "Block, slow down or favour a number, for the next call from there",
        takes=ListedTarget,
        gives=ListedShown,
        needs=Right(Action.CHANGE_CUSTOMERS),
        errors=(Invalid, StoreAway),
    )
    async def put_listed_number(asked: Asked[ListedTarget]) -> Answer:
        wish, number = asked.body, asked.path("number")
        ahead = wish.head_start_seconds
        listed = ListedNumber(number, wish.kind, wish.reason, wish.until, wish.per_hour, ahead)
        return _listed(await book.put_listed(asked.actor, listed))

    @routes.add(
        "DELETE",
        f"{API}/listed-numbers/{{number}}",
        "Treat a number as any other",
        needs=Right(Action.CHANGE_CUSTOMERS),
        errors=(NotListed, StoreAway),
    )
    async def delete_listed_number(asked: Asked[None]) -> Answer:
        await book.delete_listed(asked.actor, asked.path("number"))
        return None


def _add_do_not_call(routes: Routes, calling: Calling) -> None:
    @routes.add(
        "GET",
        f"{API}/do-not-call",
        "Numbers that must not be called",
        gives=ForbiddenListing,
        needs=Right(Action.READ_CUSTOMERS),
        errors=(StoreAway,),
    )
    async def list_forbidden(asked: Asked[None]) -> Answer:
        found = await calling.forbidden(asked.actor)
        return ForbiddenListing(items=[_forbidden(one) for one in found])

    @routes.add(
        "PUT",
        f"{API}/do-not-call/{{number}}",
        "Never call this number",
        takes=ForbiddenTarget,
        gives=ForbiddenShown,
        needs=Right(Action.CHANGE_CUSTOMERS),
        errors=(Invalid, StoreAway),
    )
    async def forbid(asked: Asked[ForbiddenTarget]) -> Answer:
        wish = Forbidden(asked.path("number"), asked.body.reason, asked.body.until)
        return _forbidden(await calling.forbid(asked.actor, wish))

    @routes.add(
        "DELETE",
        f"{API}/do-not-call/{{number}}",
        "This number may be called again",
        needs=Right(Action.CHANGE_CUSTOMERS),
        errors=(NotListed, StoreAway),
    )
    async def allow(asked: Asked[None]) -> Answer:
        await calling.allow(asked.actor, asked.path("number"))
        return None

    @routes.add(
        "GET",
        f"{API}/may-call/{{number}}",
        "Whether a number may be called now, and else when",
        gives=Verdict,
        needs=Right(Action.READ_CUSTOMERS),
        errors=(StoreAway,),
    )
    async def may_call(asked: Asked[None]) -> Answer:
        found = await calling.verdict(asked.actor, asked.path("number"))
        return Verdict(bar=found.bar, at=found.at)


def _forbidden(one: Forbidden) -> ForbiddenShown:
    return ForbiddenShown(number=one.number, reason=one.reason, until=one.until)


def _add_missed(routes: Routes, book: CallerBook, calling: Calling) -> None:
    @routes.add(
        "GET",
        f"{API}/missed-callers",
        "Who called and talked with nobody since: whom to call back",
        takes=MissedQuery,
        gives=MissedListing,
        needs=Right(Action.READ_CUSTOMERS),
        errors=(StoreAway,),
    )
    async def list_missed(asked: Asked[MissedQuery]) -> Answer:
        found = await book.missed(asked.actor, days=asked.body.days)
        verdicts = await calling.verdicts([one.number for one in found])
        return MissedListing(items=[_missed(one, verdicts[one.number]) for one in found])

    @routes.add(
        "DELETE",
        f"{API}/missed-callers/{{number}}",
        "They have been seen to; who calls again in vain is there again",
        needs=Right(Action.CHANGE_CUSTOMERS),
        errors=(NotMissed, StoreAway),
    )
    async def called_back(asked: Asked[None]) -> Answer:
        await book.called_back(asked.actor, asked.path("number"))
        return None


def _missed(one: MissedCaller, verdict: calling_rules.Verdict) -> MissedShown:
    return MissedShown(
        number=one.number,
        customer=one.customer,
        calls=one.calls,
        first=one.first,
        last=one.last,
        queue=one.queue,
        waited_seconds=in_seconds(one.waited),
        may_call=Verdict(bar=verdict.bar, at=verdict.at),
    )


def _customer(customer: Customer) -> CustomerShown:
    return CustomerShown(
        id=customer.id,
        name=customer.name,
        numbers=customer.numbers,
        owner=customer.owner,
        tier=customer.tier,
        requires=customer.requires,
        prefers=customer.prefers,
        head_start_seconds=customer.head_start,
    )


def _listed(listed: ListedNumber) -> ListedShown:
    return ListedShown(
        number=listed.number,
        kind=listed.kind,
        reason=listed.reason,
        until=listed.until,
        per_hour=listed.per_hour,
        head_start_seconds=listed.head_start,
    )
