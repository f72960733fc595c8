"""The same calls through Asterisk's app_queue and through us leave the same lines in queue_log.

Both sides have the same switch and phones of the same kind, and each script is played to both in the same
words. Times and ids are apart by nature: calls, queues, agents and legs are numbered as they come.
Durations may differ by what a busy machine adds.

What differs by intent: how long an agent's phone rang who declined is told by us in milliseconds, by
app_queue in whole seconds times a thousand, which is within the tolerance. And of an agent who is ready
already and says so again app_queue tells once more; for us nothing has happened, and there is no fact.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from callcenter.testing.phones import CallLeg
from tests.live.live_centre import LONG, Agent, House, Line, seen, until

pytestmark = pytest.mark.live

NUMBER: Final = "4990"
CALLERS: Final = ("+491713921001", "+491713921002", "+491713921003")
NUMBERS: Final = itertools.count(1)
TOLERANCE: Final = 2.0  # seconds

_QUEUES: Final = """[general]
persistentmembers = no
log_membername_as_agent = yes
[{queue}]
timeout = {ring_for_seconds}
retry = 1
autofill = yes
joinempty = yes
leavewhenempty = no
ringinuse = no
{more}
"""
_MANAGER: Final = """[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
[test]
secret = {secret}
read = agent
write = agent
"""
RULES: Final = {"ring_for_seconds": 4, "strategy": "linear", "announce_every_seconds": None}

# Which of an event's data are durations, and how many of their units make a second.
DURATIONS: Final[Mapping[str, Mapping[int, int]]] = {
    "CONNECT": {0: 1, 2: 1},
    "COMPLETECALLER": {0: 1, 1: 1},
    "COMPLETEAGENT": {0: 1, 1: 1},
    "ABANDON": {2: 1},
    "EXITWITHTIMEOUT": {2: 1},
    "EXITWITHKEY": {3: 1},
    "RINGNOANSWER": {0: 1000},
    "RINGCANCELED": {0: 1000},
}
LEGS: Final = {"CONNECT": 1}
NOBODYS: Final = ("NONE", "CLI", "MANAGER")


@dataclass
class Told:
    """What lines say, in a form that can be compared: their fields, and their durations in seconds."""

    fields: list[list[str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NOBODYS, "NONE"))

    @classmethod
    def by(cls, lines: list[str]) -> "Told":
        told = cls()
        for line in lines:
            told.hear(line)
        return told

    def hear(self, line: str) -> None:
        epoch, call, queue, agent, event, *data = line.split("|")
        assert epoch.isdecimal()
        ends = [place for name, place in LEGS.items() if name == event]
        for place in ends:
            data[place] = self.named(data[place])
        for place, share in DURATIONS.get(event, {}).items():
            self.seconds.append(int(data[place]) / share)
            data[place] = "…"
        self.fields.append([*map(self.named, (call, queue, agent)), event, *data])

    def named(self, name: str) -> str:
        """The same name for what is the same."""
        return self.names.setdefault(name, f"#{len(self.names)}")


@dataclass
class Side:
    """One of the two who write queue_log, with a queue of theirs and two agents in it."""

    house: House
    queue: str
    number: str
    log: Path
    agents: tuple[Agent, Agent]
    set_ready: Callable[[Agent, bool], Awaitable[object]]

    async def calls(self, who: int = 0) -> CallLeg:
        """Somebody dials, and waits in the queue."""
        leg = await self.house.dial(self.number, caller_id=CALLERS[who])
        await leg.established(LONG)
        return leg

    async def all_ready(self, *, ready: bool = True) -> None:
        for agent in self.agents:
            await self.set_ready(agent, ready)

    async def at_rest(self) -> None:
        """Nobody is on the line any more."""

        async def is_empty() -> bool:
            return not await self.house.ari("/channels")

        await until(is_empty, LONG)

    def told_of_calls(self, event: str = "") -> list[str]:
        """The lines about calls of this queue."""
        return [
            line for line in self._lines() if line.split("|")[1] not in NOBODYS and event in line
        ]

    def told_of_agents(self) -> list[str]:
        """The lines about what its agents did."""
        return [line for line in self._lines() if line.split("|")[1] in NOBODYS]

    def _lines(self) -> list[str]:
        ids = {agent.id for agent in self.agents}
        whole = self.log.read_text().rpartition("\n")[0].splitlines() if self.log.exists() else []
        found = [(line, line.split("|")) for line in whole]
        return [
            line
            for line, parts in found
            if parts[2] == self.queue or (parts[2], parts[3]) in {("NONE", one) for one in ids}
        ]


async def goes_by(leg: CallLeg, seconds: float) -> None:
    """So much time passes on the line."""
    until_then = leg.recording.length + timedelta(seconds=seconds)
    await seen(lambda: leg.recording.length >= until_then, LONG)


# ── the scripts ──


async def answered_and_the_caller_hangs_up(side: Side) -> None:
    await side.all_ready()
    caller = await side.calls()
    leg = await side.agents[0].phone.rings(LONG)
    await goes_by(caller, 1)
    await leg.answer(LONG)
    await goes_by(caller, 3)
    await caller.hang_up(LONG)


async def answered_and_the_agent_hangs_up(side: Side) -> None:
    await side.all_ready()
    caller = await side.calls()
    leg = await side.agents[0].phone.rings(LONG)
    await leg.answer(LONG)
    await goes_by(caller, 3)
    await leg.hang_up(LONG)
    await caller.ended(LONG)


async def both_give_up_the_second_first(side: Side) -> None:
    await side.all_ready(ready=False)
    first = await side.calls(0)
    second = await side.calls(1)
    await goes_by(second, 3)
    await second.hang_up(LONG)
    await goes_by(first, 1)
    await first.hang_up(LONG)


async def both_give_up_the_first_first(side: Side) -> None:
    await side.all_ready(ready=False)
    first = await side.calls(0)
    second = await side.calls(1)
    await goes_by(first, 3)
    await first.hang_up(LONG)
    await goes_by(second, 1)
    await second.hang_up(LONG)


async def the_first_does_not_answer_the_next_does(side: Side) -> None:
    await side.all_ready()
    caller = await side.calls()
    missed = await side.agents[0].phone.rings(LONG)
    await missed.ended(LONG)
    leg = await side.agents[1].phone.rings(LONG)
    await leg.answer(LONG)
    await goes_by(caller, 2)
    await caller.hang_up(LONG)


async def the_first_declines_the_next_answers(side: Side) -> None:
    await side.all_ready()
    caller = await side.calls()
    declined = await side.agents[0].phone.rings(LONG)
    await goes_by(caller, 1)
    await declined.reject(LONG)
    leg = await side.agents[1].phone.rings(LONG)
    await leg.answer(LONG)
    await goes_by(caller, 2)
    await caller.hang_up(LONG)


async def gives_up_while_it_rings(side: Side) -> None:
    await side.all_ready()
    caller = await side.calls()
    await side.agents[0].phone.rings(LONG)
    await goes_by(caller, 2)
    await caller.hang_up(LONG)


async def one_is_served_after_another_who_gave_up_before_them(side: Side) -> None:
    ana, _ = side.agents
    await side.set_ready(ana, True)
    talking = await side.calls(0)
    await (await ana.phone.rings(LONG)).answer(LONG)
    impatient = await side.calls(1)
    patient = await side.calls(2)
    await goes_by(patient, 2)
    await impatient.hang_up(LONG)
    await goes_by(patient, 1)
    await talking.hang_up(LONG)
    await (await ana.phone.rings(LONG)).answer(LONG)
    await goes_by(patient, 2)
    await patient.hang_up(LONG)


async def leaves_after_a_while(side: Side) -> None:
    await side.all_ready(ready=False)
    caller = await side.calls()
    await seen(lambda: side.told_of_calls("EXITWITHTIMEOUT"), LONG)
    await caller.hang_up(LONG)


async def leaves_by_a_key(side: Side) -> None:
    await side.all_ready(ready=False)
    first = await side.calls(0)
    second = await side.calls(1)
    await goes_by(second, 2)
    await second.press("5")
    await seen(lambda: side.told_of_calls("EXITWITHKEY"), LONG)
    await second.hang_up(LONG)
    await first.hang_up(LONG)


async def all_are_rung_and_the_second_answers(side: Side) -> None:
    await side.all_ready()
    caller = await side.calls()
    other = await side.agents[0].phone.rings(LONG)
    leg = await side.agents[1].phone.rings(LONG)
    await goes_by(caller, 1)
    await leg.answer(LONG)
    await other.ended(LONG)
    await goes_by(caller, 2)
    await caller.hang_up(LONG)


@dataclass(frozen=True)
class Set:
    """How a script's queue is set up by either side, beside what is usual."""

    ours: Mapping[str, object] = field(default_factory=dict)
    theirs: str = "strategy = linear"
    they_wait: str = ""


AS_USUAL: Final = Set()
SET: Final[Mapping[object, Set]] = {
    leaves_after_a_while: Set(
        {"ways_out": [{"after_seconds": 4, "flow": "hotline"}]}, they_wait="4"
    ),
    leaves_by_a_key: Set(
        {"ways_out": [{"key": "5", "flow": "hotline"}]}, "strategy = linear\ncontext = by-key"
    ),
    all_are_rung_and_the_second_answers: Set({"strategy": "ring-all"}, "strategy = ringall"),
}

SCRIPTS: Final = (
    answered_and_the_caller_hangs_up,
    answered_and_the_agent_hangs_up,
    both_give_up_the_second_first,
    both_give_up_the_first_first,
    the_first_does_not_answer_the_next_does,
    the_first_declines_the_next_answers,
    gives_up_while_it_rings,
    one_is_served_after_another_who_gave_up_before_them,
    leaves_after_a_while,
    leaves_by_a_key,
    all_are_rung_and_the_second_answers,
)


# ── the sides ──


@contextmanager
def written_as(path: Path, text: str) -> Iterator[None]:
    """A file says something else for a while."""
    before = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)


