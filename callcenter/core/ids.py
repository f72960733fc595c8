"""The names of things, as types, and the one rule by which derived names are made.

Every id that goes to the switch is derived from the call's own id and a counter kept in the
call's state. The same command sent twice therefore names the same thing, and the switch refuses
the second one instead of ringing a second phone.
"""

import re
from typing import NewType

CallId = NewType("CallId", str)
LegId = NewType("LegId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
FlowId = NewType("FlowId", str)
BridgeId = NewType("BridgeId", str)
PromptId = NewType("PromptId", str)

_OFFER_LEG = re.compile(r"ag-(.+)-([0-9]{1,9})", re.ASCII)
_CALLED_LEG = re.compile(r"cu-(.+)-([0-9]{1,9})", re.ASCII)
_PROMPT = re.compile(r"pb-(.+)-([0-9]{1,9})", re.ASCII)


def offer_leg(call: CallId, offer: int) -> LegId:
    """The leg that rings an agent for the call's `offer`-th offer."""
    return LegId(f"ag-{call}-{offer}")


def is_offer_leg(leg: LegId) -> bool:
    """Whether this leg was made to ring an agent."""
    return _OFFER_LEG.fullmatch(leg) is not None


def offer_of(leg: LegId) -> tuple[CallId, int]:
    """The call and the offer's number behind an agent's leg; ValueError for any other leg."""
    found = _OFFER_LEG.fullmatch(leg)
    if found is None:
        raise ValueError("not an offer's leg")
    return CallId(found[1]), int(found[2])


def called_leg(call: CallId, attempt: int) -> LegId:
    """The leg by which the caller is called back, the `attempt`-th time."""
    return LegId(f"cu-{call}-{attempt}")


def is_called_leg(leg: LegId) -> bool:
    """Whether this leg was made to call a caller back."""
    return _CALLED_LEG.fullmatch(leg) is not None


def attempt_of(leg: LegId) -> tuple[CallId, int]:
    """The call and the number of the attempt behind such a leg; ValueError for any other leg."""
    found = _CALLED_LEG.fullmatch(leg)
    if found is None:
        raise ValueError("nobody is called back by this leg")
    return CallId(found[1]), int(found[2])


def call_of(leg: LegId) -> CallId:
    """The call a leg belongs to: the leg that a caller came by gives the call its name."""
    found = _OFFER_LEG.fullmatch(leg) or _CALLED_LEG.fullmatch(leg)
    return CallId(found[1]) if found else CallId(leg)


def prompt_id(call: CallId, number: int) -> PromptId:
    """The `number`-th thing said to the caller."""
    return PromptId(f"pb-{call}-{number}")


def prompt_of(prompt: PromptId) -> tuple[CallId, int]:
    """The call and the count behind a prompt's id; ValueError for any other id."""
    found = _PROMPT.fullmatch(prompt)
    if found is None:
        raise ValueError("not a prompt of a call")
    return CallId(found[1]), int(found[2])
