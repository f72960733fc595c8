"""Flows: which version of each is in force, what is wrong with their files, and reading them again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Listing, Shape
from callcenter.core.access import Action
from callcenter.ports.journal import JournalAway
from callcenter.ports.store import StoreAway
from callcenter.services.configuration import Configuration
from callcenter.services.flows import FlowProblem

# New words are spoken before they are in force, and a large flow has many of them.
_RELOAD_WITHIN: Final = timedelta(minutes=10)


class ProblemShown(Shape):
    """`line` 0: no line of it in particular. `text` is by language: en, zh."""

    flow: str | None
    file: str
    line: int
    code: str
    text: Mapping[str, str]


class FlowShown(Shape):
    """`version` is the one in force; null when none ever was, and its numbers are out of order."""

    id: str
    version: str | None
    numbers: Sequence[str]
    problems: Sequence[ProblemShown]


class FlowListing(Listing[FlowShown]):
    """All flows, by id."""


class Findings(Shape):
    """Everything that is wrong; empty when all is well."""

    problems: Sequence[ProblemShown]


def flow_routes(configuration: Configuration) -> Routes:
    routes = Routes("flows")

    @routes.add(
        "GET",
        f"{API}/flows",
        "All flows, with their version and problems",
        gives=FlowListing,
        needs=Right(Action.READ_FLOWS),
        errors=(StoreAway,),
    )
    async def list_flows(asked: Asked[None]) -> Answer:
        return FlowListing(
            items=[
                FlowShown(
                    id=entry.id,
                    version=entry.version,
                    numbers=entry.numbers,
                    problems=_problems(entry.problems),
                )
                for entry in await configuration.list_flows(asked.actor)
            ]
        )

    @routes.add(
        "POST",
        f"{API}/flows/check",
        "Read the files and say what is wrong; changes nothing",
        gives=Findings,
        needs=Right(Action.READ_FLOWS),
        errors=(StoreAway,),
    )
    async def check_flows(asked: Asked[None]) -> Answer:
        return Findings(problems=_problems(await configuration.check_flows(asked.actor)))

    @routes.add(
        "POST",
        f"{API}/flows/reload",
        "Put in force what is sound; a broken flow keeps its running version",
        gives=Findings,
        needs=Right(Action.CHANGE_FLOWS),
        errors=(StoreAway, JournalAway),
        within=_RELOAD_WITHIN,
    )
    async def reload_flows(asked: Asked[None]) -> Answer:
        return Findings(problems=_problems(await configuration.reload_flows(asked.actor)))

    return routes


def _problems(problems: Iterable[FlowProblem]) -> list[ProblemShown]:
    return [
        ProblemShown(
            flow=problem.flow,
            file=problem.file,
            line=problem.line,
            code=problem.code,
            text=problem.text,
        )
        for problem in problems
    ]
