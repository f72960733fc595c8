"""The names of what the centre itself says, apart from any flow: they live in the system flow.

An operator may change the words in that flow's file, not the names.
"""

from typing import Final

from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import PromptName

SYSTEM_FLOW: Final = FlowId("system")

UNKNOWN_NUMBER: Final = PromptName("unknown-number")
OUT_OF_ORDER: Final = PromptName("out-of-order")
QUEUE_WAIT: Final = PromptName("queue-wait")
QUEUE_NO_AGENTS: Final = PromptName("queue-no-agents")
GOODBYE: Final = PromptName("goodbye")
# Asked of an agent whose device is an outside number, so that no mailbox takes the call.
AGENT_ACCEPT: Final = PromptName("agent-accept")
# Said by the fallback to whom nobody could serve while no engine decides.
LINES_BUSY: Final = PromptName("lines-busy")
LEAVE_MESSAGE: Final = PromptName("leave-message")

# Said to whom we call back, before they are connected.
CALLBACK_HERE: Final = PromptName("callback-here")

LAST_POSITION: Final = 20
_MORE: Final = PromptName("queue-position-more")


def queue_position(position: int) -> PromptName:
    """How a caller is told that they are the `position`-th in line, counted from 1."""
    return PromptName(f"queue-position-{position}") if position <= LAST_POSITION else _MORE


SYSTEM_PROMPTS: Final = frozenset(
    {UNKNOWN_NUMBER, OUT_OF_ORDER, QUEUE_WAIT, QUEUE_NO_AGENTS, GOODBYE, AGENT_ACCEPT}
    | {LEAVE_MESSAGE, LINES_BUSY, CALLBACK_HERE, _MORE}
    | {queue_position(n) for n in range(1, LAST_POSITION + 1)}
)