def ours(house: House, line: Line, agents: tuple[Agent, Agent]) -> Side:
    async def set_ready(agent: Agent, ready: bool) -> None:
        await agent.sets("ready" if ready else "paused")

    log = house.centre.prepared.settings.queue_log
    assert log is not None
    return Side(house, line.queue, line.number, log, agents, set_ready)


@asynccontextmanager
async def theirs(
    house: House, agents: tuple[Agent, Agent], how: Set = AS_USUAL
) -> AsyncIterator[Side]:
    """app_queue on the same switch, with its queue_log on."""
    queue = f"app-{next(NUMBERS)}"
    etc = house.centre.prepared.rendered.conf.parent
    logger = (etc / "logger.conf").read_text().replace("queue_log = no", "queue_log = yes")
    fallback = (etc / "queues.conf").read_text().partition("[fallback]")[2]
    queues = f"{_QUEUES.format(queue=queue, more=how.theirs, **RULES)}\n[fallback]{fallback}"

    async def set_ready(agent: Agent, ready: bool) -> None:
        word = "unpause" if ready else "pause"
        await house.console(f"queue {word} member {interface(agent)} queue {queue}")

    waits = f'"{queue},,,,{how.they_wait}"'
    steps = (f"{NUMBER},1,Answer", f"{NUMBER},2,Queue,{waits}", f"{NUMBER},3,Wait,5")
    begin = [f"dialplan add extension {step} into from-trunk replace" for step in steps]
    begin.append("dialplan add extension 5,1,Wait,5 into by-key replace")
    reread = ("logger reload", "queue reload all")
    try:
        with written_as(etc / "logger.conf", logger), written_as(etc / "queues.conf", queues):
            for command in (*reread, *begin):
                await house.console(command)
            log = house.centre.run_folder / "asterisk/log/queue_log"
            yield Side(house, queue, NUMBER, log, agents, set_ready)
    finally:
        for command in (f"dialplan remove extension {NUMBER}@from-trunk", *reread):
            await house.console(command)


