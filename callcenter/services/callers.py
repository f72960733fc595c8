"""The people who call: customers and listed numbers, and who may read and change them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.access import Action, Actor, check_may
from callcenter.core.callers import ListedNumber, ListKind
from callcenter.core.errors import Invalid
from callcenter.core.numbers import ANONYMOUS, normalise
from callcenter.core.skills import checked_need, text_of
from callcenter.ports.callers import (
    Customer,
    Customers,
    ListedNumbers,
    MissedCaller,
    MissedCallers,
    NoSuchCustomer,
)
from callcenter.services.naming import DID, LONGEST_NAME, check_id, telephone

MOST_NUMBERS: Final = 50
LONGEST_REASON: Final = 200
LONGEST_HEAD_START: Final = 86_400.0
MOST_PER_HOUR: Final = 1_000
PAGE: Final = 200
MOST_DAYS: Final = 366


class CallerBook:
    """Customers and listed numbers; `skills` says which there are, `expect` is told of numbers of which
    something is known from now on."""

    def __init__(
        self,
        customers: Customers,
        listed: ListedNumbers,
        missed: MissedCallers,
        skills: Callable[[], Awaitable[frozenset[str]]],
        expect: Callable[..., None],
        now: Callable[[], datetime],
        *,
        region: str,
    ) -> None:
        self._customers = customers
        self._listed = listed
        self._missed = missed
        self._skills = skills
        self._expect = expect
        self._now = now
        self._region = region

    async def customers(self, actor: Actor, *, after: str = "") -> Sequence[Customer]:
        """A page of them, by id, behind `after`. Raises: NotPermitted, StoreAway."""
        check_may(actor, Action.READ_CUSTOMERS)
        return await self._customers.list(after=after, limit=PAGE)

    async def customer(self, actor: Actor, customer: str) -> Customer:
        """Raises: NotPermitted, NoSuchCustomer, StoreAway."""
        check_may(actor, Action.READ_CUSTOMERS)
        found = await self._customers.find(customer)
        if found is None:
            raise NoSuchCustomer(customer)
        return found

    async def put_customer(self, actor: Actor, customer: Customer) -> Customer:
        """New or changed, for the next call from one of their numbers.

        Raises: NotPermitted, Invalid, NoSuchSkill, NoSuchAgent, NumberTaken, StoreAway.
        """
        check_may(actor, Action.CHANGE_CUSTOMERS)
        check_id("id", customer.id)
        for field, text in (("name", customer.name), ("tier", customer.tier)):
            if len(text) > LONGEST_NAME or not text.isprintable():
                raise Invalid(f"{field}: at most {LONGEST_NAME} printable characters")
        if len(customer.numbers) > MOST_NUMBERS:
            raise Invalid(f"numbers: at most {MOST_NUMBERS}")
        numbers = [
            self._number(f"numbers[{place}]", number)
            for place, number in enumerate(customer.numbers)
        ]
        _check_head_start(customer.head_start)
        known = await self._skills()
        checked = replace(
            customer,
            numbers=tuple(dict.fromkeys(numbers)),
            requires=text_of(checked_need("requires", customer.requires, known)),
            prefers=text_of(checked_need("prefers", customer.prefers, known)),
        )
        await self._customers.put(checked)
        self._expect(*checked.numbers)
        return checked

    async def delete_customer(self, actor: Actor, customer: str) -> None:
        """Raises: NotPermitted, NoSuchCustomer, StoreAway."""
        check_may(actor, Action.CHANGE_CUSTOMERS)
        await self._customers.delete(customer)

    async def listed(self, actor: Actor) -> Sequence[ListedNumber]:
        """Every listed number. Raises: NotPermitted, StoreAway."""
        check_may(actor, Action.READ_CUSTOMERS)
        return await self._listed.list()

    async def put_listed(self, actor: Actor, listed: ListedNumber) -> ListedNumber:
        """New or changed, for the next call from there. Raises: NotPermitted, Invalid, StoreAway."""
        check_may(actor, Action.CHANGE_CUSTOMERS)
        if len(listed.reason) > LONGEST_REASON or not listed.reason.isprintable():
            raise Invalid(f"reason: at most {LONGEST_REASON} printable characters")
        if listed.until is not None and listed.until <= self._now():
            raise Invalid("until: this moment has passed; write a later one, or leave it out")
        if listed.kind is ListKind.GREY and not 1 <= listed.per_hour <= MOST_PER_HOUR:
            raise Invalid(f"per_hour: write 1 to {MOST_PER_HOUR}")
        if listed.kind is not ListKind.GREY and listed.per_hour:
            raise Invalid("per_hour: only for the grey list; leave it out")
        if listed.kind is not ListKind.VIP and listed.head_start:
            raise Invalid("head_start_seconds: only for the VIP list; leave it out")
        _check_head_start(listed.head_start)
        number = listed.number
        if number.lower() != ANONYMOUS:
            number = self._number("number", number)
        checked = replace(listed, number=number.lower())
        await self._listed.put(checked)
        self._expect(checked.number)
        return checked

    async def delete_listed(self, actor: Actor, number: str) -> None:
        """Raises: NotPermitted, NotListed, StoreAway."""
        check_may(actor, Action.CHANGE_CUSTOMERS)
        await self._listed.delete(normalise(number, self._region))

    async def missed(self, actor: Actor, *, days: int) -> Sequence[MissedCaller]:
        """Who called within so many days and got through to nobody, the last to call first.
        Raises: NotPermitted, StoreAway."""
        check_may(actor, Action.READ_CUSTOMERS)
        return await self._missed.list(self._now() - timedelta(days=days), PAGE)

    async def called_back(self, actor: Actor, number: str) -> None:
        """They have been seen to. Raises: NotPermitted, NotMissed, StoreAway."""
        check_may(actor, Action.CHANGE_CUSTOMERS)
        now = self._now()
        since = now - timedelta(days=MOST_DAYS)
        await self._missed.done(normalise(number, self._region), actor.id, now, since)

    def _number(self, field: str, text: str) -> str:
        return telephone(field, text, self._region, DID)


def _check_head_start(seconds: float) -> None:
    if not abs(seconds) <= LONGEST_HEAD_START:
        most = f"{LONGEST_HEAD_START:.0f}"
        raise Invalid(f"head_start_seconds: write -{most} to {most}")
