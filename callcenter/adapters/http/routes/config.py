"""The whole configuration: read, planned, changed at once, and what it was before."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import Field

from callcenter.adapters.http.document import (
    changes_of,
    document_of,
    read_document,
    text_of,
)
from callcenter.adapters.http.errors import InvalidRequest
from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.core.access import Action
from callcenter.core.errors import Invalid
from callcenter.core.reading import Problem, Unreadable, field_path
from callcenter.ports.problems import language_of
from callcenter.ports.store import Change, ChangeMade, NoSuchVersion, StoreAway
from callcenter.services.blueprint import Section
from callcenter.services.replanning import ConfigurationMoved, Plan, Replanning, digest

_MOST_PROBLEMS: Final = 200


class ConfigShown(Shape):
    """`document` has skills, queues, agents and numbers by id, with what differs from the defaults;
    `digest` is given back with a change."""

    document: Mapping[str, Mapping[str, Mapping[str, Any]]]
    digest: str


class ConfigWish(Shape):
    """What `document` names shall be as it says, its other fields as by default. What it does not name
    stays; with `prune` it goes, in the sections that the document has."""

    document: Mapping[str, Any]
    prune: bool = False


class ConfigChange(ConfigWish):
    digest: Line


class ConfigProblem(Shape):
    """`path` is where, as a list of keys and places in lists, and `field` the same as one text."""

    code: str
    path: Sequence[str | int]
    field: str
    text: Mapping[str, str]


class FieldChange(Shape):
    field: str
    before: Any
    after: Any


class EntryChange(Shape):
    """`kind` is added, changed or removed."""

    kind: str
    section: str
    id: str
    fields: Sequence[FieldChange]


class PlanShown(Shape):
    """What would be done, if there are no `problems`; `notes` keep nobody from it. `digest` is that of the
    configuration that was looked at."""

    problems: Sequence[ConfigProblem]
    notes: Sequence[ConfigProblem]
    changes: Sequence[EntryChange]
    digest: str


class ConfigDone(Shape):
    """`kept_as` is the number of what was before; null, if there was nothing to do."""

    changes: Sequence[EntryChange]
    digest: str
    kept_as: int | None


class VersionShown(Shape):
    """What was in force until `at`, when `by` changed it."""

    number: int
    at: datetime
    by: str


class VersionListing(Listing[VersionShown]):
    """The newest first."""


class ChangesQuery(Shape):
    """`section`, and `id` of an entry in it; `before`: only what is older than this number's change."""

    section: Section | None = None
    id: Line | None = None
    before: int | None = Field(default=None, ge=1)


class ChangeShown(EntryChange):
    """When it was done and by whom; `number` counts all changes."""

    number: int
    at: datetime
    by: str


class ChangeListing(Listing[ChangeShown]):
    """The newest first, a hundred at most."""


def config_routes(replanning: Replanning) -> Routes:
    routes = Routes("config")
    _add_reading(routes, replanning)
    _add_versions(routes, replanning)
    _add_changes(routes, replanning)
    _add_changing(routes, replanning)
    return routes


def _add_reading(routes: Routes, replanning: Replanning) -> None:
    @routes.add(
        "GET",
        f"{API}/config",
        "The whole configuration as one document",
        gives=ConfigShown,
        needs=Right(Action.READ_CONFIGURATION),
        errors=(StoreAway,),
    )
    async def read_config(asked: Asked[None]) -> Answer:
        now = await replanning.read(asked.actor)
        return ConfigShown(document=document_of(now), digest=digest(text_of(now)))

    @routes.add(
        "POST",
        f"{API}/config/plan",
        "What a document would change, and everything that is wrong with it",
        takes=ConfigWish,
        gives=PlanShown,
        needs=Right(Action.READ_CONFIGURATION),
        errors=(StoreAway,),
    )
    async def plan_config(asked: Asked[ConfigWish]) -> Answer:
        wish, found = read_document(asked.body.document)
        plan = await replanning.plan(asked.actor, wish, prune=asked.body.prune, found=found)
        return PlanShown(
            problems=_problems(plan.problems),
            notes=_problems(plan.notes),
            changes=_changes(plan),
            digest=digest(text_of(plan.now)),
        )


