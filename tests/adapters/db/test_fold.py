"""What facts come to, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.adapters.db.fold import Fold
from callcenter.core.facts.agents import AgentSignedIn, CallFiled
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallArrived,
    CallEnded,
    CallerAnswered,
    CallerUnreached,
    CallFact,
    EndedBy,
    LeftBy,
    LegCause,
    NodeEntered,
    Outcome,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.ids import AgentId, CallId, LegId, QueueId
from callcenter.ports.history import Exit

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL = CallId("c1")
SALES = QueueId("sales")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_end_of_a_call_ends_the_wait(outcome: Outcome) -> None:
    fold = Fold("j")
    fold.hear(1, CallArrived(NOON, CALL, LegId(CALL), "", "4000"))
    fold.hear(2, QueueJoined(NOON, CALL, SALES))
    fold.hear(3, CallEnded(NOON, CALL, outcome, EndedBy.SUPERVISOR))
    exits = fold.take_changes().visits[CALL, 1].exit
    assert (exits is Exit.ABANDONED) == (outcome is Outcome.ABANDONED)


def test_the_language_of_a_call_is_the_last_one_spoken() -> None:
    fold = Fold("j")
    fold.hear(1, CallArrived(NOON, CALL, LegId(CALL), "", "4000"))
    fold.hear(2, NodeEntered(NOON, CALL, "menu", "v1", "ask", "zh"))
    fold.hear(3, NodeEntered(NOON, CALL, "menu", "v1", "english", "en"))
    fold.hear(4, NodeEntered(NOON, CALL, "menu", "v1", "old"))  # written before it was known
    record = fold.take_changes().calls[CALL]
    assert (record.flow, record.language) == ("menu", "en")


def test_who_leaves_a_queue_that_is_deleted_waits_no_longer() -> None:
    fold = Fold("j")
    fold.hear(1, CallArrived(NOON, CALL, LegId(CALL), "", "4000"))
    fold.hear(2, QueueJoined(NOON, CALL, SALES))
    fold.hear(3, QueueLeft(NOON + timedelta(seconds=9), CALL, SALES))
    visit = fold.take_changes().visits[CALL, 1]
    assert (visit.exit, visit.waited) == (Exit.MOVED, timedelta(seconds=9))


@pytest.mark.parametrize(
    "why", [why for why in LeftBy if why is not LeftBy.GONE and why is not LeftBy.HOURS]
)
def test_whoever_leaves_a_queue_unserved_flows_out_by_what_opened_the_way(why: LeftBy) -> None:
    fold = Fold("j")
    fold.hear(1, CallArrived(NOON, CALL, LegId(CALL), "", "4000"))
    fold.hear(2, QueueJoined(NOON, CALL, SALES))
    fold.hear(3, QueueLeft(NOON, CALL, SALES, why))
    assert fold.take_changes().visits[CALL, 1].exit == f"flow-out-{why}"


def test_who_was_heard_of_late_arrived_and_waited_from_when_they_came() -> None:
    fold, came = Fold("j"), NOON - timedelta(minutes=5)
    fold.hear(1, CallArrived(NOON, CALL, LegId(CALL), "", "4000", since=came))
    fold.hear(2, QueueJoined(NOON, CALL, SALES, since=came))
    changes = fold.take_changes()
    assert changes.calls[CALL].arrived_at == came
    assert changes.visits[CALL, 1].enqueued_at == came


def test_what_a_call_came_to_is_a_part_of_its_record_and_the_last_word_counts() -> None:
    fold = Fold("here")
    fold.hear(1, CallArrived(NOON, CALL, LegId(CALL), "+491", "1"))
    fold.hear(2, CallFiled(NOON, AgentId("ana"), CALL, "sold"))
    fold.hear(3, CallFiled(NOON, AgentId("ana"), CALL, "lost"))
    fold.hear(4, CallFiled(NOON, AgentId("ana"), CallId("unknown"), "sold"))
    changed = fold.take_changes().calls
    assert [(record.call, record.disposition) for record in changed.values()] == [(CALL, "lost")]


def called_back(*more: CallFact) -> Fold:
    """An agent is on the line, and the caller's phone rings."""
    fold, ana = Fold("j"), AgentId("ana")
    story = (
        AgentSignedIn(NOON, ana, "sip:ana"),
        CallArrived(NOON, CALL, LegId(CALL), "+491", "4000"),
        QueueJoined(NOON, CALL, SALES, since=NOON - timedelta(minutes=9), is_kept=True),
        AgentOffered(NOON, CALL, SALES, ana, 1, "sip:ana", "why"),
        AgentAnswered(NOON, CALL, ana, 1),
    )
    for number, fact in enumerate((*story, *more), start=1):
        fold.hear(number, fact)
    return fold


def test_who_was_called_back_was_answered_when_they_answered_themselves() -> None:
    later = NOON + timedelta(seconds=7)
    changes = called_back(CallerAnswered(later, CALL, 1)).take_changes()
    assert changes.calls[CALL].answered_at == later
    assert (changes.visits[CALL, 1].is_kept, changes.visits[CALL, 1].exit) == (True, Exit.ANSWERED)


def test_who_was_called_back_in_vain_was_not_answered_and_their_agent_is_idle_again() -> None:
    later = NOON + timedelta(seconds=30)
    in_vain = CallerUnreached(later, CALL, 1, LegCause.NO_ANSWER, AgentId("ana"))
    changes = called_back(in_vain).take_changes()
    record = changes.calls[CALL]
    assert (record.answered_at, record.agent) == (None, None)
    assert changes.visits[CALL, 1].exit is Exit.UNREACHED
    assert [s.state for s in changes.spans.values() if s.ended_at is None and not s.reason] == [
        "idle"
    ]
