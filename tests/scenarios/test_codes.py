"""Pausing for a reason, and saying what a call came to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.access import Actor, Role
from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.codes import Disposition, PauseReason
from callcenter.core.errors import Invalid, NoSuchCode, NotFiled, NothingToWrap, NotPermitted
from callcenter.core.facts.agents import CallFiled, Presence, PresenceChanged
from callcenter.core.ids import AgentId
from callcenter.engine.api import FileCall, FinishWrap
from callcenter.testing.centre import BOSS, SALES, Centre
from callcenter.testing.journal import MemoryJournal

pytestmark = pytest.mark.scenario

ANA, BO = AgentId("ana"), AgentId("bo")
AS_ANA, AS_BO = (Actor(str(who), Role.AGENT, who) for who in (ANA, BO))
REASONS = {
    "lunch": PauseReason("lunch", "Lunch", paid=False, longest=timedelta(minutes=30)),
    "training": PauseReason("training", "Training"),
}
DISPOSITIONS = {
    one.id: one for one in (Disposition("done", "Done"), Disposition("sold", "Sold", parent="done"))
}


def centre_with(
    wrap_up: timedelta | None = timedelta(seconds=10), *, segment_facts: int = 1_000
) -> Centre:
    journal = MemoryJournal(segment_facts=segment_facts)
    centre = Centre(rules=QueueRules(SALES, wrap_up=wrap_up), journal=journal)
    centre.directory = replace(centre.directory, pause_reasons=REASONS, dispositions=DISPOSITIONS)
    centre.agent(ANA)
    return centre


def talks(centre: Centre) -> None:
    centre.call()
    centre.answers(ANA)


# -- pauses ---------------------------------------------------------------------------------------


def test_a_pause_has_a_reason_that_is_known_and_an_end_that_ought_to_be() -> None:
    centre = centre_with()
    centre.pauses(ANA, "lunch")
    row = centre.door.agent(ANA)
    ends = centre.clock.now() + timedelta(minutes=30)
    assert (row["reason"], row["pause_until"]) == ("lunch", ends.isoformat())
    centre.pauses(ANA, "training")
    assert centre.door.agent(ANA)["pause_until"] is None
    centre.ready(ANA)
    assert centre.door.agent(ANA)["pause_until"] is None


@pytest.mark.parametrize("reason", ["", "smoking"])
def test_a_reason_that_is_none_here_is_refused_with_those_that_are(reason: str) -> None:
    centre = centre_with()
    with pytest.raises(Invalid, match="reason: write one of lunch, training"):
        centre.pauses(ANA, reason)
    assert centre.row(ANA).presence is Presence.READY


def test_where_no_reasons_are_set_any_word_will_do() -> None:
    centre = Centre()
    centre.agent(ANA)
    centre.pauses(ANA, "smoking")
    assert centre.door.agent(ANA)["reason"] == "smoking"


def test_a_change_of_reason_splits_the_time_without_a_gap() -> None:
    centre = centre_with()
    centre.pauses(ANA, "lunch")
    centre.passes(60)
    centre.pauses(ANA, "training")
    said = [
        (fact.reason, fact.at)
        for _, fact in centre.journal.read_after(0)
        if isinstance(fact, PresenceChanged) and fact.presence is Presence.PAUSED
    ]
    assert [reason for reason, _ in said] == ["lunch", "training"]
    assert said[1][1] - said[0][1] == timedelta(seconds=60)


async def test_when_a_pause_ought_to_end_outlives_the_engine() -> None:
    centre = centre_with()
    centre.pauses(ANA, "lunch")
    before = centre.door.agent(ANA)["pause_until"]
    await centre.restart()
    assert centre.door.agent(ANA)["pause_until"] == before


# -- what a call came to ---------------------------------------------------------------------------


def test_filing_a_call_is_what_ends_the_work_that_lasts_until_then() -> None:
    centre = centre_with(wrap_up=None)
    talks(centre)
    centre.hangs_up(next(iter(centre.engine.calls)))
    with pytest.raises(NotFiled):
        centre.door.ask(AS_ANA, FinishWrap(ANA))
    centre.passes(3_600)
    assert centre.activity(ANA) is Activity.WRAPPING
    centre.door.ask(AS_ANA, FileCall(ANA, "sold"))
    assert centre.activity(ANA) is Activity.IDLE


def test_whoever_files_while_they_talk_has_nothing_left_to_do() -> None:
    centre = centre_with(wrap_up=None)
    talks(centre)
    centre.door.ask(AS_ANA, FileCall(ANA, "sold"))
    assert centre.door.agent(ANA)["filed"] == "sold"
    centre.hangs_up(next(iter(centre.engine.calls)))
    assert centre.activity(ANA) is Activity.IDLE


def test_work_that_is_timed_goes_on_and_a_second_thought_counts() -> None:
    centre = centre_with()
    talks(centre)
    call = next(iter(centre.engine.calls))
    centre.hangs_up(call)
    centre.door.ask(AS_ANA, FileCall(ANA, "sold"))
    centre.directory = replace(centre.directory, dispositions={"lost": Disposition("lost", "Lost")})
    centre.door.configure(centre.directory)
    centre.door.ask(BOSS, FileCall(ANA, "lost"))
    assert centre.activity(ANA) is Activity.WRAPPING
    filed = [fact for fact in centre.facts(call) if isinstance(fact, CallFiled)]
    assert [fact.disposition for fact in filed] == ["sold", "lost"]


def test_a_supervisor_lets_an_agent_go_without() -> None:
    centre = centre_with(wrap_up=None)
    talks(centre)
    centre.hangs_up(next(iter(centre.engine.calls)))
    centre.door.ask(BOSS, FinishWrap(ANA))
    assert centre.activity(ANA) is Activity.IDLE


@pytest.mark.parametrize("disposition", ["done", "nothing", ""])
def test_what_is_no_leaf_of_the_tree_is_said_of_no_call(disposition: str) -> None:
    centre = centre_with()
    talks(centre)
    with pytest.raises(NoSuchCode):
        centre.door.ask(AS_ANA, FileCall(ANA, disposition))


def test_nobody_files_without_a_call_or_for_somebody_else() -> None:
    centre = centre_with()
    with pytest.raises(NothingToWrap):
        centre.door.ask(AS_ANA, FileCall(ANA, "sold"))
    talks(centre)
    with pytest.raises(NotPermitted):
        centre.door.ask(AS_BO, FileCall(ANA, "sold"))


@pytest.mark.parametrize("segment_facts", [1_000, 2])
async def test_what_was_filed_outlives_the_engine(segment_facts: int) -> None:
    centre = centre_with(segment_facts=segment_facts)
    talks(centre)
    centre.hangs_up(next(iter(centre.engine.calls)))
    centre.door.ask(AS_ANA, FileCall(ANA, "sold"))
    await centre.restart()
    assert centre.door.agent(ANA)["filed"] == "sold"
