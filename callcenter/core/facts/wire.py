"""Facts as plain data and back: stable names (`call.arrived`), one table.

Encoding needs no code of its own: a fact is a dataclass of text, numbers, enums and aware datetimes, and of
tuples of dataclasses like it. `from_wire` is its inverse and says which name or field it cannot read.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from types import MappingProxyType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from callcenter.core.facts import agents, calls, centre
from callcenter.core.facts.agents import AgentFact
from callcenter.core.facts.calls import CallFact
from callcenter.core.facts.centre import FloorConfigured

Fact = CallFact | AgentFact | FloorConfigured

NAMES: Final[Mapping[str, type[Fact]]] = MappingProxyType(
    {
        "call.arrived": calls.CallArrived,
        "call.prompt_ended": calls.PromptEnded,
        "call.digit_pressed": calls.DigitPressed,
        "call.node_entered": calls.NodeEntered,
        "call.queue_joined": calls.QueueJoined,
        "call.queue_left": calls.QueueLeft,
        "call.want_eased": calls.WantEased,
        "call.want_changed": calls.WantChanged,
        "call.position_reached": calls.PositionReached,
        "call.agent_offered": calls.AgentOffered,
        "call.agent_ringing": calls.AgentRinging,
        "call.greeting_began": calls.GreetingBegan,
        "call.agent_answered": calls.AgentAnswered,
        "call.offer_ended": calls.OfferEnded,
        "call.leg_ended": calls.LegEnded,
        "call.deadline_passed": calls.DeadlinePassed,
        "call.resumed": calls.CallResumed,
        "call.hang_up_asked": calls.HangUpAsked,
        "call.callback_agreed": calls.CallbackAgreed,
        "call.caller_dialled": calls.CallerDialled,
        "call.caller_answered": calls.CallerAnswered,
        "call.caller_unreached": calls.CallerUnreached,
        "call.callback_over": calls.CallbackOver,
        "call.ended": calls.CallEnded,
        "agent.signed_in": agents.AgentSignedIn,
        "agent.presence_changed": agents.PresenceChanged,
        "agent.device_reachable": agents.DeviceReachable,
        "agent.wrap_ended": agents.WrapEnded,
        "agent.wrap_extended": agents.WrapExtended,
        "agent.filed": agents.CallFiled,
        "agent.rest_ended": agents.RestEnded,
        "agent.restored": agents.AgentRestored,
        "floor.configured": centre.FloorConfigured,
    }
)
_NAME_OF: Final[Mapping[type[Fact], str]] = {kind: name for name, kind in NAMES.items()}


class UnreadableFact(ValueError):
    """A line that is no fact we know: written by a newer version, or damaged."""


def name_of(fact: Fact) -> str:
    """The stable name of the fact's kind."""
    return _NAME_OF[type(fact)]


def from_wire(name: str, data: Mapping[str, Any]) -> Fact:
    """The fact that was written as `name` and `data`.

    Raises:
        UnreadableFact: naming the kind or the field that cannot be read.
    """
    try:
        kind, readers = NAMES[name], _READERS[name]
    except (KeyError, TypeError):
        raise UnreadableFact(f"no fact is called {name!r}") from None
    return kind(**_values(name, readers, data))


def _values(name: str, readers: "_Readers", data: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field, read in readers:
        if field.name in data:
            try:
                values[field.name] = read(data[field.name])
            except UnreadableFact as error:
                raise UnreadableFact(f"{name}.{field.name}.{error}") from None
            except (TypeError, ValueError, OverflowError) as error:
                raise UnreadableFact(f"{name}.{field.name}: {type(error).__name__}") from None
        elif field.default is MISSING:
            raise UnreadableFact(f"{name}.{field.name} is missing")
    return values


def _reader(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) in (Union, UnionType):  # a NewType | None is the old Union
        inner = _reader(next(arg for arg in get_args(hint) if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        one = _reader(get_args(hint)[0])
        return lambda value: tuple(map(one, _exactly(list)(value)))
    if is_dataclass(hint):
        return _whole(hint)
    hint = getattr(hint, "__supertype__", hint)
    if hint is datetime:
        return _aware
    if hint is float:
        return _finite
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return _exactly(hint)


def _whole(kind: Any) -> Callable[[Any], Any]:
    readers = _readers(kind)
    return lambda value: kind(**_values(kind.__name__, readers, _exactly(dict)(value)))


def _aware(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return at


def _finite(value: Any) -> float:
    if type(value) not in (int, float) or not isfinite(value):
        raise ValueError("not a finite number")
    return float(value)


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(kind.__name__)
        return value

    return read


def _readers(kind: type[Any]) -> "_Readers":
    hints = get_type_hints(kind)
    return tuple((field, _reader(hints[field.name])) for field in fields(kind))


_Readers = tuple[tuple[Field[Any], Callable[[Any], Any]], ...]
_READERS: Final = {name: _readers(kind) for name, kind in NAMES.items()}
