"""The judge: a call that was carried as it should passes, and each thing that can go wrong is found."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callcenter.demo.records import AgentRecord, By, CallerRecord, Heard, Leg
from callcenter.demo.script import CallerPart, Ends, Intent, Reaction
from callcenter.demo.verdict import UNDER_FIRE, Outcome, Verdict, judge, judge_agents

pytestmark = pytest.mark.scenario

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGENTS = frozenset({"ana", "bo"})
HEARD_ON_THE_WAY = frozenset({"hotline/welcome", "hotline/choose-language", "en/hotline/main-menu"})

PART = CallerPart(
    number=1,
    name="Jo",
    ani="+491713920000",
    dial="4000",
    intent=Intent.TALK,
    language="en",
    queue="sales",
    gap=timedelta(),
    patience=timedelta(seconds=3),
    talk=timedelta(seconds=6),
    ends=Ends.CALLER,
)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def heard(start: float, end: float) -> tuple[Heard, ...]:
    return (Heard(at(start), at(end)),)


def caller_leg(voices: Mapping[str, tuple[Heard, ...]], by: By = By.HERE) -> Leg:
    return Leg(at(0), at(0.1), at(36), by, voices)


def agent_leg(voices: Mapping[str, tuple[Heard, ...]], by: By = By.THERE) -> Leg:
    return Leg(at(25), at(28), at(36.1), by, voices)


TALKED = CallerRecord(PART, caller_leg({"ana": heard(28, 36)}), HEARD_ON_THE_WAY, queued_at=at(22))
RING = AgentRecord("ana", agent_leg({"Jo #1": heard(29, 36)}), PART.ani, Reaction.ANSWER)

GAVE_UP = replace(
    TALKED, part=replace(PART, intent=Intent.GIVE_UP), leg=Leg(at(0), at(0.1), at(26), By.HERE)
)
GAVE_UP_LATE = replace(GAVE_UP, gave_up=True, leg=caller_leg({"ana": heard(35.5, 36)}))
RANG_ONLY = replace(RING, leg=Leg(at(24), None, at(26.2), By.THERE))


def faults(verdict: Verdict) -> list[str]:
    return [fault.en for fault in verdict.faults]


def test_a_talk_as_it_should_be_passes() -> None:
    verdict = judge(TALKED, [RING], AGENTS)
    assert verdict == Verdict("Jo #1", Outcome.ANSWERED, "ana", timedelta(seconds=6), ())


def test_a_talk_that_the_agent_was_to_end_passes_when_they_did() -> None:
    caller = replace(
        TALKED,
        part=replace(PART, ends=Ends.AGENT),
        leg=caller_leg({"ana": heard(28, 36)}, By.THERE),
    )
    ring = replace(RING, leg=agent_leg({"Jo #1": heard(29, 35)}, By.HERE))
    assert judge(caller, [ring], AGENTS).is_good


def test_the_wrong_side_hanging_up_is_found() -> None:
    caller = replace(TALKED, leg=caller_leg({"ana": heard(28, 36)}, By.THERE))
    assert faults(judge(caller, [RING], AGENTS)) == ["the caller was to hang up"]


def test_an_agent_who_speaks_with_another_voice_is_found() -> None:
    caller = replace(TALKED, leg=caller_leg({"bo": heard(28, 36)}))
    assert "heard bo while ana heard the caller" in faults(judge(caller, [RING], AGENTS))


def test_a_caller_whom_nobody_hears_is_found() -> None:
    deaf = replace(RING, leg=agent_leg({}))
    assert faults(judge(TALKED, [deaf], AGENTS)) == ["ana did not hear the caller"]


def test_a_caller_who_hears_nobody_is_found() -> None:
    caller = replace(TALKED, leg=caller_leg({}))
    assert faults(judge(caller, [RING], AGENTS)) == [
        "never heard an agent",
        "ana heard a caller who heard nobody",
    ]


def test_another_callers_voice_is_found_on_either_side() -> None:
    caller = replace(TALKED, leg=caller_leg({"ana": heard(28, 36), "Mia #2": heard(30, 31)}))
    ring = replace(RING, leg=agent_leg({"Jo #1": heard(29, 36), "Mia #2": heard(30, 31)}))
    assert faults(judge(caller, [ring], AGENTS)) == [
        "heard Mia #2, another caller",
        "ana heard Mia #2 too",
    ]


def test_an_echo_is_found() -> None:
    caller = replace(TALKED, leg=caller_leg({"ana": heard(28, 36), "Jo #1": heard(30, 31)}))
    assert faults(judge(caller, [RING], AGENTS)) == ["heard their own voice"]


def test_two_agents_for_one_caller_are_found() -> None:
    other = replace(RING, agent="bo")
    assert faults(judge(TALKED, [RING, other], AGENTS)) == ["bo heard the caller too"]


def test_a_talk_that_was_lost_on_the_way_is_found() -> None:
    caller = replace(TALKED, leg=caller_leg({"ana": heard(28, 30)}))
    assert faults(judge(caller, [RING], AGENTS)) == ["heard each other for 2.0 s of 6.0 s"]


def test_silence_is_found() -> None:
    leg = replace(TALKED.leg, silences=(timedelta(seconds=4.2),))
    assert faults(judge(replace(TALKED, leg=leg), [RING], AGENTS)) == ["4.2 s of silence"]


def test_who_gives_up_just_when_an_agent_speaks_has_not_met_them() -> None:
    ring = replace(RING, leg=agent_leg({}))
    verdict = judge(GAVE_UP_LATE, [ring], AGENTS)
    assert (verdict.outcome, verdict.agent, verdict.faults) == (Outcome.ABANDONED, None, ())
    assert not judge(replace(GAVE_UP_LATE, gave_up=False), [ring], AGENTS).is_good


def test_a_missing_prompt_is_found() -> None:
    caller = replace(TALKED, prompts=HEARD_ON_THE_WAY - {"en/hotline/main-menu"})
    assert faults(judge(caller, [RING], AGENTS)) == ["did not hear en/hotline/main-menu"]


def test_an_agent_left_on_the_line_is_found() -> None:
    ring = replace(RING, leg=replace(RING.leg, ended_at=at(45)))
    assert "ana and the caller did not part at once" in faults(judge(TALKED, [ring], AGENTS))


def test_an_agent_who_saw_another_number_is_found() -> None:
    ring = replace(RING, ani="+491713920001")
    assert faults(judge(TALKED, [ring], AGENTS)) == ["ana saw another number"]


def test_a_call_that_broke_off_or_never_ended_is_found() -> None:
    broken = replace(TALKED, leg=replace(TALKED.leg, ended_by=By.NETWORK))
    endless = replace(TALKED, leg=replace(TALKED.leg, ended_at=None, ended_by=None))
    assert "the call broke off" in faults(judge(broken, [RING], AGENTS))
    assert "the call never ended" in faults(judge(endless, [RING], AGENTS))


def test_what_the_caller_waited_for_in_vain_is_a_fault() -> None:
    caller = replace(TALKED, complaint="no agent came within 75 s")
    assert "no agent came within 75 s" in faults(judge(caller, [RING], AGENTS))


def test_giving_up_is_as_it_should_be_when_the_agents_phone_falls_silent() -> None:
    verdict = judge(GAVE_UP, [RANG_ONLY], AGENTS)
    assert (verdict.outcome, verdict.faults) == (Outcome.ABANDONED, ())


def test_an_agent_still_rung_for_a_caller_who_gave_up_is_found() -> None:
    still = replace(RANG_ONLY, leg=replace(RANG_ONLY.leg, ended_at=at(40)))
    assert faults(judge(GAVE_UP, [still], AGENTS)) == [
        "ana was still rung for a caller who had gone"
    ]


def test_leaving_in_the_menu_rings_nobody() -> None:
    left = replace(
        GAVE_UP,
        part=replace(PART, intent=Intent.LEAVE_EARLY),
        prompts=frozenset(),
        queued_at=None,
    )
    assert judge(left, [], AGENTS).outcome is Outcome.LEFT
    assert faults(judge(left, [RANG_ONLY], AGENTS)) == ["ana was rung for nothing"]


def test_an_unknown_number_must_be_announced_and_hung_up() -> None:
    lost = CallerRecord(
        replace(PART, intent=Intent.UNKNOWN_NUMBER, dial="4999"),
        Leg(at(0), at(0.1), at(9), By.THERE),
        frozenset({"system/unknown-number"}),
    )
    assert judge(lost, [], AGENTS) == Verdict("Jo #1", Outcome.TURNED_AWAY, None, None, ())
    silent = replace(lost, prompts=frozenset(), leg=replace(lost.leg, ended_by=By.HERE))
    assert faults(judge(silent, [], AGENTS)) == [
        "did not hear system/unknown-number",
        "the centre did not hang up",
    ]


def test_a_verdict_from_a_machine_that_was_too_busy_says_so() -> None:
    leg = replace(TALKED.leg, trouble=("late",))
    assert judge(replace(TALKED, leg=leg), [RING], AGENTS).is_doubtful


def test_an_agent_rung_during_a_talk_is_found() -> None:
    during = replace(RING, leg=replace(RING.leg, began_at=at(30), ended_at=at(31)))
    assert [fault.en for fault in judge_agents([RING, during])] == [
        f"ana was rung during another call, at {at(30):%H:%M:%S} UTC"
    ]


def test_one_ring_after_another_is_as_it_should_be() -> None:
    after = replace(RING, leg=replace(RING.leg, began_at=at(40), ended_at=at(41)))
    assert judge_agents([RING, after]) == ()


def under_fire(caller: CallerRecord, *rings: AgentRecord) -> list[str]:
    return faults(judge(caller, rings, AGENTS, UNDER_FIRE))


def test_under_fire_menus_may_be_missed_and_parting_may_wait_for_the_next_engine() -> None:
    late = replace(RING, leg=replace(RING.leg, ended_at=at(46)))
    unprompted = replace(TALKED, prompts=frozenset())
    assert len(faults(judge(unprompted, [late], AGENTS))) > 1
    assert under_fire(unprompted, late) == []
    assert under_fire(TALKED, replace(RING, leg=replace(RING.leg, ended_at=at(60)))) != []


def test_under_fire_whoever_heard_only_music_may_go() -> None:
    leg = Leg(at(0), at(0.1), at(30), By.HERE)
    listened = CallerRecord(PART, leg, complaint="waited in vain for a prompt's beginning or end")
    assert len(faults(judge(listened, [], AGENTS))) > 0
    assert under_fire(listened) == []


@pytest.mark.parametrize(
    "leg",
    [
        replace(TALKED.leg, silences=(timedelta(seconds=6),)),
        replace(TALKED.leg, ended_by=By.NETWORK),
        replace(TALKED.leg, voices={"ana": heard(28, 36), "bo": heard(30, 36)}),
        replace(TALKED.leg, voices={}),
    ],
    ids=["silence", "broken off", "two people", "nobody"],
)
def test_under_fire_callers_must_not_be_lost_all_the_same(leg: Leg) -> None:
    assert under_fire(replace(TALKED, leg=leg), RING) != []
