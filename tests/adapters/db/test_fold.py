"""What facts come to, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.adapters.db.fold import Fold
from callcenter.core.facts.calls import CallArrived, QueueJoined
from callcenter.core.ids import CallId, LegId, QueueId

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL = CallId("c1")
SALES = QueueId("sales")


def test_who_was_heard_of_late_arrived_and_waited_from_when_they_came() -> None:
    fold, came = Fold("j"), NOON - timedelta(minutes=5)
    fold.hear(1, CallArrived(NOON, CALL, LegId(CALL), "", "4000", since=came))
    fold.hear(2, QueueJoined(NOON, CALL, SALES, since=came))
    changes = fold.take_changes()
    assert changes.calls[CALL].arrived_at == came
    assert changes.visits[CALL, 1].enqueued_at == came
