"""Which of several free agents is offered the next caller.

A strategy gives each free agent a standing; the least comes first. What a standing is made of changes only
while an agent is busy, so that it holds as long as the agent is listed. The tier comes before everything
else, then how many of the preferred skills are lacking, then what the strategy goes by. By chance there is
no order among those whose tier and skills are alike: whoever is drawn comes first. Where all are rung at
once, that is all of those who are alike.

Counts are of the agent's shift, over all queues, so that a queue cannot load somebody anew whom another one
has kept busy: calls that were answered, and time on the phone with callers.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import accumulate, takewhile
from types import MappingProxyType
from typing import Final

from callcenter.core.acd.agent_state import AgentRow
from callcenter.core.ids import AgentId

Standing = tuple[int, int, float, datetime, AgentId]
"""Tier, preferred skills lacking, the strategy's measure, idle since, who."""
Draw = Callable[[int], int]
"""A whole number from 0 to below the given one, by chance."""

_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Strategy(StrEnum):
    """The names under which it is set for a queue."""

    LONGEST_IDLE = "longest-idle"
    RING_ALL = "ring-all"
    ROUND_ROBIN = "round-robin"
    LINEAR = "linear"
    FEWEST_CALLS = "fewest-calls"
    LEAST_TALK = "least-talk"
    RANDOM = "random"
    WEIGHTED_RANDOM = "weighted-random"
    TOP_DOWN = "top-down"


REASONS: Final[Mapping[Strategy, tuple[str, str]]] = MappingProxyType(
    {
        Strategy.LONGEST_IDLE: ("longest idle", "空闲最久"),
        Strategy.RING_ALL: ("all rung at once", "全部同时振铃"),
        Strategy.ROUND_ROBIN: ("rung longest ago", "最久未振铃"),
        Strategy.LINEAR: ("first in order", "顺序最前"),
        Strategy.FEWEST_CALLS: ("fewest calls", "接听最少"),
        Strategy.LEAST_TALK: ("least time on the phone", "通话时长最短"),
        Strategy.RANDOM: ("drawn by chance", "随机抽取"),
        Strategy.WEIGHTED_RANDOM: ("drawn by chance and weight", "按权重随机抽取"),
        Strategy.TOP_DOWN: ("highest tier, then longest idle", "层级最高，其次空闲最久"),
    }
)
"""Why somebody was chosen, in English and Chinese."""

BY_CHANCE: Final = frozenset({Strategy.RANDOM, Strategy.WEIGHTED_RANDOM})


def standing(strategy: Strategy, agent: AgentRow, tier: int = 1, lacking: int = 0) -> Standing:
    """The place of a free agent among the free; of equals the one who is idle longest comes first."""
    since = agent.idle_since or _ANY_TIME
    match strategy:
        case Strategy.ROUND_ROBIN:
            rung = agent.offered_at.timestamp() if agent.offered_at else 0.0
            return tier, lacking, rung, since, agent.id
        case Strategy.LINEAR:
            return tier, lacking, 0.0, _ANY_TIME, agent.id
        case Strategy.FEWEST_CALLS:
            return tier, lacking, agent.calls, since, agent.id
        case Strategy.LEAST_TALK:
            return tier, lacking, agent.talked.total_seconds(), since, agent.id
        case _:
            return tier, lacking, 0.0, since, agent.id


def choose(
    strategy: Strategy,
    free: Sequence[Standing],
    draw: Draw,
    weight: Callable[[AgentId], int] = lambda agent: 1,
) -> tuple[Standing, int | None]:
    """One of `free`, which is sorted and not empty, and what was drawn, if anything was. `weight`: above 0;
    who has twice as much is drawn twice as often."""
    if strategy not in BY_CHANCE:
        return free[0], None
    best = free[0][:2]
    alike = list(takewhile(lambda one: one[:2] == best, free))
    if strategy is Strategy.RANDOM:
        drawn = draw(len(alike))
        return alike[drawn], drawn
    ends = list(accumulate(weight(one[-1]) for one in alike))
    drawn = draw(ends[-1])
    return alike[bisect_right(ends, drawn)], drawn
