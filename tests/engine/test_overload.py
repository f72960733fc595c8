"""More callers than we can carry: turned away at once or told so, never the ones we already have."""

from datetime import timedelta

import pytest

from callcenter.core.acd.queue import QueueRules
from callcenter.core.admission import Limits, Refusal
from callcenter.core.calls.phases import Leaving, Queued
from callcenter.core.facts.calls import CallArrived, CallEnded, Outcome
from callcenter.core.ids import LegId
from callcenter.core.ivr.announcements import LINES_BUSY, QUEUE_NO_AGENTS
from callcenter.testing.centre import SALES, Centre

pytestmark = pytest.mark.engine


def last_heard(centre: Centre, leg: str) -> str:
    return centre.switch.legs[LegId(leg)].heard[-1].name


def test_a_caller_too_many_is_refused_unanswered_and_written_down() -> None:
    centre = Centre(limits=Limits(calls=2))
    first, second = centre.call(), centre.call()
    third = centre.call()
    assert centre.switch.turned_away == [LegId(third)]
    assert set(centre.engine.calls) == {first, second}
    arrived, ended = centre.facts(third)
    assert isinstance(arrived, CallArrived) and arrived.refused == "calls"
    assert isinstance(ended, CallEnded) and ended.outcome is Outcome.REFUSED
    assert dict(centre.door.counters.refused) == {"calls": 1}
    centre.hangs_up(first)
    assert centre.phase(centre.call()) is not None


async def test_a_killed_engine_remembers_whom_it_refused_and_refuses_nobody_it_had() -> None:
    centre = Centre(limits=Limits(calls=2))
    calls = {centre.call(), centre.call()}
    centre.call()
    await centre.restart()
    assert set(centre.engine.calls) == calls
    assert len(centre.switch.turned_away) == 1


async def test_who_came_while_we_were_away_is_not_turned_away() -> None:
    centre = Centre(limits=Limits(calls=1))
    centre.call()
    centre.switch.deaf = True
    waited = centre.call()
    centre.passes(2)
    await centre.restart()
    assert waited in centre.engine.calls


def test_where_the_settings_ask_for_it_callers_are_told() -> None:
    centre = Centre(limits=Limits(calls=1), tells_when_full=True)
    centre.call()
    late = centre.call()
    assert isinstance(centre.phase(late), Leaving)
    assert last_heard(centre, late) == LINES_BUSY
    centre.switch.finish_prompt(late)
    assert late not in centre.engine.calls
    ended = centre.facts(late)[-1]
    assert isinstance(ended, CallEnded) and ended.outcome is Outcome.REFUSED


def test_who_hangs_up_while_being_told_was_refused_all_the_same() -> None:
    centre = Centre(limits=Limits(calls=1), tells_when_full=True)
    centre.call()
    late = centre.call()
    centre.hangs_up(late)
    ended = centre.facts(late)[-1]
    assert isinstance(ended, CallEnded) and ended.outcome is Outcome.REFUSED


def test_a_queue_that_is_as_long_as_may_be_takes_nobody_else() -> None:
    centre = Centre(limits=Limits(waiting=2))
    calls = [centre.call() for _ in range(3)]
    phases = [type(centre.phase(call)) for call in calls]
    assert phases == [Queued, Queued, Leaving]
    assert last_heard(centre, calls[2]) == QUEUE_NO_AGENTS
    centre.hangs_up(calls[0])
    assert isinstance(centre.phase(centre.call()), Queued)


def test_under_strain_callers_are_turned_away_until_it_is_over() -> None:
    centre = Centre()
    for _ in range(4):
        for _ in range(10):
            centre.call()
        centre.passes(0.5)
        centre.door.observe(timedelta(seconds=2))
    assert centre.door.most_per_second is not None
    before = len(centre.switch.turned_away)
    for _ in range(40):
        centre.call()
    assert len(centre.switch.turned_away) > before
    assert set(centre.door.counters.refused) == {"strain"}
    for _ in range(40):
        centre.passes(0.5)
        centre.door.observe(timedelta())
    assert centre.door.most_per_second is None


def flood(centre: Centre) -> None:
    for _ in range(4):
        for _ in range(40):
            centre.call()
        centre.passes(0.5)
        centre.door.observe(timedelta())


def test_in_a_flood_the_switch_turns_callers_away_by_itself_and_each_is_counted() -> None:
    centre = Centre(limits=Limits(per_second=20))
    flood(centre)
    assert 0.7 < centre.switch.share_turned_away < 0.8
    counted = centre.door.counters.refused[Refusal.RATE]
    centre.door.turned_away()
    assert centre.door.counters.refused[Refusal.RATE] == counted + 1
    centre.passes(0.5)
    centre.door.observe(timedelta())
    assert centre.switch.share_turned_away == 0


def test_who_is_to_be_told_that_all_lines_are_busy_is_not_turned_away_at_the_door() -> None:
    centre = Centre(limits=Limits(per_second=20), tells_when_full=True)
    flood(centre)
    assert centre.switch.share_turned_away == 0


def test_under_strain_nobody_is_spoken_to_any_more() -> None:
    centre = Centre(tells_when_full=True)
    for _ in range(4):
        for _ in range(40):
            centre.call()
        centre.passes(0.5)
        centre.door.observe(timedelta(seconds=2))
    assert centre.switch.share_turned_away > 0


def test_a_switch_that_has_started_anew_is_told_again() -> None:
    centre = Centre(limits=Limits(per_second=20))
    flood(centre)
    centre.switch.share_turned_away = 0.0
    flood(centre)
    assert centre.switch.share_turned_away > 0


def test_a_switch_that_did_not_hear_that_the_flood_is_over_is_told_again() -> None:
    centre = Centre(limits=Limits(per_second=20))
    flood(centre)
    centre.switch.deaf = True
    centre.passes(0.5)
    centre.door.observe(timedelta())
    centre.switch.deaf = False
    assert centre.switch.share_turned_away > 0
    centre.door.turned_away()
    centre.passes(0.5)
    centre.door.observe(timedelta())
    assert centre.switch.share_turned_away == 0


def music(centre: Centre) -> int:
    return sum(leg.music is not None for leg in centre.switch.legs.values())


def test_beyond_the_limit_callers_wait_without_music_until_there_is_room() -> None:
    rules = QueueRules(SALES, announce_every=timedelta(seconds=30))
    centre = Centre(limits=Limits(music=2), rules=rules)
    calls = [centre.call() for _ in range(4)]
    centre.passes(1)
    assert (music(centre), centre.door.with_music) == (2, 2)
    centre.passes(4)  # all are told where they stand, which takes the line from the music
    assert music(centre) == 0
    for call in calls:
        centre.switch.finish_prompt(call)
    assert (music(centre), centre.door.with_music) == (2, 2)
    centre.hangs_up(calls[0])
    assert centre.door.with_music == 1
    ana = centre.agent("ana", SALES)
    centre.answers(ana)
    assert centre.door.with_music <= 1


async def test_after_a_restart_the_music_is_counted_again() -> None:
    centre = Centre(limits=Limits(music=1))
    for _ in range(3):
        centre.call()
    centre.passes(1)
    await centre.restart()
    assert (music(centre), centre.door.with_music) == (1, 1)
