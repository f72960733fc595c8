"""The names of things, as types, and the one rule by which derived names are made.

Every id that goes to the switch is derived from the call's own id and a counter kept in the
call's state. The same command sent twice therefore names the same thing, and the switch refuses
the second one instead of ringing a second phone.
"""

from typing import NewType

CallId = NewType("CallId", str)
LegId = NewType("LegId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
FlowId = NewType("FlowId", str)
BridgeId = NewType("BridgeId", str)
PromptId = NewType("PromptId", str)

_OFFER_PREFIX = "ag-"


def offer_leg(call: CallId, offer: int) -> LegId:
    """The leg that rings an agent for the call's `offer`-th offer."""
    return LegId(f"{_OFFER_PREFIX}{call}-{offer}")


def is_offer_leg(leg: LegId) -> bool:
    """Whether this leg was made to ring an agent."""
    return leg.startswith(_OFFER_PREFIX)


def offer_of(leg: LegId) -> tuple[CallId, int]:
    """The call and the offer's number behind an agent's leg; ValueError for any other leg."""
    head, _, number = leg.removeprefix(_OFFER_PREFIX).rpartition("-")
    if not is_offer_leg(leg) or not head:
        raise ValueError("not an offer's leg")
    return CallId(head), int(number)


def bridge_of(call: CallId) -> BridgeId:
    """The bridge in which the call's parties talk."""
    return BridgeId(f"br-{call}")


def prompt_id(call: CallId, number: int) -> PromptId:
    """The `number`-th thing said to the caller."""
    return PromptId(f"pb-{call}-{number}")


def prompt_of(prompt: PromptId) -> tuple[CallId, int]:
    """The call and the count behind a prompt's id; ValueError for any other id."""
    head, _, number = prompt.removeprefix("pb-").rpartition("-")
    if not prompt.startswith("pb-") or not head:
        raise ValueError("not a prompt of a call")
    return CallId(head), int(number)
