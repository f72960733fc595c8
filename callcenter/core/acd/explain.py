"""Why a call went to whom it went to, and why nobody has it yet: in words, in both languages.

An offer carries what it was decided by (`OfferReason`); of a caller who still waits the floor itself says
of each agent the first thing that keeps them from being offered the call.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from callcenter.core.acd.agent_state import Activity, AgentRow
from callcenter.core.acd.floor import Floor
from callcenter.core.acd.queue import Line, QueueEntry
from callcenter.core.acd.strategy import REASONS, Strategy
from callcenter.core.acd.want import Want
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallbackAgreed,
    CallbackOver,
    CallerAnswered,
    CallerDialled,
    CallerUnreached,
    Candidate,
    LeftBy,
    LegCause,
    OfferEnd,
    OfferEnded,
    OfferReason,
    Outcome,
    QueueJoined,
    QueueLeft,
    WantChanged,
    WantEased,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId
from callcenter.core.skills import missing, text_of

Words = Mapping[str, str]
"""The same in each language."""


def _words(en: str, zh: str) -> Words:
    return MappingProxyType({"en": en, "zh": zh})


_ENDS: Final[Mapping[OfferEnd, tuple[str, str]]] = {
    OfferEnd.NO_ANSWER: ("did not answer", "未接听"),
    OfferEnd.REJECTED: ("refused", "拒接"),
    OfferEnd.BUSY: ("was busy", "话机忙"),
    OfferEnd.UNREACHABLE: ("could not be reached", "话机无法接通"),
    OfferEnd.CALLER_GONE: ("the caller was gone first", "来电者先挂断"),
    OfferEnd.REFUSED: ("the call had moved on", "通话已转到别处"),
    OfferEnd.LAPSED: ("nothing was heard of the phone", "话机没有回应"),
    OfferEnd.ELSEWHERE: ("somebody else took the call", "已由他人接听"),
    OfferEnd.CALLER_AWAY: ("the caller did not answer", "来电者未接听回电"),
    OfferEnd.WITHDRAWN: ("the agent left the phone", "坐席离开了话机"),
}

_LEFT: Final[Mapping[LeftBy, tuple[str, str]]] = {
    LeftBy.GONE: ("the queue is gone", "队列已删除"),
    LeftBy.FULL: ("too many wait", "排队人数已满"),
    LeftBy.TIMEOUT: ("waited long enough", "等待超时"),
    LeftBy.KEY: ("pressed a key", "按键离开"),
    LeftBy.CLOSING: ("closing time", "下班时间"),
    LeftBy.EXPECTED: ("the wait would have been too long", "预计等待过长"),
    LeftBy.NOBODY: ("nobody was signed in any more", "已无坐席签入"),
    LeftBy.HOURS: ("no hour to call them", "不在可回电时段"),
}

_MISSED: Final[Mapping[LegCause, tuple[str, str]]] = {
    LegCause.NORMAL: ("broken off", "中途取消"),
    LegCause.BUSY: ("busy", "忙线"),
    LegCause.REJECTED: ("refused", "拒接"),
    LegCause.NO_ANSWER: ("no answer", "无人接听"),
    LegCause.UNREACHABLE: ("not reachable", "无法接通"),
    LegCause.GONE: ("lost", "线路丢失"),
}
_OVER: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.RETURNED: ("they have called again", "来电者已再次来电"),
    Outcome.BARRED: ("they must not be called", "号码禁止呼出"),
}

_BUSY: Final[Mapping[Activity, tuple[str, str]]] = {
    Activity.RESERVED: ("is being rung", "正在振铃"),
    Activity.RINGING: ("is being rung", "正在振铃"),
    Activity.TALKING: ("talks", "通话中"),
    Activity.WRAPPING: ("wraps up", "话后整理"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one agent: why they are not offered a caller; `can` if nothing keeps them from it."""

    agent: AgentId
    can: bool
    why: Words


def words_of(fact: Fact) -> Words | None:
    """Why this happened to a call in a queue, if it is something that has a reason."""
    match fact:
        case AgentOffered():
            return _offered(fact)
        case AgentAnswered():
            return _words("answered", "已接听")
        case OfferEnded(why=why):
            return _words(*_ENDS[why])
        case QueueJoined():
            return _joined(fact)
        case WantEased():
            return _eased(fact)
        case QueueLeft():
            return _left(fact)
        case (
            CallbackAgreed()
            | CallerDialled()
            | CallerAnswered()
            | CallerUnreached()
            | CallbackOver()
        ):
            return _callback(fact)
        case WantChanged(requires=requires, prefers=prefers):
            return _words(
                f"changed by hand: requires {requires or 'nothing'}, prefers {prefers or 'nothing'}",
                f"人工更改：要求 {requires or '无'}，优先 {prefers or '无'}",
            )
    return None


