"""What time brings to the floor, and to whom."""

from enum import Enum

from callcenter.core.ids import AgentId, CallId


class Due(Enum):
    """What is due."""

    LEASE = 1
    WRAP = 2
    REST = 3
    ANNOUNCEMENT = 4


Moment = tuple[Due, AgentId | CallId]
