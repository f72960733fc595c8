"""The stage: puts the cast on, lets the calls happen, and hands each to the judge when it is over.

One process has one set of telephones. At most `AT_ONCE` callers are on the line; those who come later
call when another has left, as behind a trunk with so many lines. Recordings are worked through in a
thread, so that the telephones' clock is not held up, and are dropped once judged unless they are
evidence.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import aiohttp

from callcenter.demo.agents import Agent, Ring
from callcenter.demo.board import Board
from callcenter.demo.callers import Caller
from callcenter.demo.centre_api import Desk
from callcenter.demo.listening import TONES, PromptBook, dead_air, voices
from callcenter.demo.records import AgentRecord, By, CallerRecord, Leg
from callcenter.demo.script import AGENTS, AgentPart, CallerPart, callers, moods
from callcenter.demo.verdict import USUAL, Fault, Rules, due_prompts, judge, judge_agents
from callcenter.testing.phones import CallLeg, Phone, Phones
from callcenter.testing.tones import Recording, Span

T = TypeVar("T")

AT_ONCE: Final = 10
"""Callers on the line; with five agents and their telephones about what two cores carry."""

SETTLES_WITHIN: Final = timedelta(seconds=2.5)
"""How long a call's telephones are given before it is judged; who is still on the line then, as long again
as the rules allow."""

EVERYBODY: Final = "everybody"
KEPT_FOR: Final = timedelta(minutes=3)
RING_SECONDS: Final = 8


@dataclass(frozen=True, slots=True)
class Venue:
    """Where the demo plays: the running centre, and the ports that its telephones may use."""

    url: str
    sip: str
    passwords: Mapping[str, str]
    prompts: Path
    evidence: Path
    phone_port: int
    rtp_ports: tuple[int, int]
    seed: int
    impostor: str = ""
    """An agent, or `EVERYBODY`, who speaks with a colleague's voice: proof that the judge notices."""
    rules: Rules = USUAL
    patience: timedelta = timedelta()
    """How long agents ask again while no engine answers them."""


