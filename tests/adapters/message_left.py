"""A message that a caller left, for tests of what is done with it."""

from datetime import UTC, datetime, timedelta

from callcenter.core.ids import CallId
from callcenter.ports.messages import Message

ARRIVED = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE = Message(
    call=CallId("cc1-1732246380.1"),
    ani="+4917139200",
    dnis="4101",
    arrived_at=ARRIVED,
    received_at=ARRIVED + timedelta(minutes=5),
    duration=timedelta(seconds=4.25),
    sha256="0" * 64,
    size=8,
    path="messages/cc1-1732246380.1.wav",
)
