"""The door: the only part of the engine that anybody else may hold.

`deliver` takes facts from the switch, `ask` takes commands from people, `snapshot` and `follow` feed
screens. What a person may do is asked here, once, for HTTP, socket and command line alike.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from callcenter.core.access import Action, Actor, check_may
from callcenter.core.acd.agent_state import Activity, AgentRow
from callcenter.core.acd.device import parse_device
from callcenter.core.acd.explain import Verdict, verdicts
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.phases import Call, rings_of, talking_with
from callcenter.core.codes import leaves
from callcenter.core.errors import (
    AlreadySignedIn,
    Invalid,
    NoSuchAgent,
    NoSuchCall,
    NoSuchCode,
    NotFiled,
    NothingToWrap,
    NotSignedIn,
    NotWaiting,
)
from callcenter.core.facts.agents import (
    AgentSignedIn,
    CallFiled,
    DeviceReachable,
    Presence,
    PresenceChanged,
    WrapEnded,
    WrapExtended,
)
from callcenter.core.facts.calls import EndedBy, HangUpAsked, WantChanged
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId
from callcenter.core.skills import Need, checked_need, text_of
from callcenter.engine.counters import Counters
from callcenter.engine.loop import Engine
from callcenter.engine.rows import agent_row, call_row
from callcenter.ports.clock import Clock
from callcenter.ports.journal import JournalAway

LONGEST_REASON = 40
LONGEST_WRAP = timedelta(hours=1)
LONGEST_HEAD_START = 86_400


@dataclass(frozen=True, slots=True)
class SignIn:
    """Sit down at a device. `take_over`: sign out whoever sits there under the same name first."""

    agent: AgentId
    device: str
    take_over: bool = True


@dataclass(frozen=True, slots=True)
class SignOut:
    agent: AgentId


@dataclass(frozen=True, slots=True)
class SetPresence:
    agent: AgentId
    presence: Presence
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FinishWrap:
    agent: AgentId


@dataclass(frozen=True, slots=True)
class HangUp:
    call: CallId


@dataclass(frozen=True, slots=True)
class ChangeNeeds:
    """What a caller who waits needs of an agent, and their head start in seconds. None: as it was."""

    call: CallId
    requires: str | None = None
    prefers: str | None = None
    priority: float | None = None


@dataclass(frozen=True, slots=True)
class ExtendWrap:
    """Take so many seconds more for the work after a call."""

    agent: AgentId
    seconds: float


@dataclass(frozen=True, slots=True)
class FileCall:
    """Say what the agent's call came to."""

    agent: AgentId
    disposition: str


Command = SignIn | SignOut | SetPresence | FinishWrap | ExtendWrap | FileCall | HangUp | ChangeNeeds


