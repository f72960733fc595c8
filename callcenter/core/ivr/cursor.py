"""Where a caller stands in a flow, small enough to write down with every fact of the call."""

from dataclasses import dataclass
from enum import StrEnum

from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import Language, NodeId

Variables = tuple[tuple[str, str], ...]


class Phase(StrEnum):
    """What is going on at the node."""

    SAYING = "saying"  # a prompt is running
    LISTENING = "listening"  # the menu's prompt is over and its deadline runs


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one version of one flow.

    `said` counts how often the present menu was said; `digits` are those collected at this node so far, and
    `variables` what was collected before, by name. `drifted` counts the nodes entered since the
    caller last pressed a key that a menu took: what bounds a flow that runs in a ring.
    """

    flow: FlowId
    version: str
    node: NodeId
    language: Language
    phase: Phase
    said: int = 1
    drifted: int = 1
    digits: str = ""
    variables: Variables = ()
