"""A queues.conf as app_queue reads it, and what of it has a counterpart here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.adapters.asterisk.queues_conf import STRATEGIES, Left, Person, read_queues_conf

pytestmark = pytest.mark.adapter

FILE = """\
[general]
persistentmembers = yes
autofill = yes          ; the way it is here anyway

;-- a comment
[commented]
strategy = random
over lines --;
[usual](!)
timeout = 15
wrapuptime=5
strategy = rrmemory
weight = 3

[Sales Team](usual)
musicclass = jazz
announce-frequency = 0
joinempty = no
member => PJSIP/1001,0,Ana Novak
member => PJSIP/1002,2,Bo
member => PJSIP/1003

[support](usual)
timeout = 600           ; longer than anybody is rung here
strategy = ringall
member => Agent/bad,penalty,Chen
"""


def test_queues_their_rules_and_members_are_found() -> None:
    found = read_queues_conf(FILE)
    sales, support = found.queues
    assert sales.id == "sales-team"
    assert sales.rules == {
        "ring_for_seconds": 15,
        "wrap_up_seconds": 5,
        "strategy": "round-robin",
        "music": "jazz",
        "announce_every_seconds": None,
    }
    assert sales.people == (
        Person("ana-novak", "Ana Novak", 1),
        Person("bo", "Bo", 3),
        Person("1003", "1003", 1),
    )
    assert support.rules == {"wrap_up_seconds": 5, "strategy": "ring-all"}


def test_what_has_no_counterpart_is_named_with_its_line() -> None:
    assert read_queues_conf(FILE).left == [
        Left(13, "Sales Team", "weight = 3"),
        Left(18, "Sales Team", "joinempty = no"),
        Left(24, "support", "timeout = 600"),
        Left(13, "support", "weight = 3"),
        Left(26, "support", "member => Agent/bad,penalty,Chen"),
    ]


@pytest.mark.parametrize(("theirs", "ours"), STRATEGIES.items())
def test_every_strategy_with_a_counterpart_is_taken_over(theirs: str, ours: str) -> None:
    (queue,) = read_queues_conf(f"[q]\nstrategy = {theirs}\n").queues
    assert queue.rules == {"strategy": ours}


@given(st.text(alphabet="[]()!=;>,-\\\nabc 123/", max_size=200))
def test_whatever_is_in_the_file_it_is_read(text: str) -> None:
    for queue in read_queues_conf(text).queues:
        assert queue.id
        assert all(person.agent for person in queue.people)
