"""What the bench of killed engines makes of logs, wire and rows."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from callcenter.bench.capture import Invite, Seen
from callcenter.bench.kills import Judgement, Recovery, Rows, judge, overtaken, read_log, recovery
from callcenter.testing.sipp import Outcome

pytestmark = pytest.mark.core

KILLED = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def line(after: float, what: str, **more: object) -> bytes:
    at = (KILLED + timedelta(seconds=after)).isoformat()
    return json.dumps({"at": at, "what": what, **more}).encode() + b"\n"


def carried(successful: int, failed: int = 0) -> Outcome:
    lasted = timedelta(seconds=1)
    return Outcome(successful + failed, successful, failed, 0, lasted, lasted, 0, (), "")


def invite(at: float, number: str, *, to_switch: bool) -> Invite:
    return Invite(at, number, "agent", to_switch, f"{number}-{to_switch}-{at}")


TWO_CAME = (invite(1, "a", to_switch=True), invite(2, "b", to_switch=True))
A_THEN_B = (invite(3, "a", to_switch=False), invite(4, "b", to_switch=False))
B_THEN_A = (invite(3, "b", to_switch=False), invite(4, "a", to_switch=False))
KEPT = Rows(["a", "b"], ["a", "b"], visits=2, facts_missing=0)
NOW = timedelta()


def test_a_recovery_is_counted_from_the_kill_and_from_the_open_socket() -> None:
    log = (
        line(-1, "switch followed", waited=0)
        + line(0.3, "journal replayed", facts=90, calls=7)
        + line(0.5, "events socket open", app="cc")
        + line(0.75, "switch followed", waited=2)
        + line(9, "switch followed", waited=0)
    )
    assert recovery(read_log(log), KILLED, 40.0) == [Recovery(7, 750.0, 250.0, 40.0)]


def test_a_socket_that_was_opened_again_counts_from_the_last_time() -> None:
    log = line(0.2, "events socket open") + line(1.2, "events socket open")
    log += line(1.5, "switch followed")
    assert [one.rebuilt for one in recovery(read_log(log), KILLED, 40.0)] == [300.0]


def test_nothing_is_found_while_no_engine_decides() -> None:
    half = line(0.75, "switch followed")[:-20]
    assert recovery(read_log(line(0.5, "events socket open") + half), KILLED, 40.0) == []


def test_callers_who_were_all_served_in_their_order_show_no_flaw() -> None:
    judged = judge(carried(2), Seen(TWO_CAME + A_THEN_B, 0, 0), 0, KEPT)
    assert judged == Judgement(2, 2, 0, 0, 0, 0, 0, 0, 0)
    assert judged.flaws == {}


@pytest.mark.parametrize(
    ("flaw", "outcome", "rang", "legs_left", "kept"),
    [
        ("cut_off", carried(1, failed=1), A_THEN_B, 0, KEPT),
        ("cut_off", carried(1), A_THEN_B, 0, KEPT),
        ("overtaken", carried(2), B_THEN_A, 0, KEPT),
        ("overtaken", carried(2), A_THEN_B, 0, Rows(["a", "b"], ["b", "a"], 2, 0)),
        ("rung_twice", carried(2), (*A_THEN_B, invite(5, "a", to_switch=False)), 0, KEPT),
        ("legs_left", carried(2), A_THEN_B, 1, KEPT),
        ("rows_missing", carried(2), A_THEN_B, 0, Rows(["a"], ["a", "b"], 1, 0)),
        ("rows_double", carried(2), A_THEN_B, 0, Rows(["a", "b", "b"], ["a", "b"], 2, 0)),
        ("rows_double", carried(2), A_THEN_B, 0, Rows(["a", "b"], ["a", "b"], 3, 0)),
        ("facts_missing", carried(2), A_THEN_B, 0, Rows(["a", "b"], ["a", "b"], 2, 1)),
    ],
)
def test_each_flaw_is_seen(
    flaw: str, outcome: Outcome, rang: tuple[Invite, ...], legs_left: int, kept: Rows
) -> None:
    assert judge(outcome, Seen(TWO_CAME + rang, 0, 0), legs_left, kept).flaws == {flaw: 1}


def test_two_who_ring_in_one_breath_may_pass_each_other_on_the_wire() -> None:
    rang = (invite(4, "b", to_switch=False), invite(4.3, "a", to_switch=False))
    assert judge(carried(2), Seen(TWO_CAME + rang, 0, 0), 0, KEPT).flaws == {}


def test_whoever_was_not_served_overtook_nobody() -> None:
    assert overtaken([(0, 1.0), (2, 1.0), (5, 1.0)], NOW) == 0
    assert overtaken([(2, 1.0), (0, 1.0), (1, 1.0), (5, 1.0)], NOW) == 2
