"""The centre's own words: why agents pause, what calls come to."""

from collections.abc import Sequence

from pydantic import Field

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.core.access import Action
from callcenter.core.codes import FLAGS, Disposition, PauseReason
from callcenter.core.durations import in_seconds, of_seconds
from callcenter.core.errors import Invalid, NoSuchCode, StillInUse
from callcenter.ports.store import StoreAway
from callcenter.services.codes import LONGEST_PAUSE, CodeBook
from callcenter.services.naming import LONGEST_NAME


class PauseReasonTarget(Shape):
    """`longest_seconds`: how long such a pause ought to take at most; null: as long as it takes."""

    name_en: str = Field(default="", max_length=LONGEST_NAME)
    name_zh: str = Field(default="", max_length=LONGEST_NAME)
    paid: bool = True
    longest_seconds: float | None = Field(default=None, ge=1, le=LONGEST_PAUSE.total_seconds())


class PauseReasonShown(PauseReasonTarget):
    id: str


class PauseReasonListing(Listing[PauseReasonShown]):
    """All pause reasons, by id; where there is none, any word will do."""


class DispositionTarget(Shape):
    """`parent` is null at the top of the tree; only what has nothing under it is said of a call."""

    name_en: str = Field(default="", max_length=LONGEST_NAME)
    name_zh: str = Field(default="", max_length=LONGEST_NAME)
    parent: Line | None = None
    flags: Sequence[Line] = Field(default=(), max_length=len(FLAGS))


class DispositionShown(DispositionTarget):
    id: str


class DispositionListing(Listing[DispositionShown]):
    """All dispositions, by id."""


def code_routes(codes: CodeBook) -> Routes:
    routes = Routes("codes")
    _add_pause_reasons(routes, codes)
    _add_dispositions(routes, codes)
    return routes


def _add_pause_reasons(routes: Routes, codes: CodeBook) -> None:
    @routes.add(
        "GET",
        f"{API}/pause-reasons",
        "Why agents may pause",
        gives=PauseReasonListing,
        needs=Right(Action.READ_AGENTS),
        errors=(StoreAway,),
    )
    async def list_reasons(asked: Asked[None]) -> Answer:
        found = await codes.pause_reasons(asked.actor)
        return PauseReasonListing(items=[reason_shown(one) for one in found.values()])

    @routes.add(
        "PUT",
        f"{API}/pause-reasons/{{code}}",
        "Add a pause reason, or change one, at once",
        takes=PauseReasonTarget,
        gives=PauseReasonShown,
        needs=Right(Action.CHANGE_AGENTS),
        errors=(Invalid, StoreAway),
    )
    async def put_reason(asked: Asked[PauseReasonTarget]) -> Answer:
        reason = pause_reason(asked.path("code"), asked.body)
        await codes.put_pause_reason(asked.actor, reason)
        return reason_shown(reason)

    @routes.add(
        "DELETE",
        f"{API}/pause-reasons/{{code}}",
        "Forget a pause reason; whoever is paused for it stays so",
        needs=Right(Action.CHANGE_AGENTS),
        errors=(NoSuchCode, StoreAway),
    )
    async def delete_reason(asked: Asked[None]) -> Answer:
        await codes.delete_pause_reason(asked.actor, asked.path("code"))
        return None


def _add_dispositions(routes: Routes, codes: CodeBook) -> None:
    @routes.add(
        "GET",
        f"{API}/dispositions",
        "What calls may come to",
        gives=DispositionListing,
        needs=Right(Action.READ_AGENTS),
        errors=(StoreAway,),
    )
    async def list_dispositions(asked: Asked[None]) -> Answer:
        found = await codes.dispositions(asked.actor)
        return DispositionListing(items=[disposition_shown(one) for one in found.values()])

    @routes.add(
        "PUT",
        f"{API}/dispositions/{{code}}",
        "Add a disposition, or change one, at once",
        takes=DispositionTarget,
        gives=DispositionShown,
        needs=Right(Action.CHANGE_AGENTS),
        errors=(Invalid, StoreAway),
    )
    async def put_disposition(asked: Asked[DispositionTarget]) -> Answer:
        disposition = disposition_of(asked.path("code"), asked.body)
        await codes.put_disposition(asked.actor, disposition)
        return disposition_shown(disposition)

    @routes.add(
        "DELETE",
        f"{API}/dispositions/{{code}}",
        "Forget a disposition that has none under it; what was said of calls stays",
        needs=Right(Action.CHANGE_AGENTS),
        errors=(NoSuchCode, StillInUse, StoreAway),
    )
    async def delete_disposition(asked: Asked[None]) -> Answer:
        await codes.delete_disposition(asked.actor, asked.path("code"))
        return None


def pause_reason(code: str, said: PauseReasonTarget) -> PauseReason:
    """The reason of which this is said."""
    return PauseReason(
        code, said.name_en, said.name_zh, said.paid, of_seconds(said.longest_seconds)
    )


def reason_shown(reason: PauseReason) -> PauseReasonShown:
    """All that is said of it."""
    return PauseReasonShown(
        id=reason.id,
        name_en=reason.name_en,
        name_zh=reason.name_zh,
        paid=reason.paid,
        longest_seconds=in_seconds(reason.longest),
    )


def disposition_of(code: str, said: DispositionTarget) -> Disposition:
    """The disposition of which this is said."""
    flags = tuple(dict.fromkeys(said.flags))
    return Disposition(code, said.name_en, said.name_zh, said.parent or "", flags)


def disposition_shown(one: Disposition) -> DispositionShown:
    """All that is said of it."""
    return DispositionShown(
        id=one.id,
        name_en=one.name_en,
        name_zh=one.name_zh,
        parent=one.parent or None,
        flags=one.flags,
    )