def _callback(
    fact: CallbackAgreed | CallerDialled | CallerAnswered | CallerUnreached | CallbackOver,
) -> Words:
    match fact:
        case CallbackAgreed(callback=callback):
            first_en, first_zh = (
                ("the caller", "来电者") if callback.caller_first else ("an agent", "坐席")
            )
            return _words(
                f"will be called back from {callback.queue}, {first_en} first, in"
                f" {callback.tries} tries",
                f"将从队列 {callback.queue} 回电，先接通{first_zh}，最多 {callback.tries} 次",
            )
        case CallerDialled(attempt=attempt, agent=agent):
            return _words(
                f"called back, try {attempt}, for {agent}", f"第 {attempt} 次回电，坐席 {agent}"
            )
        case CallerAnswered():
            return _words("the caller answered", "来电者已接听回电")
        case CallerUnreached(attempt=attempt, why=why):
            en, zh = _MISSED[why]
            return _words(f"try {attempt}: {en}", f"第 {attempt} 次回电：{zh}")
        case CallbackOver(outcome=outcome):
            en, zh = _OVER.get(outcome, ("over", "结束"))
            return _words(f"will not be called back: {en}", f"不再回电：{zh}")


def _joined(fact: QueueJoined) -> Words:
    en, zh = [f"waits in {fact.queue}"], [f"进入队列 {fact.queue}"]
    if fact.is_kept:
        en, zh = [f"the place in {fact.queue} is kept"], [f"保留在队列 {fact.queue} 的位置"]
    if fact.requires:
        en, zh = [*en, f"requires {fact.requires}"], [*zh, f"要求 {fact.requires}"]
    if fact.prefers:
        en, zh = [*en, f"prefers {fact.prefers}"], [*zh, f"优先 {fact.prefers}"]
    if fact.priority:
        en, zh = [*en, f"{fact.priority:g} s head start"], [*zh, f"提前 {fact.priority:g} 秒"]
    if fact.only is not None:
        en = [*en, f"for {fact.only_seconds:g} s only {fact.only}"]
        zh = [*zh, f"{fact.only_seconds:g} 秒内只等 {fact.only}"]
    return _words("; ".join(en), "；".join(zh))


def _left(left: QueueLeft) -> Words:
    en, zh = _LEFT[left.why]
    target = left.to or left.flow
    if target is None:
        return _words(f"left {left.queue}: {en}", f"离开队列 {left.queue}：{zh}")
    return _words(
        f"left {left.queue} for {target}: {en}", f"离开队列 {left.queue}，转往 {target}：{zh}"
    )


def _offered(offer: AgentOffered) -> Words:
    reason = offer.reason
    if reason is None:  # written by an older version
        return _words(offer.why, offer.why)
    if reason.beside:
        count = reason.beside
        return _words(
            f"{offer.agent}: rung beside {count} already",
            f"{offer.agent}：与其他 {count} 位同时振铃",
        )
    strategy = Strategy(reason.strategy)
    en, zh = REASONS[strategy]
    asked_en, asked_zh = _asked(reason)
    place = _words(
        f"{offer.agent}: {en}{asked_en} of {reason.free} free ({reason.staff} signed in);"
        f" the caller was first of {reason.waiting}",
        f"{offer.agent}：{reason.free} 位空闲坐席中{zh}{asked_zh}（已签入 {reason.staff} 位）；"
        f"来电者在 {reason.waiting} 位等候者中排第一",
    )
    others = [
        _beaten(reason.candidates[0], other, offer.at, strategy) for other in reason.candidates[1:]
    ]
    if reason.passed_over:
        count = reason.passed_over
        others.append(_words(f"{count} did not take this call before", f"{count} 位此前未接此通话"))
    return _words(
        "; ".join([place["en"], *(other["en"] for other in others)]),
        "；".join([place["zh"], *(other["zh"] for other in others)]),
    )


def _eased(eased: WantEased) -> Words:
    left = eased.requires
    en = f"asks for {left} now" if left else "asks for no skill any more"
    zh = f"现在只要求 {left}" if left else "不再要求技能"
    if eased.anybody:
        return _words(f"waits for anybody; {en}", f"不再只等一位坐席；{zh}")
    return _words(f"step {eased.steps}: {en}", f"第 {eased.steps} 步：{zh}")


