"""Was a call carried as it should? Judged by the callers' and agents' own records. Pure.

The engine's own account is not asked: a caller who heard nobody was not served, whatever the call
record says. Each rule that was broken is a fault, in English and Chinese.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from callcenter.demo.records import AgentRecord, By, CallerRecord, Leg
from callcenter.demo.script import WELCOME, CallerPart, Ends, Intent

LET_GO_WITHIN: Final = timedelta(seconds=2)
"""After one side has hung up, the other side's telephone must know."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is held against a centre. `prompts`: everybody must have heard what the flow says. `forgiven`:
    what agents may be told by the API. Silences as long as `silence` and rings that overlap by no more
    than `overlap` are borne."""

    let_go_within: timedelta = LET_GO_WITHIN
    prompts: bool = True
    silence: timedelta = timedelta()
    overlap: timedelta = timedelta()
    forgiven: frozenset[str] = frozenset()


USUAL: Final = Rules()
UNDER_FIRE: Final = Rules(
    let_go_within=timedelta(seconds=15),
    prompts=False,
    silence=timedelta(seconds=5),
    overlap=timedelta(seconds=2),
    forgiven=frozenset({"nothing-to-wrap"}),
)
"""For a centre that is harmed on purpose. Whoever hangs up while no engine decides is let go by the next
one; a menu may be said again or, in the fallback, not at all; a talk there has no wrap-up. Until
the fallback begins, and a little while on a busy machine, there may be silence. All else must hold:
nobody is lost, or meets two people or the wrong one."""

HEARD_SHARE: Final = 0.7
"""How much of a talk must have been heard; the rest is answering, hanging up, a busy machine."""

UNKNOWN_NUMBER: Final = "system/unknown-number"


class Outcome(StrEnum):
    """How a call went, as the caller saw it."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    LEFT = "left"
    TURNED_AWAY = "turned-away"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that was broken."""

    en: str
    zh: str

    def __str__(self) -> str:
        return f"{self.en}  {self.zh}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a call. `waited`: from the last key to the agent's voice."""

    caller: str
    outcome: Outcome
    agent: str | None
    waited: timedelta | None
    faults: tuple[Fault, ...]
    is_doubtful: bool = False
    """The machine was too busy for the telephones' own sound to be trusted."""

    @property
    def is_good(self) -> bool:
        """Whether the call was carried as it should."""
        return not self.faults


def judge(
    caller: CallerRecord,
    rings: Sequence[AgentRecord],
    agents: frozenset[str],
    rules: Rules = USUAL,
) -> Verdict:
    """Judge one call. `rings`: everything that rang at any agent's while the caller was there."""
    # Who gives up just when an agent begins to speak has met nobody yet, and said nothing.
    heard = [p for p in caller.leg.voices if p in agents and not caller.gave_up]
    met = next(iter(heard), None)
    outcome = _outcome(caller, met)
    faults = [
        *_everybody(caller, agents, rules),
        *(_said_to(caller, outcome) if rules.prompts else ()),
        *_talk(caller, rings, heard, rules),
        *_let_go(caller, rings, outcome, rules),
    ]
    doubtful = bool(caller.leg.trouble) or any(
        ring.leg.trouble for ring in rings if caller.person in ring.leg.voices
    )
    return Verdict(caller.person, outcome, met, _waited(caller, met), tuple(faults), doubtful)


def judge_agents(rings: Iterable[AgentRecord], rules: Rules = USUAL) -> tuple[Fault, ...]:
    """What went wrong at an agent's telephone whatever the caller: two calls at once, no end."""
    faults: list[Fault] = []
    by_agent: dict[str, list[AgentRecord]] = {}
    for ring in rings:
        by_agent.setdefault(ring.agent, []).append(ring)
        if ring.leg.ended_at is None:
            faults.append(Fault(f"{ring.agent}'s call never ended", f"{ring.agent} 的通话未结束"))
        if ring.complaint:
            faults.append(Fault(f"{ring.agent}: {ring.complaint}", "坐席遇到问题"))
    for agent, legs in by_agent.items():
        legs.sort(key=lambda ring: ring.leg.began_at)
        for before, after in pairwise(legs):
            ended_at = before.leg.ended_at
            if ended_at is None or after.leg.began_at < ended_at - rules.overlap:
                at = f"{after.leg.began_at:%H:%M:%S}"
                faults.append(
                    Fault(
                        f"{agent} was rung during another call, at {at} UTC",
                        f"{agent} 在通话中又被振铃",
                    )
                )
    return tuple(faults)


def _outcome(caller: CallerRecord, met: str | None) -> Outcome:
    if met is not None:
        return Outcome.ANSWERED
    if caller.part.intent is Intent.UNKNOWN_NUMBER:
        return Outcome.TURNED_AWAY
    if caller.leg.answered_at is None or caller.leg.ended_by is not By.HERE:
        return Outcome.LOST
    return Outcome.LEFT if caller.queued_at is None else Outcome.ABANDONED


def _waited(caller: CallerRecord, met: str | None) -> timedelta | None:
    if met is None or caller.queued_at is None:
        return None
    return caller.leg.voices[met][0].start - caller.queued_at


def _everybody(caller: CallerRecord, agents: frozenset[str], rules: Rules) -> Iterator[Fault]:
    """What holds for every caller."""
    leg = caller.leg
    if caller.complaint and (rules.prompts or not caller.heard_no_menu):
        yield Fault(caller.complaint, "来电者等待落空")
    if leg.ended_at is None:
        yield Fault("the call never ended", "通话未结束")
    elif leg.ended_by is By.NETWORK:
        yield Fault("the call broke off", "通话意外中断")
    for length in leg.silences:
        if length <= rules.silence:
            continue
        seconds = f"{length.total_seconds():.1f} s"
        yield Fault(f"{seconds} of silence", f"静音 {seconds}")
    for person in leg.voices:
        if person == caller.person:
            yield Fault("heard their own voice", "听到了自己的声音")
        elif person not in agents:
            yield Fault(f"heard {person}, another caller", f"听到了其他来电者 {person}")