@dataclass(slots=True)
class Stage:
    """One performance."""

    venue: Venue
    board: Board
    agents: list[Agent] = field(default_factory=list)
    _prompts: PromptBook | None = None
    _voices: dict[str, int] = field(default_factory=dict)
    _by_number: dict[str, int] = field(default_factory=dict)
    _lines: dict[str, Phone] = field(default_factory=dict)
    # Given out in turn: a tone comes round again only long after whoever had it has gone.
    _free_tones: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    _last_with: dict[int, str] = field(default_factory=dict)
    _judging: asyncio.Lock = field(default_factory=asyncio.Lock)
    _desk: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "judge", initializer=_be_patient)
    )

    async def play(self, calls: int | None, stop: asyncio.Event) -> None:
        """Play until so many calls are over, or until `stop`; calls that are up then play on."""
        self._prompts = await self._aside(PromptBook, self.venue.prompts)
        self._voices = {part.id: hz for part, hz in zip(AGENTS, TONES, strict=False)}
        for hz in TONES[len(AGENTS) :]:
            self._free_tones.put_nowait(hz)
        venue = self.venue
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=45)) as http,
            Phones(sip_port=venue.phone_port, rtp_ports=venue.rtp_ports) as phones,
        ):
            await self._seat_agents(http, phones)
            closing = asyncio.Event()
            working = [asyncio.create_task(agent.work(closing)) for agent in self.agents]
            try:
                await self._let_them_call(phones, callers(venue.seed, calls), stop)
            finally:
                closing.set()
                await asyncio.gather(*working)
            for agent in self.agents:
                await agent.go_home()
        self._judge_agents(list(self._all_rings()))
        self._desk.shutdown()

    # -- the cast ---------------------------------------------------------------------------------

    async def _seat_agents(self, http: aiohttp.ClientSession, phones: Phones) -> None:
        venue = self.venue
        password, patience = venue.passwords["admin"], venue.patience
        admin = await Desk.sign_in(http, venue.url, "admin", password, patience)
        await asyncio.gather(*(_add(admin, part) for part in AGENTS if part.is_new))
        for queue in ("sales", "support"):
            # A demo cannot wait as long as a person at a desk may let it ring.
            await admin.ask("PATCH", f"/queues/{queue}", {"ring_for_seconds": RING_SECONDS})
        seats = (self._seat(http, phones, part, admin) for part in AGENTS)
        self.agents = list(await asyncio.gather(*seats))

    async def _seat(
        self, http: aiohttp.ClientSession, phones: Phones, part: AgentPart, admin: Desk
    ) -> Agent:
        self.board.agent(part.id, "signs in", "登录")
        password = self.venue.passwords.get(part.id)
        # Those whom the demo added have no login of their own: making one takes a core for a second.
        desk = admin
        if password:
            url, patience = self.venue.url, self.venue.patience
            desk = await Desk.sign_in(http, url, part.id, password, patience)
        agent = Agent(
            part,
            self._voice_of(part.id),
            desk,
            moods(self.venue.seed, part.id).__next__,
            self._by_number.get,
            self.board,
        )
        await agent.start(phones, self.venue.sip)
        return agent

    def _voice_of(self, agent: str) -> int:
        names = list(self._voices)
        if self.venue.impostor in (agent, EVERYBODY):
            agent = names[(names.index(agent) + 1) % len(names)]
        return self._voices[agent]

    # -- calls ------------------------------------------------------------------------------------

    async def _let_them_call(
        self, phones: Phones, parts: Iterator[CallerPart], stop: asyncio.Event
    ) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        stopping = asyncio.create_task(stop.wait())
        try:
            async with asyncio.TaskGroup() as calls:
                for part in parts:
                    await asyncio.wait([stopping], timeout=part.gap.total_seconds())
                    await gate.acquire()
                    if stop.is_set():
                        break
                    calls.create_task(self._call(phones, part, gate))
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)

    async def _call(self, phones: Phones, part: CallerPart, gate: asyncio.Semaphore) -> None:
        hz = await self._free_tones.get()
        assert self._prompts is not None
        caller = Caller(part, hz, self._voices, self._prompts, self.board)
        self._by_number[part.ani] = hz
        self._last_with[hz] = part.title
        try:
            await caller.act(await self._line(phones, part))
        finally:
            gate.release()
        await self._let_go(caller)
        async with self._judging:
            await self._judge(caller)
        self._free_tones.put_nowait(hz)

    async def _line(self, phones: Phones, part: CallerPart) -> Phone:
        if part.ani not in self._lines:
            self._lines[part.ani] = await phones.phone(
                part.ani, domain=self.venue.sip, display_name=part.name
            )
        self._lines[part.ani].legs.clear()
        return self._lines[part.ani]

    async def _let_go(self, caller: Caller) -> None:
        """Wait until the agents' telephones have noticed, or should have."""
        await asyncio.sleep(SETTLES_WITHIN.total_seconds())
        own = [ring.leg for ring in self._all_rings() if ring.ani == caller.part.ani]
        limit = self.venue.rules.let_go_within
        await asyncio.gather(*(leg.ended(limit) for leg in own), return_exceptions=True)

    # -- judging ----------------------------------------------------------------------------------

    async def _judge(self, caller: Caller) -> None:
        assert caller.leg is not None
        rings = [ring for ring in self._all_rings() if _met(ring, caller)]
        everybody = self._everybody(caller)
        record = await self._aside(self._caller_record, caller, everybody)
        heard = [await self._aside(_met_record, ring, caller, everybody) for ring in rings]
        verdict = judge(record, heard, frozenset(self._voices), self.venue.rules)
        if not verdict.is_good:
            await self._aside(self._keep_evidence, caller, rings)
        self.board.judged(verdict)
        self._forget_the_old()

    async def _aside(self, work: Callable[..., T], *args: object) -> T:
        """Do it in the thread that yields to everybody who is on the telephone."""
        return await asyncio.get_running_loop().run_in_executor(self._desk, work, *args)

    def _everybody(self, caller: Caller) -> dict[str, int]:
        """Everybody whose voice could be there: who is known, and whoever may have another tone."""
        known = {**self._voices, caller.part.title: caller.hz}
        others = [hz for hz in TONES if hz not in known.values()]
        return known | {self._last_with.get(hz, f"somebody at {hz} Hz"): hz for hz in others}

    def _caller_record(self, caller: Caller, everybody: Mapping[str, int]) -> CallerRecord:
        assert caller.leg is not None and self._prompts is not None
        names = due_prompts(caller.part, queued=caller.queued_at is not None)
        return CallerRecord(
            caller.part,
            _leg_record(caller.leg, everybody, is_caller=True),
            self._prompts.recognised(_before_the_queue(caller), names),
            caller.queued_at,
            caller.gave_up,
            caller.complaint,
        )

    def _keep_evidence(self, caller: Caller, rings: list[Ring]) -> None:
        assert caller.leg is not None
        folder = self.venue.evidence
        folder.mkdir(parents=True, exist_ok=True)
        caller.leg.recording.save(folder / f"call-{caller.part.number:04d}-caller.wav")
        for ring in rings:
            if ring.leg.established_at is not None:
                name = f"call-{caller.part.number:04d}-{ring.agent}.wav"
                ring.leg.recording.save(folder / name)

    def _all_rings(self) -> Iterator[Ring]:
        for agent in self.agents:
            yield from agent.rings

    def _forget_the_old(self) -> None:
        """A demo may run for days: what is judged and long over is let go."""
        old = datetime.now(UTC) - KEPT_FOR
        for agent in self.agents:
            gone = [ring for ring in agent.rings if ring.leg.ending and ring.leg.ending.at < old]
            self._judge_agents(gone)
            agent.rings = [ring for ring in agent.rings if ring not in gone]
        del self.board.verdicts[:-1000]

    def _judge_agents(self, rings: list[Ring]) -> None:
        self.board.faults += judge_agents(
            [_agent_record(ring, {}) for ring in rings], self.venue.rules
        )
        for agent in self.agents:
            self.board.faults += [
                Fault(what, "接口报错")
                for what in agent.complaints
                if not self.venue.rules.forgiven.intersection(what.split())
            ]
            agent.complaints.clear()


