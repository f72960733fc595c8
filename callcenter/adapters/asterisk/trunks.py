"""The carriers: which of them answer, and over which one a call goes out.

The switch asks each carrier by OPTIONS and says when one falls silent or comes back; we keep that, warn
once of each change, and dial over those, in the order of the settings, that are not silent: the next
one when one refuses or is full (`outside`). A carrier that is not asked counts as there.
"""

import logging
from collections.abc import Collection, Mapping
from typing import NamedTuple

from callcenter.adapters.asterisk.ari.generated import endpoints
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError
from callcenter.ports.telephony import SwitchAway

logger = logging.getLogger(__name__)


class Way(NamedTuple):
    """One that leads to a number outside: what to dial, over which trunk, and how many calls that takes
    at a time (0: no limit)."""

    dial: str
    trunk: str
    limit: int = 0

    @property
    def counted(self) -> Mapping[str, str]:
        """The variables with which a leg takes a line of the trunk, as callers do in the dialplan."""
        return {"GROUP(trunk)": self.trunk} if self.limit else {}


class Trunks:
    """`endpoints`: the switch's name of each trunk, by ours, the first choice first. `asked`: those
    of our names that are asked by OPTIONS. `limits`: how many calls a trunk takes at a time."""

    def __init__(
        self,
        endpoints: Mapping[str, str],
        asked: Collection[str],
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self._endpoints = dict(endpoints)
        self._limits = limits or {}
        self._names = {endpoints[name]: name for name in asked}
        self._silent: set[str] = set()

    @property
    def up(self) -> Mapping[str, bool]:
        """Whether each trunk answers."""
        return {name: name not in self._silent for name in self._endpoints}

    def heard(self, endpoint: str, answers: bool) -> None:
        """The switch says so of one of its endpoints, which may be no trunk at all."""
        name = self._names.get(endpoint)
        if name is None or answers == (name not in self._silent):
            return
        if answers:
            self._silent.discard(name)
            logger.warning("trunk answers again", extra={"trunk": name})
        else:
            self._silent.add(name)
            logger.error("trunk does not answer", extra={"trunk": name})

    async def look(self, http: PooledHttp) -> None:
        """Ask the switch about all of them. Raises: SwitchAway."""
        if not self._names:
            return
        try:
            found = await http.ask(endpoints.list_by_tech("PJSIP"))
        except AriError as error:
            raise SwitchAway(type(error).__name__) from None
        for one in found:
            self.heard(one["resource"], one.get("state") != "offline")

    def ways(self, number: str) -> list[Way]:
        """What to dial for a number outside, one after the other; nothing where there is no trunk. When
        all are silent they are tried all the same: they may hear us although they do not answer."""
        answering = [name for name in self._endpoints if name not in self._silent]
        return [
            Way(f"PJSIP/{number}@{self._endpoints[name]}", name, self._limits.get(name, 0))
            for name in answering or self._endpoints
        ]