def interface(agent: Agent) -> str:
    return f"PJSIP/agent-{agent.id}"


async def two_agents(house: House, line: Line) -> tuple[Agent, Agent]:
    """Paused, in the order in which they are rung."""
    one, other = [await house.agent([line], ready=False) for _ in range(2)]
    first, second = sorted((one, other), key=lambda agent: agent.id)
    return first, second


def compare(their_lines: list[str], our_lines: list[str]) -> None:
    them, us = Told.by(their_lines), Told.by(our_lines)
    shown = "\n".join(["app_queue:", *their_lines, "we:", *our_lines])
    assert them.fields, "app_queue has said nothing"
    assert us.fields == them.fields, shown
    apart = [abs(a - b) for a, b in zip(us.seconds, them.seconds, strict=True)]
    assert max(apart, default=0) <= TOLERANCE, shown


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
async def test_a_call_leaves_the_same_lines(
    house: House, script: Callable[[Side], Awaitable[None]]
) -> None:
    how = SET.get(script, AS_USUAL)
    line = await house.line(**{**RULES, **how.ours})
    # Each side its own: the engine leaves an agent alone for a while whose phone somebody else has rung.
    agents = await two_agents(house, line)
    async with theirs(house, agents, how) as side:
        for agent in agents:
            wish = f"{interface(agent)} to {side.queue} penalty 0 as {agent.id}"
            await house.console(f"queue add member {wish}")
            await side.set_ready(agent, False)
        await script(side)
        await side.at_rest()
        their_lines = side.told_of_calls()
    side = ours(house, line, await two_agents(house, line))
    await script(side)
    await house.nothing_is_left()
    await seen(lambda: len(side.told_of_calls()) >= len(their_lines), LONG, str(their_lines))
    compare(their_lines, side.told_of_calls())


