"""The centre's own words, changed by whoever may, in force at once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from callcenter.core.access import Action, Actor, check_may
from callcenter.core.codes import FLAGS, Disposition, PauseReason, check_tree
from callcenter.core.errors import Invalid
from callcenter.ports.store import Codes
from callcenter.services.configuration import Configuration
from callcenter.services.naming import check_id, check_names

LONGEST_PAUSE: Final = timedelta(hours=24)


class CodeBook:
    """Pause reasons and dispositions. All methods raise NotPermitted and StoreAway."""

    def __init__(self, codes: Codes, configuration: Configuration) -> None:
        self._codes = codes
        self._configuration = configuration

    async def pause_reasons(self, actor: Actor) -> Mapping[str, PauseReason]:
        """All of them, by id."""
        check_may(actor, Action.READ_AGENTS)
        return await self._codes.pause_reasons()

    async def put_pause_reason(self, actor: Actor, reason: PauseReason) -> None:
        """Raises: Invalid."""
        check_may(actor, Action.CHANGE_AGENTS)
        check_id("id", reason.id)
        check_names(reason.name_en, reason.name_zh)
        longest = reason.longest
        if longest is not None and not timedelta(seconds=1) <= longest <= LONGEST_PAUSE:
            most = LONGEST_PAUSE.total_seconds()
            raise Invalid(f"longest_seconds: write 1 to {most:g}, or leave it out")
        async with self._configuration.editing(actor, "pause_reasons", reason.id):
            await self._codes.put_pause_reason(reason)

    async def delete_pause_reason(self, actor: Actor, reason: str) -> None:
        """Whoever is paused for it stays so. Raises: NoSuchCode."""
        check_may(actor, Action.CHANGE_AGENTS)
        async with self._configuration.editing(actor, "pause_reasons", reason):
            await self._codes.delete_pause_reason(reason)

    async def dispositions(self, actor: Actor) -> Mapping[str, Disposition]:
        """All of them, by id."""
        check_may(actor, Action.READ_AGENTS)
        return await self._codes.dispositions()

    async def put_disposition(self, actor: Actor, disposition: Disposition) -> None:
        """Raises: Invalid."""
        check_may(actor, Action.CHANGE_AGENTS)
        check_id("id", disposition.id)
        check_names(disposition.name_en, disposition.name_zh)
        if unknown := sorted(set(disposition.flags) - FLAGS):
            raise Invalid(f"flags: {unknown[0]} is none; there are: {', '.join(sorted(FLAGS))}")
        async with self._configuration.editing(actor, "dispositions", disposition.id):
            known = {**await self._codes.dispositions(), disposition.id: disposition}
            check_tree(known.values())
            await self._codes.put_disposition(disposition)

    async def delete_disposition(self, actor: Actor, disposition: str) -> None:
        """What was said of calls stays. Raises: NoSuchCode, StillInUse."""
        check_may(actor, Action.CHANGE_AGENTS)
        async with self._configuration.editing(actor, "dispositions", disposition):
            await self._codes.delete_disposition(disposition)
