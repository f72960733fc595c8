"""Whom this centre may call, and when: the list of those who do not want it, and the hours that are set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from callcenter.core.access import Action, Actor, check_may
from callcenter.core.calendar import Calendar
from callcenter.core.calling import Verdict, may_call
from callcenter.core.errors import Invalid
from callcenter.core.numbers import normalise
from callcenter.ports.callers import DoNotCall, Forbidden
from callcenter.services.callers import LONGEST_REASON
from callcenter.services.naming import OUTSIDE, telephone


class Calling:
    """One per engine. All methods but `verdicts` raise NotPermitted; all raise StoreAway."""

    def __init__(
        self, store: DoNotCall, hours: Calendar, now: Callable[[], datetime], *, region: str
    ) -> None:
        self._store = store
        self._hours = hours
        self._now = now
        self._region = region

    async def forbidden(self, actor: Actor) -> Sequence[Forbidden]:
        """Every number that must not be called."""
        check_may(actor, Action.READ_CUSTOMERS)
        return await self._store.list()

    async def forbid(self, actor: Actor, forbidden: Forbidden) -> Forbidden:
        """Raises: Invalid."""
        check_may(actor, Action.CHANGE_CUSTOMERS)
        if len(forbidden.reason) > LONGEST_REASON or not forbidden.reason.isprintable():
            raise Invalid(f"reason: at most {LONGEST_REASON} printable characters")
        if forbidden.until is not None and forbidden.until <= self._now():
            raise Invalid("until: this moment has passed; write a later one, or leave it out")
        number = telephone("number", forbidden.number, self._region, OUTSIDE)
        checked = replace(forbidden, number=number)
        await self._store.put(checked)
        return checked

    async def allow(self, actor: Actor, number: str) -> None:
        """Raises: NotListed."""
        check_may(actor, Action.CHANGE_CUSTOMERS)
        await self._store.delete(normalise(number, self._region))

    async def verdict(self, actor: Actor, number: str) -> Verdict:
        """Whether one number may be called now, and else when."""
        check_may(actor, Action.READ_CUSTOMERS)
        known = normalise(number, self._region)
        return (await self.verdicts([known]))[known]

    async def verdicts(self, numbers: Sequence[str]) -> Mapping[str, Verdict]:
        """The same for many, which are in E.164."""
        now = self._now()
        forbidden = await self._store.among(numbers, now)
        return {
            number: may_call(number, now, self._hours, is_forbidden=number in forbidden)
            for number in numbers
        }
