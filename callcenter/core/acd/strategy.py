"""Which of several free agents is offered the next caller.

A strategy gives each free agent a standing; the least comes first. What a standing is made of changes only
while an agent is busy, so that it holds as long as the agent is listed. By chance there is no order at all:
whoever is drawn comes first.

Counts are of the agent's shift, over all queues, so that a queue cannot load somebody anew whom another one
has kept busy: calls that were answered, and time on the phone with callers.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from callcenter.core.acd.agent_state import AgentRow
from callcenter.core.ids import AgentId

Standing = tuple[float, datetime, AgentId]
Draw = Callable[[int], int]
"""A whole number from 0 to below the given one, by chance."""

_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Strategy(StrEnum):
    """The names under which it is set for a queue."""

    LONGEST_IDLE = "longest-idle"
    ROUND_ROBIN = "round-robin"
    LINEAR = "linear"
    FEWEST_CALLS = "fewest-calls"
    LEAST_TALK = "least-talk"
    RANDOM = "random"


REASONS: Final[Mapping[Strategy, str]] = MappingProxyType(
    {
        Strategy.LONGEST_IDLE: "longest idle",
        Strategy.ROUND_ROBIN: "rung longest ago",
        Strategy.LINEAR: "first in order",
        Strategy.FEWEST_CALLS: "fewest calls",
        Strategy.LEAST_TALK: "least time on the phone",
        Strategy.RANDOM: "drawn by chance",
    }
)


def standing(strategy: Strategy, agent: AgentRow) -> Standing:
    """The place of a free agent among the free; of equals the one who is idle longest comes first."""
    since = agent.idle_since or _ANY_TIME
    match strategy:
        case Strategy.ROUND_ROBIN:
            rung = agent.offered_at.timestamp() if agent.offered_at else 0.0
            return rung, since, agent.id
        case Strategy.LINEAR:
            return 0.0, _ANY_TIME, agent.id
        case Strategy.FEWEST_CALLS:
            return agent.calls, since, agent.id
        case Strategy.LEAST_TALK:
            return agent.talked.total_seconds(), since, agent.id
        case _:
            return 0.0, since, agent.id


def choose(strategy: Strategy, free: Sequence[Standing], draw: Draw) -> AgentId:
    """One of `free`, which is sorted and not empty."""
    place = draw(len(free)) if strategy is Strategy.RANDOM else 0
    return free[place][2]