def verdicts(floor: Floor, call: CallId, now: datetime) -> tuple[Verdict, ...]:
    """Of each agent of the queue that the caller waits in, and of those added: what keeps them from being
    offered the call. Empty for a call that does not wait."""
    entry = floor.entries.get(call)
    if entry is None:
        return ()
    line = floor.lines[entry.queue]
    want = line.eased(entry.want, entry.steps)
    queues = {entry.queue, *want.added}
    agents: Iterable[AgentRow] = (a for a in floor.agents.values() if queues.intersection(a.queues))
    found = [_verdict(agent, entry, line, want, now) for agent in agents]
    return tuple(sorted(found, key=lambda verdict: (not verdict.can, verdict.agent)))


def _verdict(agent: AgentRow, entry: QueueEntry, line: Line, want: Want, now: datetime) -> Verdict:
    bar = _unfit(agent, want, line) or _absent(agent) or _occupied(agent, entry, now)
    if bar is not None:
        return Verdict(agent.id, False, bar)
    if agent.id in entry.failed_with:
        return Verdict(
            agent.id,
            True,
            _words("free, but did not take this call before", "空闲，但此前未接此通话"),
        )
    return Verdict(agent.id, True, _words("free", "空闲"))


def _unfit(agent: AgentRow, want: Want, line: Line) -> Words | None:
    if want.agent is not None and agent.id != want.agent:
        return _words(f"the caller waits for {want.agent}", f"来电者在等 {want.agent}")
    if missing(want.requires, agent.talents.skills):
        held = ", ".join(
            f"{skill} {level}" for skill, level in sorted(agent.talents.skills.items())
        )
        need = text_of(want.requires)
        return _words(
            f"lacks {need} (has {held or 'none'})", f"不具备 {need}（现有：{held or '无'}）"
        )
    if want.tier_of(agent, line.rules.id) is None:
        tier = agent.talents.tiers.get(line.rules.id, 1)
        return _words(f"tier {tier} is not asked yet", f"尚未轮到第 {tier} 层")
    return None


def _absent(agent: AgentRow) -> Words | None:
    if agent.presence is Presence.SIGNED_OUT:
        return _words("is signed out", "未签入")
    if agent.presence is Presence.PAUSED:
        return _words(f"is paused ({agent.pause_reason})", f"已暂停（{agent.pause_reason}）")
    if not agent.reachable:
        return _words("their phone is not there", "话机未注册")
    return None


def _occupied(agent: AgentRow, entry: QueueEntry, now: datetime) -> Words | None:
    if agent.id in entry.rung.values():
        return _words("is being rung for this call", "正在为此通话振铃")
    if agent.engagement is not None:
        return _words(*_BUSY[agent.activity])
    if agent.rest_until is not None:
        seconds = max(0.0, (agent.rest_until - now).total_seconds())
        return _words(f"rests for {seconds:.0f} s more", f"还需休息 {seconds:.0f} 秒")
    return None


def _asked(reason: OfferReason) -> tuple[str, str]:
    asked = [("with", "具备"), ("best with", "优先")]
    needs = [reason.requires, reason.prefers]
    said = [(en, zh, need) for (en, zh), need in zip(asked, needs, strict=True) if need]
    en = "".join(f" {word} {need}" for word, _, need in said)
    zh = "".join(f"（{word} {need}）" for _, word, need in said)
    return en, zh


def _beaten(chosen: Candidate, other: Candidate, at: datetime, strategy: Strategy) -> Words:
    """What the first thing is by which another one came later."""
    who = other.agent
    if other.tier != chosen.tier:
        return _words(f"{who}: tier {other.tier}", f"{who}：第 {other.tier} 层")
    if other.lacking != chosen.lacking:
        more = other.lacking - chosen.lacking
        en = f"{who}: lacks {more} more of what is preferred"
        return _words(en, f"{who}：优先技能少 {more} 项")
    measure = _measured(other, at, strategy)
    return _words(f"{who}: {measure['en']}", f"{who}：{measure['zh']}")


def _measured(one: Candidate, at: datetime, strategy: Strategy) -> Words:
    match strategy:
        case Strategy.FEWEST_CALLS:
            return _words(f"{one.measure:.0f} calls", f"{one.measure:.0f} 通")
        case Strategy.LEAST_TALK:
            return _words(f"talked {one.measure:.0f} s", f"已通话 {one.measure:.0f} 秒")
        case Strategy.ROUND_ROBIN if one.measure:
            ago = at.timestamp() - one.measure
            return _words(f"rung {ago:.0f} s ago", f"{ago:.0f} 秒前振过铃")
        case Strategy.LINEAR:
            return _words("later in order", "顺序靠后")
        case Strategy.RANDOM | Strategy.WEIGHTED_RANDOM:
            return _words("not drawn", "未抽中")
        case _:
            idle = max(timedelta(), at - one.idle_since).total_seconds()
            return _words(f"idle for {idle:.1f} s", f"空闲 {idle:.1f} 秒")