def _before_the_queue(caller: Caller) -> Recording:
    """The part of the recording in which the prompts are that are due."""
    assert caller.leg is not None
    recording = caller.leg.recording
    if caller.queued_at is None:
        return recording
    return recording.between(Span(timedelta(), caller.queued_at - recording.started_at))


def _be_patient() -> None:
    """On Linux a thread has a priority of its own; elsewhere the process would lose its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)


async def _add(admin: Desk, part: AgentPart) -> None:
    about = {"name_en": part.name_en, "name_zh": part.name_zh, "queues": list(part.queues)}
    await admin.ask("POST", "/agents", {"id": part.id, **about})


def _met(ring: Ring, caller: Caller) -> bool:
    """Whether the ring fell into the caller's time, or was for them."""
    assert caller.leg is not None
    if ring.ani == caller.part.ani and ring.leg.began_at >= caller.leg.began_at:
        return True
    over = caller.leg.ending.at if caller.leg.ending else datetime.now(UTC)
    ended = ring.leg.ending.at if ring.leg.ending else datetime.now(UTC)
    return ring.leg.established_at is not None and (
        ring.leg.began_at <= over and ended >= caller.leg.began_at
    )


def _met_record(ring: Ring, caller: Caller, everybody: Mapping[str, int]) -> AgentRecord:
    """What the agent noted of this caller; others are listened for only where the caller was."""
    record = _agent_record(ring, {caller.part.title: caller.hz})
    return _agent_record(ring, everybody) if record.leg.voices else record


def _agent_record(ring: Ring, persons: Mapping[str, int]) -> AgentRecord:
    return AgentRecord(
        ring.agent, _leg_record(ring.leg, persons), ring.ani, ring.reaction, ring.complaint
    )


def _leg_record(leg: CallLeg, persons: Mapping[str, int], *, is_caller: bool = False) -> Leg:
    recording = leg.recording
    ending = leg.ending
    return Leg(
        leg.began_at,
        leg.established_at,
        ending.at if ending else None,
        By(ending.by.value) if ending else None,
        voices(recording, persons),
        dead_air(recording) if is_caller else (),
        tuple(leg.audio_trouble),
    )