def _add_versions(routes: Routes, replanning: Replanning) -> None:
    @routes.add(
        "GET",
        f"{API}/config/versions",
        "What the configuration was before each change of the whole",
        gives=VersionListing,
        needs=Right(Action.READ_CONFIGURATION),
        errors=(StoreAway,),
    )
    async def list_versions(asked: Asked[None]) -> Answer:
        kept = await replanning.history(asked.actor)
        return VersionListing(
            items=[VersionShown(number=one.number, at=one.at, by=one.by) for one in kept]
        )

    @routes.add(
        "GET",
        f"{API}/config/versions/{{number}}",
        "The configuration as it was",
        gives=ConfigShown,
        needs=Right(Action.READ_CONFIGURATION),
        errors=(NoSuchVersion, StoreAway),
    )
    async def read_version(asked: Asked[None]) -> Answer:
        number = asked.path("number")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise NoSuchVersion
        text = (await replanning.version(asked.actor, int(number))).text
        return ConfigShown(document=json.loads(text), digest=digest(text))


def _add_changes(routes: Routes, replanning: Replanning) -> None:
    @routes.add(
        "GET",
        f"{API}/config/changes",
        "What was changed in the configuration, when and by whom",
        takes=ChangesQuery,
        gives=ChangeListing,
        needs=Right(Action.READ_CONFIGURATION),
        errors=(StoreAway,),
    )
    async def list_changes(asked: Asked[ChangesQuery]) -> Answer:
        wish = asked.body
        found = await replanning.changes(
            asked.actor, wish.before, wish.section or "", wish.id or ""
        )
        return ChangeListing(items=[_made(one) for one in found])


def _add_changing(routes: Routes, replanning: Replanning) -> None:
    @routes.add(
        "POST",
        f"{API}/config/apply",
        "Change all that a document says, or nothing",
        takes=ConfigChange,
        gives=ConfigDone,
        needs=Right(Action.CHANGE_CONFIGURATION),
        errors=(ConfigurationMoved, Invalid, StoreAway),
    )
    async def apply_config(asked: Asked[ConfigChange]) -> Answer:
        body = asked.body
        wish, found = read_document(body.document)
        try:
            done = await replanning.apply(
                asked.actor, wish, prune=body.prune, base=body.digest, found=found
            )
        except Unreadable as unreadable:
            language = language_of(asked.request.headers.get("Accept-Language"))
            raise InvalidRequest(
                [
                    {"field": field_path(p.path), "code": p.code, "detail": p.text[language]}
                    for p in unreadable.problems[:_MOST_PROBLEMS]
                ]
            ) from None
        after = digest(text_of(done.plan.target))
        return ConfigDone(changes=_changes(done.plan), digest=after, kept_as=done.version)


def _changes(plan: Plan) -> list[EntryChange]:
    return [_change(change) for change in changes_of(plan.now, plan.target)]


def _change(change: Change) -> EntryChange:
    fields = [
        FieldChange(field=name, before=before, after=after)
        for name, (before, after) in change.fields.items()
    ]
    return EntryChange(kind=change.kind, section=change.section, id=change.id, fields=fields)


def _made(made: ChangeMade) -> ChangeShown:
    told = _change(made.change)
    return ChangeShown(
        kind=told.kind,
        section=told.section,
        id=told.id,
        fields=told.fields,
        number=made.number,
        at=made.at,
        by=made.by,
    )


def _problems(problems: Sequence[Problem]) -> list[ConfigProblem]:
    return [
        ConfigProblem(code=p.code, path=p.path, field=field_path(p.path), text=p.text)
        for p in problems[:_MOST_PROBLEMS]
    ]
