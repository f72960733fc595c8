"""What a caller who waits wants, and how that is eased while they wait.

Easing is a list of steps, each a time after which it is taken; its clock runs on the wait, not on offers. A
queue's rules say which skills are dropped or lowered and whose agents are added; where its strategy goes
down the tiers, opening the next one is a step too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

from callcenter.core.acd.agent_state import AgentRow
from callcenter.core.ids import AgentId, QueueId
from callcenter.core.skills import NO_NEED, Need, lowered, missing, without

# Agents of an added queue come after all of the caller's own, whatever their tier there.
_ADDED_TIER = 1000


@dataclass(frozen=True, slots=True)
class Ease:
    """One step: after this long either a skill is asked for at `to` only (0: no longer), or the agents of
    the queue `add` may serve the caller too. `tier` is opened by the strategy, not written by people."""

    after: timedelta
    skill: str = ""
    to: int = 0
    add: QueueId | None = None
    tier: int | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """Whom a caller may be offered: who meets `requires`, best of all `prefers` too; only `agent`, where
    there is one; no tier below `tier`; from the queue and from those `added`."""

    requires: Need = NO_NEED
    prefers: Need = NO_NEED
    agent: AgentId | None = None
    added: tuple[QueueId, ...] = ()
    tier: int | None = None

    def tier_of(self, agent: AgentRow, queue: QueueId) -> int | None:
        """The tier in which the agent may serve a caller of `queue`; None if they may not."""
        if self.agent is not None and agent.id != self.agent:
            return None
        tier = self._tier(agent, queue)
        if tier is None or (
            self.requires != NO_NEED and missing(self.requires, agent.talents.skills)
        ):
            return None
        return tier

    def _tier(self, agent: AgentRow, queue: QueueId) -> int | None:
        if queue in agent.queues:
            tier = agent.talents.tiers.get(queue, 1)
            if self.tier is None or tier <= self.tier:
                return tier
        for place, other in enumerate(self.added, start=1):
            if other in agent.queues:
                return place * _ADDED_TIER + agent.talents.tiers.get(other, 1)
        return None

    def lacking(self, agent: AgentRow) -> int:
        """How many of the preferred skills they lack."""
        return missing(self.prefers, agent.talents.skills)


ANYBODY = Want()


def eased(want: Want, steps: Iterable[Ease]) -> Want:
    """What is wanted once these steps have been taken."""
    return reduce(_after, steps, want)


def _after(want: Want, step: Ease) -> Want:
    requires, added, tier = want.requires, want.added, want.tier
    if step.skill and step.to:
        requires = lowered(requires, step.skill, step.to)
    elif step.skill:
        requires = without(requires, step.skill)
    if step.add is not None and step.add not in added:
        added = (*added, step.add)
    if step.tier is not None:
        tier = step.tier
    return Want(requires, want.prefers, want.agent, added, tier)


def taken_by(steps: Sequence[Ease], waited: timedelta) -> int:
    """How many of the steps, which are in order of time, are due after so long a wait."""
    return sum(step.after <= waited for step in steps)
