"""What is wrong now, and how it is mended; and how every watch stands."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Listing, Shape
from callcenter.core.access import Action
from callcenter.ports.problems import language_of
from callcenter.services.watch import Standing


class AlertQuery(Shape):
    """`all`: watches that are not raised too."""

    all: bool = False


class AlertShown(Shape):
    """A watch. `subject`: which trunk or folder, empty for the centre. `value` is null while nothing is
    seen; `raised_at` while all is well. `title` and `mend` are in the language that was asked for."""

    code: str
    subject: str
    severity: Literal["critical", "warning"]
    title: str
    mend: str
    unit: Literal["seconds", "bytes", "ratio", "count", "state"]
    value: float | None
    raise_at: float
    clear_at: float
    raised_at: datetime | None


def alert_routes(standings: Callable[[], Sequence[Standing]]) -> Routes:
    """`standings`: how every watch stands, raised ones first."""
    routes = Routes("alerts")

    @routes.add(
        "GET",
        f"{API}/alerts",
        "What is wrong now, and how it is mended",
        takes=AlertQuery,
        gives=Listing[AlertShown],
        needs=Right(Action.READ_HEALTH),
    )
    async def list_alerts(asked: Asked[AlertQuery]) -> Answer:
        language = language_of(asked.request.headers.get("Accept-Language"))
        found = [one for one in standings() if asked.body.all or one.watch.is_raised]
        return Listing[AlertShown](items=[_shown(one, language) for one in found])

    return routes


def _shown(one: Standing, language: str) -> AlertShown:
    bounds = one.watch.bounds
    return AlertShown(
        code=one.kind.code,
        subject=one.subject,
        severity=one.kind.severity.value,
        title=one.kind.title[language],
        mend=one.kind.mend[language],
        unit=one.kind.unit.value,
        value=one.watch.value,
        raise_at=bounds.raised_at,
        clear_at=bounds.cleared_at,
        raised_at=one.watch.raised_at,
    )