class Door:
    """What services and adapters hold of the engine."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    # -- facts and commands ---------------------------------------------------------------------

    def deliver(self, *facts: Fact) -> None:
        """Facts from the switch, in the order they happened."""
        self._engine.deliver(*facts)

    def ask(self, actor: Actor, command: Command) -> None:
        """Carry out a command.

        Raises:
            NotPermitted: the actor may not.
            JournalAway: it cannot be written down now.
            CoreError: the present state does not allow it; its code says why.
        """
        match command:
            case SignIn():
                self._sign_in(actor, command)
            case SignOut(agent=agent):
                row = self._signed_in(actor, Action.SIGN_IN_AGENT, agent)
                self._say(PresenceChanged(self.now, row.id, Presence.SIGNED_OUT))
            case SetPresence():
                self._set_presence(actor, command)
            case FinishWrap(agent=agent):
                self._finish_wrap(actor, agent)
            case FileCall():
                self._file(actor, command)
            case ExtendWrap():
                self._extend_wrap(actor, command)
            case HangUp(call=call_id):
                self._hang_up(actor, call_id)
            case ChangeNeeds():
                self._change_needs(actor, command)

    def set_reachable(self, agent: AgentId, reachable: bool) -> None:
        """The agent's device appeared or vanished; what is already known is not said twice."""
        row = self._engine.floor.agents.get(agent)
        if row is None or not row.device.startswith("sip:"):
            return  # a number outside is always there; what is told is of an account that was left
        if row.reachable != reachable or not self._engine.can_write:  # the row may be old
            self._engine.deliver(DeviceReachable(self.now, agent, reachable))

    def observe(self, late: timedelta) -> None:
        """How late our answers have been lately: beyond a limit fewer calls are taken in."""
        engine = self._engine
        engine.entrance.look(self.now, late, tells_when_full=engine.directory.tells_when_full)

    def turned_away(self) -> None:
        """The switch has turned a caller away by itself, as it was told to."""
        self._engine.counters.refused[self._engine.entrance.turned_away(self.now)] += 1

    @property
    def most_per_second(self) -> float | None:
        """How many new calls are taken in now; None: any number."""
        return self._engine.admission.per_second

    @property
    def with_music(self) -> int:
        """How many callers hear music."""
        return len(self._engine.music)

    @property
    def can_write(self) -> bool:
        """Whether the journal takes what happens; while not, nothing happens and people are refused."""
        return self._engine.can_write

    @property
    def overdue_pauses(self) -> int:
        """How many agents are paused for longer than their reason allows."""
        agents, now = self._engine.floor.agents.values(), self.now
        return sum(one.pause_until is not None and one.pause_until < now for one in agents)

    def show_alerts(self, rows: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Put what is raised on live screens, by key, and take away what is not any more (None)."""
        shown = {key: None if row is None else dict(row) for key, row in rows.items()}
        self._engine.feed.put_beside(self._engine.number, "alerts", shown)

    @property
    def last_number(self) -> int:
        """The number of the last fact."""
        return self._engine.number

    def configure(self, directory: Directory) -> None:
        """Put a new configuration in force at once, for those who already wait too."""
        self._engine.configure(directory)

    # -- what is --------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The engine's time."""
        return self._clock.now()

    @property
    def directory(self) -> Directory:
        """The configuration in force."""
        return self._engine.directory

    @property
    def counters(self) -> Counters:
        """What the engine counts about itself."""
        return self._engine.counters

    def snapshot(self) -> tuple[int, dict[str, Any]]:
        """Every row, and the number it stands for."""
        return self._engine.feed.snapshot()

    def follow(self, after: int) -> AsyncIterator[tuple[int, Mapping[str, Any]]]:
        """Every change with a greater number; raises Gap (see `ports.feed`)."""
        return self._engine.feed.follow(after)

    def agent(self, agent: AgentId) -> dict[str, Any]:
        """One agent's row. Raises: NoSuchAgent."""
        try:
            return agent_row(self._engine.floor.agents[agent])
        except KeyError:
            raise NoSuchAgent(agent) from None

    def call(self, call: CallId) -> dict[str, Any]:
        """One live call's row. Raises: NoSuchCall."""
        try:
            return call_row(self._engine.calls[call])
        except KeyError:
            raise NoSuchCall(call) from None

    def callbacks(self) -> dict[CallId, str]:
        """The calls whose callers are to be called back, and where."""
        return self._engine.callbacks

    def facts_of(self, call: CallId) -> tuple[Fact, ...]:
        """Everything a live call has heard, in order. Raises: NoSuchCall."""
        try:
            return tuple(fact for _, fact in self._engine.kept[call])
        except KeyError:
            raise NoSuchCall(call) from None

    def verdicts(self, call: CallId) -> tuple[Verdict, ...]:
        """Why each agent is not offered a call that waits; empty for one that does not."""
        return verdicts(self._engine.floor, call, self.now)

    def device_of(self, agent: AgentId) -> str:
        """What would be rung for the agent; empty when signed out. Raises: NoSuchAgent."""
        try:
            return self._engine.floor.agents[agent].device
        except KeyError:
            raise NoSuchAgent(agent) from None

    # -- commands ---------------------------------------------------------------------------------

    def _sign_in(self, actor: Actor, command: SignIn) -> None:
        row = self._agent(actor, Action.SIGN_IN_AGENT, command.agent)
        parse_device(command.device)
        if row.presence is not Presence.SIGNED_OUT and not command.take_over:
            raise AlreadySignedIn(command.agent)
        self._say(AgentSignedIn(self.now, command.agent, command.device))

    def _set_presence(self, actor: Actor, command: SetPresence) -> None:
        row = self._signed_in(actor, Action.SET_PRESENCE, command.agent)
        if command.presence is Presence.SIGNED_OUT:
            raise Invalid("presence: sign out instead")
        reason = command.reason.strip()
        if len(reason) > LONGEST_REASON or not reason.isprintable():
            raise Invalid(f"reason: at most {LONGEST_REASON} printable characters")
        if command.presence is Presence.READY:
            reason = ""
        until = None
        if command.presence is Presence.PAUSED:
            until = self._pause_until(reason)
        if (row.presence, row.pause_reason) != (command.presence, reason):
            self._say(PresenceChanged(self.now, row.id, command.presence, reason, until))

    def _pause_until(self, reason: str) -> datetime | None:
        """When a pause for this reason ought to end. Raises: Invalid, for a reason that is none here."""
        known = self.directory.pause_reasons
        if not known:
            return None
        found = known.get(reason)
        if found is None:
            raise Invalid(f"reason: write one of {', '.join(sorted(known))}")
        return None if found.longest is None else self.now + found.longest

    def _file(self, actor: Actor, command: FileCall) -> None:
        row = self._agent(actor, Action.SET_DISPOSITION, command.agent)
        held = row.engagement
        if held is None or held.activity not in (Activity.TALKING, Activity.WRAPPING):
            raise NothingToWrap
        allowed = leaves(self.directory.dispositions)
        if command.disposition not in allowed:
            raise NoSuchCode(f"disposition: {command.disposition}")
        self._say(CallFiled(self.now, command.agent, held.call, command.disposition))

    def _finish_wrap(self, actor: Actor, agent: AgentId) -> None:
        held = self._agent(actor, Action.SET_PRESENCE, agent).engagement
        if held is None or held.activity is not Activity.WRAPPING:
            raise NothingToWrap
        must_file = self.directory.dispositions and held.until is None and not held.filed
        if must_file and actor.agent_id == agent:
            raise NotFiled
        self._say(WrapEnded(self.now, agent))

    def _extend_wrap(self, actor: Actor, command: ExtendWrap) -> None:
        row = self._agent(actor, Action.SET_PRESENCE, command.agent)
        held = row.engagement
        if held is None or held.activity is not Activity.WRAPPING:
            raise NothingToWrap
        longest = LONGEST_WRAP.total_seconds()
        if not 1 <= command.seconds <= longest:
            raise Invalid(f"seconds: write 1 to {longest:g}")
        if held.until is None:
            return  # it takes as long as they like already
        until = held.until + timedelta(seconds=command.seconds)
        if until - held.since > LONGEST_WRAP:
            raise Invalid(f"seconds: work after one call may take {longest:g} s in all")
        self._say(WrapExtended(self.now, command.agent, until))

    def _hang_up(self, actor: Actor, call_id: CallId) -> None:
        call = self._engine.calls.get(call_id)
        own = actor.agent_id if actor.agent_id in _owners(call) else None
        check_may(actor, Action.STEER_CALL, agent=own)
        if call is None:
            raise NoSuchCall(call_id)
        by = EndedBy.SUPERVISOR if own is None else EndedBy.AGENT
        self._say(HangUpAsked(self.now, call_id, by, own))

    def _change_needs(self, actor: Actor, command: ChangeNeeds) -> None:
        check_may(actor, Action.STEER_CALL)
        if command.call not in self._engine.calls:
            raise NoSuchCall(command.call)
        entry = self._engine.floor.entries.get(command.call)
        if entry is None:
            raise NotWaiting(command.call)
        if command.priority is not None and not abs(command.priority) <= LONGEST_HEAD_START:
            raise Invalid(f"priority_seconds: write -{LONGEST_HEAD_START} to {LONGEST_HEAD_START}")
        requires = self._need("requires", command.requires, entry.want.requires)
        prefers = self._need("prefers", command.prefers, entry.want.prefers)
        self._say(WantChanged(self.now, command.call, requires, prefers, command.priority))

    def _need(self, field: str, text: str | None, before: Need) -> str:
        if text is None:
            return text_of(before)
        return text_of(checked_need(field, text, self.directory.skills))

    def _agent(self, actor: Actor, action: Action, agent: AgentId) -> AgentRow:
        check_may(actor, action, agent=agent)
        try:
            return self._engine.floor.agents[agent]
        except KeyError:
            raise NoSuchAgent(agent) from None

    def _signed_in(self, actor: Actor, action: Action, agent: AgentId) -> AgentRow:
        row = self._agent(actor, action, agent)
        if row.presence is Presence.SIGNED_OUT:
            raise NotSignedIn(agent)
        return row

    def _say(self, fact: Fact) -> None:
        if self._engine.can_write:
            self._engine.deliver(fact)
        if not self._engine.can_write:
            # Whoever asked first of all is told so too, although theirs is done once it is written.
            raise JournalAway


def _owners(call: Call | None) -> tuple[AgentId, ...]:
    """The agents whose call it is: who talks, or all who are being rung."""
    if call is None:
        return ()
    talks = talking_with(call)
    return (talks,) if talks is not None else tuple(ring.agent for ring in rings_of(call))
