"""The switch without an engine: callers go to the fallback's queue, are served there, and come back.

What ARI has no command for (a queue's people, moving a caller who is not in an application) the dialplan
does, in the context `lifeboat`: we place a call to nobody that runs there. AMI could do it too, but costs
every call something merely by being open.
"""

import asyncio
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from callcenter.adapters.asterisk.ari.generated import asterisk, bridges, channels
from callcenter.adapters.asterisk.ari.generated.objects import Channel
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError, Refused, Request
from callcenter.adapters.asterisk.breadcrumbs import variable
from callcenter.adapters.asterisk.bridge_pool import TALK
from callcenter.adapters.asterisk.trial import is_trial
from callcenter.core.ids import LegId, is_offer_leg
from callcenter.ports.telephony import SwitchAway

T = TypeVar("T")

_GONE: Final = 404
# A variable is cut off at 4 KiB where the dialplan reads it, and names are short.
_AT_ONCE: Final = 40
# How long callers may take from the fallback's queue to the application: nobody decides meanwhile.
_BACK_WITHIN_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.05
_ASK_AGAIN_SECONDS: Final = 0.5


class AriRelief:
    """See `ports.telephony.Relief`."""

    def __init__(self, http: PooledHttp, *, app: str = "cc") -> None:
        self._http = http
        self._app = app

    async def heartbeat(self) -> str:
        """See `ports.telephony.Relief`."""
        return f"{await self._global('CC_HB')}{await self._global('CC_BACK')}"

    async def fill(self, endpoints: Iterable[str]) -> None:
        """See `ports.telephony.Relief`."""
        await self._each("fill", [f"PJSIP/{endpoint}" for endpoint in endpoints])

    async def empty(self, endpoints: Iterable[str]) -> None:
        """See `ports.telephony.Relief`."""
        await self._each("empty", [f"PJSIP/{endpoint}" for endpoint in endpoints])

    async def hand_over(self) -> int:
        """See `ports.telephony.Relief`."""
        left = sorted(filter(self._is_left_alone, await self._alone()), key=_came)
        for leg in left:
            go = channels.continue_in_dialplan(
                leg["id"], context="fallback", extension="s", priority=1
            )
            await self._do(go)
        return len(left)

    async def deserted(self) -> frozenset[LegId]:
        """See `ports.telephony.Relief`."""
        talks = [
            talk for talk in await self._ask(bridges.list_all()) if talk["id"].startswith(TALK)
        ]
        return frozenset(
            LegId(leg) for talk in talks if len(talk["channels"]) == 1 for leg in talk["channels"]
        )

    async def let_go(self, legs: Iterable[LegId]) -> None:
        """See `ports.telephony.Relief`."""
        for leg in legs:
            await self._do(channels.hangup(leg))

    async def call_back(self) -> int:
        """See `ports.telephony.Relief`."""
        # Before anything else, for the lifeboat to leave alone whom we take back.
        here = asterisk.set_global_var(variable="CC_BACK", value=secrets.token_hex(4))
        await self._ask(here)
        back: set[str] = set()
        time = asyncio.get_running_loop().time
        until, again = time() + _BACK_WITHIN_SECONDS, 0.0
        while time() < until:  # Whoever is left then comes by themselves when their turn is over.
            legs = await self._alone()
            waiting = [leg["name"] for leg in legs if _waits_in_fallback(leg)]
            if not waiting and all(_is_inside(leg) for leg in legs if leg["name"] in back):
                break
            # It was just about to send somebody: they are asked for again.
            if waiting and (time() >= again or not back.issuperset(waiting)):
                await self._each("back", waiting)
                back.update(waiting)
                again = time() + _ASK_AGAIN_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
        return len(back)

    async def _global(self, name: str) -> str:
        try:
            return (await self._ask(asterisk.get_global_var(variable=name)))["value"]
        except Refused:  # never written
            return ""

    def _is_left_alone(self, leg: Channel) -> bool:
        """A caller in the application, with whom nobody talks."""
        ours = str(leg["dialplan"].get("app_data", "")).startswith(f"{self._app},")
        is_caller = not is_offer_leg(LegId(leg["id"])) and not is_trial(leg["id"])
        return _is_inside(leg) and ours and is_caller

    async def _alone(self) -> list[Channel]:
        """Every leg that hears nobody."""
        # While a leg changes, the switch lists it as it was and, behind that, as it is.
        legs = {leg["id"]: leg for leg in await self._ask(channels.list_all())}
        together = {
            leg for bridge in await self._ask(bridges.list_all()) for leg in bridge["channels"]
        }
        return [leg for leg in legs.values() if leg["id"] not in together]

    async def _each(self, what: str, names: Sequence[str]) -> None:
        for some in _in_parts(names):
            await self._do(
                channels.originate(
                    endpoint=f"Local/{what}@lifeboat/n",
                    context="lifeboat",
                    extension="none",
                    priority=1,
                    variables={"CC_LIST": "&".join(some)},
                )
            )

    async def _do(self, request: Request[Any]) -> None:
        with suppress(Refused):  # gone: hung up in the meantime
            await self._ask(request)

    async def _ask(self, request: Request[T]) -> T:
        try:
            return await self._http.ask(request)
        except Refused as refused:
            if refused.status == _GONE:
                raise
            raise SwitchAway(f"status {refused.status}") from None
        except AriError as error:
            raise SwitchAway(type(error).__name__) from None


def _in_parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(names), _AT_ONCE):
        yield names[first : first + _AT_ONCE]


def _waits_in_fallback(leg: Channel) -> bool:
    place = leg["dialplan"]
    return place["context"] == "fallback" and place.get("app_name") == "Queue"


def _is_inside(leg: Channel) -> bool:
    """Not only out of the queue: whoever is on the way to us would be taken for gone."""
    return leg["dialplan"].get("app_name") == "Stasis"


def _came(leg: Channel) -> tuple[str, str]:
    """In order of arrival; within one second, in the order the switch made the legs."""
    return variable(leg, "CC_SINCE"), leg["creationtime"]