class Manager:
    """AMI, as far as app_queue's agents come and go by it."""

    def __init__(self, house: House, queue: str) -> None:
        self._house = house
        self._queue = queue

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Manager"]:
        """The door is shut in a centre: open it for as long as this lasts."""
        prepared, secret = self._house.centre.prepared, secrets.token_hex(8)
        conf = prepared.rendered.conf.parent / "manager.conf"
        port = prepared.settings.switch.ami_port
        try:
            with written_as(conf, _MANAGER.format(port=port, secret=secret)):
                await self._house.console("manager reload")
                self._in, self._out = await asyncio.open_connection("127.0.0.1", port)
                await self._in.readline()
                await self._send(Action="Login", Username="test", Secret=secret, Events="off")
                yield self
                self._out.close()
        finally:
            await self._house.console("manager reload")

    async def asks(self, action: str, agent: Agent, **more: str) -> None:
        """One action for one agent."""
        await self._send(Action=action, Interface=interface(agent), **more)

    async def _send(self, **fields: str) -> None:
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._out.write(f"{text}\r\n".encode())
        answer = await asyncio.wait_for(self._in.readuntil(b"\r\n\r\n"), LONG.total_seconds())
        assert answer.startswith(b"Response: Success"), answer.decode()


async def test_an_agents_day_leaves_the_same_lines(house: House) -> None:
    line = await house.line(**RULES)
    agents = await two_agents(house, line)
    agent = agents[0]
    async with theirs(house, agents) as side, Manager(house, side.queue).open() as manager:
        name = {"Queue": side.queue, "MemberName": agent.id}
        await manager.asks("QueueAdd", agent, Paused="true", **name)
        await manager.asks("QueuePause", agent, Paused="false")
        await manager.asks("QueuePause", agent, Paused="true", Reason="lunch")
        await manager.asks("QueuePause", agent, Paused="true", Reason="training")
        await manager.asks("QueuePause", agent, Paused="false")
        await manager.asks("QueueRemove", agent, Queue=side.queue)
        their_lines = side.told_of_agents()
    side = ours(house, line, agents)
    await agent.sets("ready")
    await agent.sets("paused", "lunch")
    await agent.sets("paused", "training")
    await agent.sets("ready")
    await house.admin.ask("DELETE", f"/agents/{agent.id}/login")

    def of_this_agent() -> list[str]:
        return [one for one in side.told_of_agents() if f"|{agent.id}|" in one]

    await seen(lambda: "REMOVEMEMBER" in "".join(of_this_agent()), LONG)
    compare(their_lines, of_this_agent())


async def test_an_archive_that_is_killed_loses_and_doubles_no_line(house: House) -> None:
    line = await house.line(**RULES)
    side = ours(house, line, await two_agents(house, line))
    await side.all_ready()
    caller = await side.calls()
    leg = await side.agents[0].phone.rings(LONG)
    for _ in range(3):
        killed = house.centre.kill("archive")
        await house.centre.came_back("archive", killed)
    await leg.ended(LONG)
    leg = await side.agents[1].phone.rings(LONG)
    await leg.answer(LONG)
    killed = house.centre.kill("archive")
    await goes_by(caller, 1)
    await caller.hang_up(LONG)
    await house.centre.came_back("archive", killed)
    await house.nothing_is_left()
    await seen(lambda: side.told_of_calls("COMPLETECALLER"), LONG)
    events = [one.split("|")[4] for one in side.told_of_calls()]
    assert events == ["ENTERQUEUE", "RINGNOANSWER", "CONNECT", "COMPLETECALLER"]
