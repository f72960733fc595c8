"""Routes, declared once: method, path, shapes, right, errors. Both the server and its papers read them.

The right is checked here before the handler runs. A right that some role has for its own things
only must say whose thing is asked for (`owner`, a name in the path), or that the handler asks the
one who knows (`asked_within`); a declaration that says neither is refused at start, since it would
let agents do to others what they may do to themselves.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar, overload

from aiohttp import web
from pydantic import ValidationError

from callcenter.adapters.http.auth import Authenticator, Who, client_address, is_local
from callcenter.adapters.http.errors import InvalidRequest, NotJson, invalid_request
from callcenter.adapters.http.shapes import Shape
from callcenter.core.access import PERMISSIONS, Action, Actor, Reach, check_may, reach
from callcenter.core.errors import CoreError, NotPermitted
from callcenter.core.ids import AgentId
from callcenter.ports.problems import LoginRequired, NoSuchPage

API: Final = "/api/v1"
PATH_VALUE: Final = re.compile(r"[\w.~@+:-]{1,128}")
_IN_PATH: Final = re.compile(r"\{(\w+)\}")
_WITHIN: Final = timedelta(seconds=30)


class Anybody(Enum):
    """Routes that need no right of their own."""

    PUBLIC = auto()
    SIGNED_IN = auto()


@dataclass(frozen=True, slots=True)
class Right:
    """The right a route needs. `owner` names the agent's id in the path."""

    action: Action
    owner: str | None = None
    asked_within: bool = False
    or_local: bool = False


Needs = Anybody | Right
B = TypeVar("B")
Answer = Shape | web.StreamResponse | None


@dataclass(frozen=True, slots=True)
class Asked(Generic[B]):
    """One request, with everything about it already checked."""

    request: web.Request
    body: B
    who: Who | None

    @property
    def actor(self) -> Actor:
        """Raises: LoginRequired, on a public route."""
        if self.who is None:
            raise LoginRequired
        return self.who.actor

    @property
    def address(self) -> str:
        """Where the request came from."""
        return client_address(self.request)

    def path(self, name: str) -> str:
        """The value of `{name}` in the path."""
        return self.request.match_info[name]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path."""

    method: str
    path: str
    tag: str
    summary: str
    handle: Callable[[Asked[Any]], Awaitable[Answer]]
    needs: Needs
    takes: type[Shape] | None = None
    gives: type[Shape] | None = None
    status: int = 200
    errors: Sequence[type[CoreError]] = ()
    produces: str | None = None
    within: timedelta | None = _WITHIN

    def __post_init__(self) -> None:
        match self.needs:
            case Right(owner=str() as owner) if owner not in self.names_in_path:
                raise ValueError(f"{self.method} {self.path}: no {{{owner}}} in the path")
            case Right(action, owner=None, asked_within=False) if _is_ever_own(action):
                raise ValueError(
                    f"{self.method} {self.path}: {action} can be a right to one's own things only;"
                    " give owner='agent_id', or asked_within=True if the handler's service checks"
                )

    @property
    def names_in_path(self) -> list[str]:
        return _IN_PATH.findall(self.path)

    @property
    def has_body(self) -> bool:
        return self.takes is not None and self.method not in ("GET", "DELETE")


def _is_ever_own(action: Action) -> bool:
    return any(row.get(action) is Reach.OWN for row in PERMISSIONS.values())


@dataclass
class Routes:
    """A file's routes, gathered by decorator."""

    tag: str
    declared: list[Route] = field(default_factory=list)

    @overload
    def add(
        self, method: str, path: str, summary: str, *, takes: type[B], needs: Needs, **more: Any
    ) -> Callable[[Callable[[Asked[B]], Awaitable[Answer]]], None]: ...

    @overload
    def add(
        self, method: str, path: str, summary: str, *, needs: Needs, **more: Any
    ) -> Callable[[Callable[[Asked[None]], Awaitable[Answer]]], None]: ...

    def add(
        self, method: str, path: str, summary: str, *, needs: Needs, **more: Any
    ) -> Callable[[Callable[[Asked[Any]], Awaitable[Answer]]], None]:
        """Declare the decorated handler; `more` is the rest of `Route`."""

        def declare(handle: Callable[[Asked[Any]], Awaitable[Answer]]) -> None:
            self.declared.append(
                Route(method, path, self.tag, summary, handle, needs=needs, **more)
            )

        return declare


def mount(app: web.Application, routes: Sequence[Route], authenticator: Authenticator) -> None:
    """Serve the routes."""
    for route in routes:
        handler = _handler(route, authenticator)
        if route.method == "GET":
            app.router.add_get(route.path, handler)
        else:
            app.router.add_route(route.method, route.path, handler)


def _handler(
    route: Route, authenticator: Authenticator
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        within = route.within.total_seconds() if route.within else None
        async with asyncio.timeout(within):
            _check_path(request)
            who = await _admit(route, request, authenticator)
            body = await _read(route, request)
            return _respond(route, await route.handle(Asked(request, body, who)))

    return handler


def _check_path(request: web.Request) -> None:
    for value in request.match_info.values():
        if not PATH_VALUE.fullmatch(value):
            raise NoSuchPage


async def _admit(route: Route, request: web.Request, authenticator: Authenticator) -> Who | None:
    needs = route.needs
    if needs is Anybody.PUBLIC:
        return None
    if isinstance(needs, Right) and needs.or_local and is_local(request):
        return None
    who = await authenticator.who(request)
    if who is None:
        raise LoginRequired
    if isinstance(needs, Right):
        _check_right(who.actor, needs, request)
    return who


def _check_right(actor: Actor, right: Right, request: web.Request) -> None:
    if right.owner is not None:
        check_may(actor, right.action, agent=AgentId(request.match_info[right.owner]))
    elif reach(actor, right.action) is None:
        raise NotPermitted(f"{actor.role} may not {right.action}")


async def _read(route: Route, request: web.Request) -> Shape | None:
    try:
        if route.has_body and route.takes is not None:
            if request.content_type != "application/json" or "Content-Encoding" in request.headers:
                raise NotJson
            return route.takes.model_validate_json(await request.read(), strict=True)
        if route.takes is not None:
            return route.takes.model_validate(_query(request))
    except ValidationError as error:
        raise invalid_request(error) from None
    if request.query:
        raise InvalidRequest(
            [
                {"field": name[:80], "code": "extra-forbidden", "detail": "not a parameter here"}
                for name in list(request.query)[:20]
            ]
        )
    return None


def _query(request: web.Request) -> dict[str, str | list[str]]:
    """A parameter given once is a text, one given several times a list of them."""
    given = {name: request.query.getall(name) for name in request.query}
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def _respond(route: Route, answer: Answer) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    if answer is None:
        return web.Response(status=204)
    return json_response(answer, route.status)


def json_response(answer: Shape, status: int = 200) -> web.Response:
    """A shape as an answer, for handlers that have something to add to it."""
    return web.Response(
        status=status,
        body=answer.model_dump_json().encode("utf-8", "replace"),
        content_type="application/json",
    )
