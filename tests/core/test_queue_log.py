"""Each fact's lines in queue_log, and that nothing anybody is called breaks one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.facts.agents import AgentRestored, AgentSignedIn, Presence, PresenceChanged
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallArrived,
    CallEnded,
    EndedBy,
    LeftBy,
    OfferEnd,
    OfferEnded,
    Outcome,
    QueueJoined,
    QueueLeft,
    WantChanged,
)
from callcenter.core.facts.centre import AgentSet, FloorConfigured, QueueServed, QueueSet
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, FlowId, LegId, QueueId
from callcenter.core.queue_log import NEVER_RANG, RANG_OUT, QueueLog

pytestmark = pytest.mark.core

NOON: Final = datetime(2026, 3, 1, 12, 0, 0, 700_000, tzinfo=UTC)
EPOCH: Final = int(NOON.timestamp())
SALES: Final = QueueId("sales")
ANA, BO = AgentId("ana"), AgentId("bo")
FIRST, SECOND = CallId("cc1-1.1"), CallId("cc1-1.2")
ANI: Final = "+493012345"
FIELDS: Final = {
    "ENTERQUEUE": 8,
    "CONNECT": 8,
    "COMPLETECALLER": 8,
    "COMPLETEAGENT": 8,
    "ABANDON": 8,
    "EXITEMPTY": 8,
    "EXITWITHTIMEOUT": 8,
    "EXITWITHKEY": 9,
}
"""How many an event has; 6 where it is not here."""


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def joins(
    call: CallId = FIRST, seconds: float = 0.0, priority: float = 0.0, ani: str = ANI
) -> list[Fact]:
    return [
        CallArrived(at(seconds), call, LegId(call), ani, "4000"),
        QueueJoined(at(seconds), call, SALES, priority),
    ]


def rings(agent: AgentId = ANA, seconds: float = 1.0, offer: int = 1) -> list[Fact]:
    return [
        AgentOffered(at(seconds), FIRST, SALES, agent, offer, f"sip:agent-{agent}", "longest idle"),
        AgentRinging(at(seconds), FIRST, agent, offer),
    ]


def answers(agent: AgentId = ANA, seconds: float = 4.0, offer: int = 1) -> AgentAnswered:
    return AgentAnswered(at(seconds), FIRST, agent, offer)


def offer_ends(why: OfferEnd, seconds: float = 6.25, agent: AgentId = ANA) -> OfferEnded:
    return OfferEnded(at(seconds), FIRST, agent, 1, why)


def ends(
    outcome: Outcome, by: EndedBy = EndedBy.CALLER, seconds: float = 9.0, call: CallId = FIRST
) -> CallEnded:
    return CallEnded(at(seconds), call, outcome, by)


def queue_set(queue: QueueId) -> QueueSet:
    return QueueSet(queue, "longest-idle", 20.0, 10.0, 2, 15.0, 0.0, 4.0, None)


def configured(**served: tuple[str, ...]) -> FloorConfigured:
    queues = sorted({queue for some in served.values() for queue in some})
    agents = [
        AgentSet(AgentId(agent), tuple(QueueServed(QueueId(queue), 1, 1) for queue in some))
        for agent, some in served.items()
    ]
    return FloorConfigured(NOON, tuple(queue_set(QueueId(q)) for q in queues), tuple(agents))


def heard(facts: Iterable[Fact], log: QueueLog | None = None) -> list[str]:
    log = log or QueueLog()
    return [line for number, fact in enumerate(facts, 1) for line in log.hear(number, fact)]


def seconds_and(line: str) -> str:
    """The line with its time as seconds after noon."""
    epoch, _, rest = line.partition("|")
    return f"{int(epoch) - EPOCH} {rest}"


def said(*facts: Fact) -> list[str]:
    return [seconds_and(line) for line in heard(facts)]


ENTERED: Final = f"0 {FIRST}|sales|NONE|ENTERQUEUE||{ANI}|1"


# ── calls ──


@pytest.mark.parametrize(
    ("by", "event"),
    [
        (EndedBy.CALLER, "COMPLETECALLER"),
        (EndedBy.AGENT, "COMPLETEAGENT"),
        (EndedBy.SUPERVISOR, "COMPLETECALLER"),
        (EndedBy.SWITCH, "COMPLETECALLER"),
    ],
)
def test_a_conversation_has_three_lines(by: EndedBy, event: str) -> None:
    facts = [*joins(), *rings(), answers(), ends(Outcome.ANSWERED, by)]
    assert said(*facts) == [
        ENTERED,
        f"4 {FIRST}|sales|ana|CONNECT|4|ag-{FIRST}-1|3",
        f"9 {FIRST}|sales|ana|{event}|4|5|1",
    ]


def test_seconds_are_counted_from_second_to_second() -> None:
    facts = [*joins(), *rings(seconds=0.2), answers(seconds=0.35)]
    assert said(*facts)[-1] == f"1 {FIRST}|sales|ana|CONNECT|1|ag-{FIRST}-1|1"


def test_a_wait_counts_from_when_the_caller_came() -> None:
    arrived, joined = joins(seconds=30)
    assert isinstance(joined, QueueJoined)
    since = QueueJoined(joined.at, joined.call, joined.queue, since=at(10))
    facts = [arrived, since, ends(Outcome.ABANDONED, seconds=40)]
    assert said(*facts)[-1] == f"40 {FIRST}|sales|NONE|ABANDON|1|1|30"


def test_who_gives_up_leaves_the_place_they_came_to() -> None:
    facts: list[Fact] = [
        *joins(FIRST),
        *joins(SECOND, 1),
        ends(Outcome.ABANDONED, seconds=5, call=FIRST),
        ends(Outcome.ABANDONED, seconds=8, call=SECOND),
    ]
    assert said(*facts)[1:] == [
        f"1 {SECOND}|sales|NONE|ENTERQUEUE||{ANI}|2",
        f"5 {FIRST}|sales|NONE|ABANDON|1|1|5",
        f"8 {SECOND}|sales|NONE|ABANDON|1|2|7",
    ]


def test_priority_decides_the_place() -> None:
    facts: list[Fact] = [
        *joins(FIRST),
        *joins(SECOND, 1, priority=60),
        WantChanged(at(2), FIRST, "", "", priority=120),
        ends(Outcome.ABANDONED, seconds=5, call=SECOND),
    ]
    assert [line.rpartition("|")[0] for line in said(*facts)[1:]] == [
        f"1 {SECOND}|sales|NONE|ENTERQUEUE||{ANI}",
        f"5 {SECOND}|sales|NONE|ABANDON|2|1",
    ]


def test_whoever_talks_has_no_place_in_the_queue() -> None:
    facts = [*joins(FIRST), *rings(), answers(), *joins(SECOND, 5)]
    assert said(*facts)[-1] == f"5 {SECOND}|sales|NONE|ENTERQUEUE||{ANI}|1"


@pytest.mark.parametrize("why", sorted(RANG_OUT))
def test_an_agent_who_does_not_take_the_call_is_told_of(why: OfferEnd) -> None:
    facts = [*joins(), *rings(), offer_ends(why), *rings(BO, 7, 2), answers(BO, 8, 2)]
    assert said(*facts) == [
        ENTERED,
        f"6 {FIRST}|sales|ana|RINGNOANSWER|5250",
        f"8 {FIRST}|sales|bo|CONNECT|8|ag-{FIRST}-2|1",
    ]


@pytest.mark.parametrize("why", [OfferEnd.CALLER_GONE, OfferEnd.WITHDRAWN])
def test_a_phone_that_stops_to_ring_through_no_fault_of_the_agents(why: OfferEnd) -> None:
    assert said(*joins(), *rings(), offer_ends(why))[1:] == [
        f"6 {FIRST}|sales|ana|RINGCANCELED|5250"
    ]


@pytest.mark.parametrize("why", sorted(NEVER_RANG))
def test_a_phone_that_could_not_be_rung_has_no_line(why: OfferEnd) -> None:
    assert said(*joins(), *rings(), offer_ends(why)) == [ENTERED]


def test_a_lease_that_lapsed_is_told_of_if_the_phone_rang() -> None:
    offered, ringing = rings()
    lapsed = offer_ends(OfferEnd.LAPSED)
    assert said(*joins(), offered, lapsed) == [ENTERED]
    assert said(*joins(), offered, ringing, lapsed)[1:] == [
        f"6 {FIRST}|sales|ana|RINGNOANSWER|5250"
    ]


def test_of_several_phones_the_first_that_is_answered_counts() -> None:
    facts = [*joins(), *rings(ANA, 1, 1), *rings(BO, 1, 2), answers(BO, 3, 2), answers(ANA, 3, 1)]
    facts += [offer_ends(OfferEnd.WITHDRAWN, 3.5), ends(Outcome.ANSWERED)]
    assert said(*facts)[1:] == [
        f"3 {FIRST}|sales|bo|CONNECT|3|ag-{FIRST}-2|2",
        f"9 {FIRST}|sales|bo|COMPLETECALLER|3|6|1",
    ]


def test_giving_up_while_it_rings_ends_the_ringing_first() -> None:
    gone = offer_ends(OfferEnd.CALLER_GONE)
    assert said(*joins(), *rings(), gone, ends(Outcome.ABANDONED, seconds=6.25))[1:] == [
        f"6 {FIRST}|sales|ana|RINGCANCELED|5250",
        f"6 {FIRST}|sales|NONE|ABANDON|1|1|6",
    ]


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Outcome.ABANDONED, "ABANDON"),
        (Outcome.DISMISSED, "ABANDON"),
        (Outcome.FAULTED, "EXITEMPTY"),
    ],
)
def test_how_a_wait_ends_that_nobody_answered(outcome: Outcome, event: str) -> None:
    assert said(*joins(), ends(outcome))[1:] == [f"9 {FIRST}|sales|NONE|{event}|1|1|9"]


def test_a_queue_that_is_gone_is_an_empty_one() -> None:
    left = QueueLeft(at(3), FIRST, SALES)
    facts = [*joins(), left, ends(Outcome.SERVED)]
    assert said(*facts)[1:] == [f"3 {FIRST}|sales|NONE|EXITEMPTY|1|1|3"]


@pytest.mark.parametrize(
    ("why", "key", "line"),
    [
        (LeftBy.TIMEOUT, "", "EXITWITHTIMEOUT|1|1|9"),
        (LeftBy.CLOSING, "", "EXITWITHTIMEOUT|1|1|9"),
        (LeftBy.KEY, "5", "EXITWITHKEY|5|1|1|9"),
        (LeftBy.FULL, "", "EXITEMPTY|1|1|9"),
        (LeftBy.EXPECTED, "", "EXITWITHTIMEOUT|1|1|9"),
        (LeftBy.NOBODY, "", "EXITEMPTY|1|1|9"),
    ],
)
def test_a_way_out_is_told_by_what_opened_it(why: LeftBy, key: str, line: str) -> None:
    left = QueueLeft(at(9), FIRST, SALES, why, flow=FlowId("menu"), key=key)
    assert said(*joins(), left) == [ENTERED, f"9 {FIRST}|sales|NONE|{line}"]


def test_from_one_queue_to_another_is_out_and_in() -> None:
    other = QueueJoined(at(3), FIRST, QueueId("support"))
    assert said(*joins(), other)[1:] == [
        f"3 {FIRST}|sales|NONE|EXITEMPTY|1|1|3",
        f"3 {FIRST}|support|NONE|ENTERQUEUE||{ANI}|1",
    ]


def test_a_call_that_never_waited_has_no_line() -> None:
    arrived, _ = joins()
    assert said(arrived, ends(Outcome.LEFT_FLOW)) == []


def test_late_and_doubled_facts_have_no_line() -> None:
    facts = [*joins(), *joins(), *rings(), answers(BO), answers(offer=2), answers(), answers()]
    facts += [offer_ends(OfferEnd.NO_ANSWER), QueueLeft(at(5), FIRST, SALES), *joins()[1:]]
    facts += [ends(Outcome.ANSWERED), ends(Outcome.ANSWERED), answers(), *rings(), *joins()[1:]]
    events = [line.split("|")[3] for line in said(*facts)]
    assert events == ["ENTERQUEUE", "CONNECT", "COMPLETECALLER"]


# ── agents ──


def test_the_first_rules_begin_the_file_and_later_ones_are_a_reload() -> None:
    assert said(configured(), configured()) == [
        "0 NONE|NONE|NONE|QUEUESTART|",
        "0 NONE|NONE|NONE|CONFIGRELOAD|",
    ]


def test_an_agents_day() -> None:
    facts: list[Fact] = [
        configured(ana=("sales", "support")),
        AgentSignedIn(at(1), ANA, "sip:agent-ana"),
        PresenceChanged(at(2), ANA, Presence.READY),
        PresenceChanged(at(3), ANA, Presence.READY),
        PresenceChanged(at(4), ANA, Presence.PAUSED, "lunch"),
        AgentSignedIn(at(5), ANA, "sip:agent-ana"),
        PresenceChanged(at(6), ANA, Presence.SIGNED_OUT),
        PresenceChanged(at(7), ANA, Presence.SIGNED_OUT),
    ]
    assert said(*facts)[1:] == [
        "1 MANAGER|sales|ana|ADDMEMBER|PAUSED",
        "1 MANAGER|support|ana|ADDMEMBER|PAUSED",
        "2 NONE|NONE|ana|UNPAUSEALL|",
        "2 NONE|sales|ana|UNPAUSE|",
        "2 NONE|support|ana|UNPAUSE|",
        "3 NONE|NONE|ana|UNPAUSEALL|",
        "3 NONE|sales|ana|UNPAUSE|",
        "3 NONE|support|ana|UNPAUSE|",
        "4 NONE|NONE|ana|PAUSEALL|lunch",
        "4 NONE|sales|ana|PAUSE|lunch",
        "4 NONE|support|ana|PAUSE|lunch",
        "6 MANAGER|sales|ana|REMOVEMEMBER|",
        "6 MANAGER|support|ana|REMOVEMEMBER|",
    ]


def test_an_agent_who_is_given_other_queues_leaves_and_joins_them_at_once() -> None:
    facts: list[Fact] = [
        configured(ana=("sales", "support"), bo=("sales",)),
        AgentSignedIn(at(1), ANA, "sip:agent-ana"),
        PresenceChanged(at(2), ANA, Presence.READY),
        configured(ana=("support", "vip"), bo=("vip",)),
    ]
    assert said(*facts)[-3:] == [
        "0 NONE|NONE|NONE|CONFIGRELOAD|",
        "0 MANAGER|sales|ana|REMOVEMEMBER|",
        "0 MANAGER|vip|ana|ADDMEMBER|",
    ]


def test_agents_who_were_there_before_are_known() -> None:
    restored = AgentRestored(
        NOON, ANA, "sip:agent-ana", Presence.READY, "", NOON, True, NOON, 0, None
    )
    facts: list[Fact] = [
        configured(ana=("sales",)),
        restored,
        PresenceChanged(at(1), ANA, Presence.PAUSED),
    ]
    assert said(*facts)[1:] == ["1 NONE|NONE|ana|PAUSEALL|", "1 NONE|sales|ana|PAUSE|"]


# ── what stays ──


def test_taken_up_again_at_any_fact_the_lines_are_the_same() -> None:
    facts: list[Fact] = [
        configured(ana=("sales",)),
        AgentSignedIn(at(0), ANA, "sip:agent-ana"),
        PresenceChanged(at(0), ANA, Presence.READY),
        *joins(SECOND),
        *joins(FIRST, 1),
        *rings(),
        ends(Outcome.ABANDONED, call=SECOND),
        answers(),
        ends(Outcome.ANSWERED),
    ]
    whole = heard(facts)
    for cut in range(len(facts)):
        log = QueueLog()
        before = heard(facts[:cut], log)
        again = QueueLog(log.remembered)
        after = [
            line
            for number, fact in enumerate(facts[cut:], cut + 1)
            for line in again.hear(number, fact)
        ]
        assert before + after == whole


def test_nothing_is_remembered_of_a_call_that_is_over() -> None:
    log = QueueLog()
    heard([*joins(), *rings(), answers(), ends(Outcome.ANSWERED)], log)
    heard([*joins(SECOND), ends(Outcome.ABANDONED, call=SECOND)], log)
    assert (log.remembered.callers, log.remembered.stays) == ({}, {})


@given(st.text(), st.text(min_size=1), st.text(min_size=1), st.text(), st.text(min_size=1))
def test_whatever_anybody_is_called_each_line_has_its_fields(
    ani: str, agent: str, queue: str, reason: str, call: str
) -> None:
    who, where, what = AgentId(agent), QueueId(queue), CallId(call)
    facts: list[Fact] = [
        configured(**{agent: (queue,)}),
        AgentSignedIn(NOON, who, "sip:x"),
        PresenceChanged(NOON, who, Presence.PAUSED, reason),
        CallArrived(NOON, what, LegId("leg"), ani, "4000", name=ani),
        QueueJoined(NOON, what, where),
        AgentOffered(NOON, what, where, who, 1, "sip:x", "why"),
        OfferEnded(NOON, what, who, 1, OfferEnd.BUSY),
        AgentOffered(NOON, what, where, who, 2, "sip:x", "why"),
        AgentAnswered(NOON, what, who, 2),
        CallEnded(NOON, what, Outcome.ANSWERED, EndedBy.CALLER),
        PresenceChanged(NOON, who, Presence.SIGNED_OUT),
    ]
    lines = heard(facts)
    assert len(lines) == 9
    assert "\n".join(lines).splitlines() == lines
    assert "\n".join(lines).encode().decode().split("\n") == lines
    for line in lines:
        fields = line.split("|")
        assert len(fields) == FIELDS.get(fields[4], 6)


CALLS, AGENTS, QUEUES = (FIRST, SECOND), (ANA, BO), (SALES, QueueId("support"))
TIMES = st.integers(-5, 50).map(at)
CALL, AGENT, QUEUE = st.sampled_from(CALLS), st.sampled_from(AGENTS), st.sampled_from(QUEUES)
OFFER, PRIORITY = st.integers(1, 2), st.sampled_from([0.0, 60.0])
SERVED = st.lists(QUEUE, unique=True).map(tuple)
ANYTHING = st.one_of(
    st.builds(CallArrived, TIMES, CALL, st.just(LegId("leg")), st.just(ANI), st.just("4000")),
    st.builds(QueueJoined, TIMES, CALL, QUEUE, PRIORITY),
    st.builds(QueueLeft, TIMES, CALL, QUEUE),
    st.builds(WantChanged, TIMES, CALL, st.just(""), st.just(""), st.none() | PRIORITY),
    st.builds(AgentOffered, TIMES, CALL, QUEUE, AGENT, OFFER, st.just("sip:x"), st.just("why")),
    st.builds(AgentRinging, TIMES, CALL, AGENT, OFFER),
    st.builds(OfferEnded, TIMES, CALL, AGENT, OFFER, st.sampled_from(OfferEnd)),
    st.builds(AgentAnswered, TIMES, CALL, AGENT, OFFER),
    st.builds(CallEnded, TIMES, CALL, st.sampled_from(Outcome), st.sampled_from(EndedBy)),
    st.builds(AgentSignedIn, TIMES, AGENT, st.just("sip:x")),
    st.builds(PresenceChanged, TIMES, AGENT, st.sampled_from(Presence), st.just("lunch")),
    st.builds(lambda ana, bo: configured(ana=ana, bo=bo), SERVED, SERVED),
)


@given(st.lists(ANYTHING, max_size=60))
def test_in_whatever_order_facts_come_stays_begin_and_end_once(facts: list[Fact]) -> None:
    lines = heard([*facts, *(ends(Outcome.ABANDONED, call=call) for call in CALLS)])
    fields = [line.split("|") for line in lines]
    assert all(len(one) == FIELDS.get(one[4], 6) for one in fields)
    begun = [one[1:3] for one in fields if one[4] == "ENTERQUEUE"]
    over = {"ABANDON", "EXITEMPTY", "COMPLETECALLER", "COMPLETEAGENT"}
    ended = [one[1:3] for one in fields if one[4] in over]
    assert sorted(begun) == sorted(ended)
    numbers = [int(text) for one in fields if one[4] in over for text in one[5:]]
    assert min(numbers, default=0) >= 0