def _said_to(caller: CallerRecord, outcome: Outcome) -> Iterator[Fault]:
    """The prompts that the caller must have heard on the way."""
    due = due_prompts(caller.part, queued=caller.queued_at is not None)
    missing = [name for name in due if name not in caller.prompts]
    for name in missing:
        yield Fault(f"did not hear {name}", f"没有听到提示语 {name}")
    if outcome is Outcome.TURNED_AWAY and caller.leg.ended_by is not By.THERE:
        yield Fault("the centre did not hang up", "系统没有挂断")


def due_prompts(part: CallerPart, *, queued: bool) -> tuple[str, ...]:
    """What a caller must have heard: `<flow>/<name>`, with the language before it where it counts.

    `queued`: they got as far as the queue. Nothing is due to those who leave in the middle of it.
    """
    if part.intent is Intent.UNKNOWN_NUMBER:
        return (UNKNOWN_NUMBER,)
    return (*WELCOME, part.main_menu) if queued else ()


def _talk(
    caller: CallerRecord, rings: Sequence[AgentRecord], heard: Sequence[str], rules: Rules
) -> Iterator[Fault]:
    """Who spoke with whom, for how long, and who hung up."""
    part = caller.part
    hearing = [ring for ring in rings if caller.person in ring.leg.voices]
    if not heard:
        if part.intent is Intent.TALK and (rules.prompts or not caller.heard_no_menu):
            yield Fault("never heard an agent", "没有听到坐席")
        for ring in hearing:
            yield Fault(f"{ring.agent} heard a caller who heard nobody", f"{ring.agent} 单向通话")
        return
    for other in heard[1:]:
        yield Fault(f"heard {other} as well as {heard[0]}", f"同时听到 {heard[0]} 和 {other}")
    if not hearing and caller.heard_no_menu and not rules.prompts:
        return  # A person, in the fallback, to whom they did not speak: they waited for a menu.
    if not hearing:
        yield Fault(f"{heard[0]} did not hear the caller", f"{heard[0]} 没有听到来电者")
        return
    ring = hearing[0]
    for another in hearing[1:]:
        yield Fault(f"{another.agent} heard the caller too", f"{another.agent} 也听到了来电者")
    if ring.agent != heard[0]:
        yield Fault(
            f"heard {heard[0]} while {ring.agent} heard the caller",
            f"听到的是 {heard[0]}，而接听的是 {ring.agent}",
        )
    yield from _one_talk(caller, ring, caller.leg.voices[heard[0]], rules)


def _one_talk(
    caller: CallerRecord, ring: AgentRecord, agent_heard: Sequence[object], rules: Rules
) -> Iterator[Fault]:
    part = caller.part
    for person in ring.leg.voices:
        if person != caller.person:
            yield Fault(f"{ring.agent} heard {person} too", f"{ring.agent} 还听到了 {person}")
    if ring.ani != part.ani:
        yield Fault(f"{ring.agent} saw another number", f"{ring.agent} 看到的号码不符")
    talked = min(_heard_for(caller.leg, ring.agent), _heard_for(ring.leg, caller.person))
    if agent_heard and talked < HEARD_SHARE * part.talk:
        seconds, wanted = talked.total_seconds(), part.talk.total_seconds()
        yield Fault(
            f"heard each other for {seconds:.1f} s of {wanted:.1f} s",
            f"互相听到 {seconds:.1f} 秒，应为 {wanted:.1f} 秒",
        )
    wanted_ends = (By.HERE, By.THERE) if part.ends is Ends.CALLER else (By.THERE, By.HERE)
    if (caller.leg.ended_by, ring.leg.ended_by) != wanted_ends:
        yield Fault(f"the {part.ends} was to hang up", "挂断方不符")
    if not _ended_together(caller.leg, ring.leg, rules.let_go_within):
        yield Fault(f"{ring.agent} and the caller did not part at once", "双方未同时结束")


def _heard_for(leg: Leg, person: str) -> timedelta:
    return sum((heard.length for heard in leg.voices.get(person, ())), timedelta())


def _ended_together(one: Leg, other: Leg, within: timedelta) -> bool:
    if one.ended_at is None or other.ended_at is None:
        return False
    return abs(one.ended_at - other.ended_at) <= within


def _let_go(
    caller: CallerRecord, rings: Sequence[AgentRecord], outcome: Outcome, rules: Rules
) -> Iterator[Fault]:
    """Nobody is rung for a caller who has gone, or who asked for nobody."""
    gone_at = caller.leg.ended_at
    own = [ring for ring in rings if ring.ani == caller.part.ani]
    if outcome in (Outcome.LEFT, Outcome.TURNED_AWAY) and rules.prompts:
        for ring in own:
            yield Fault(f"{ring.agent} was rung for nothing", f"{ring.agent} 被无故振铃")
        return
    for ring in own:
        if gone_at is None or ring.leg.ended_at is None:
            continue
        if (
            ring.leg.began_at > gone_at + rules.let_go_within
            or ring.leg.ended_at > gone_at + rules.let_go_within
        ):
            yield Fault(
                f"{ring.agent} was still rung for a caller who had gone",
                f"来电者已挂断，{ring.agent} 仍在振铃",
            )
