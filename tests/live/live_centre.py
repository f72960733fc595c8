"""A whole centre for live tests: Asterisk, engine and edge under a keeper, on ports and in a folder of
their own; and a desk from which tests steer it by its HTTP API and look into journal and switch.

The keeper runs in a thread of its own, so that one centre serves every test of a run, each of which has
an event loop of its own.
"""

import asyncio
import itertools
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import pytest

from callcenter.adapters.asterisk.trial import is_trial
from callcenter.adapters.journal.lock import writer
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.cli.start import Prepared, bring_up
from callcenter.core.facts.calls import CallArrived
from callcenter.core.facts.wire import Fact
from callcenter.demo.centre_api import CentreSaidNo, Desk
from callcenter.demo.listening import TONES, PromptBook, voices
from callcenter.edge.certificates import self_signed
from callcenter.host import programs
from callcenter.host.asterisk_cli import run_command
from callcenter.host.processes import Child, Died, Event, Keeper, Started
from callcenter.host.programs import ENGINES
from callcenter.settings import load
from callcenter.testing.phones import (
    CallLeg,
    Codec,
    Phone,
    Phones,
    RegistrationRefused,
    Transport,
)
from callcenter.testing.tones import SILENT_BELOW_DBFS, loudness

T = TypeVar("T")

FIGURES: Final[list[str]] = []
"""What was measured on the way; said at the end of the run."""

PROJECT: Final = Path(__file__).resolve().parents[2]
LINES: Final = 90
LONG: Final = timedelta(seconds=30)
"""Deadline of everything that takes a moment: generous, since the machine may be busy."""
LONGER: Final = timedelta(seconds=180)
SPOKEN: Final = timedelta(seconds=60)
A_PROMPT: Final = timedelta(seconds=16)  # the longest, and what a look at it takes
A_PAUSE: Final = timedelta(seconds=0.9)
QUICK: Final = {
    "ring_for_seconds": 20,
    "wrap_up_seconds": 0,
    "misses_allowed": 3,
    "announce_first_seconds": 4,
    "announce_every_seconds": 20,
}

_SETTINGS: Final = """
[centre]
name = "live"
run_folder = "run"
flows_folder = "flows"
queue_log = "queue_log"
[http]
port = {engine}
[edge]
port = {edge}
[sip]
certificate = "tls/self-signed.crt"
private_key = "tls/self-signed.key"
port = {sip}
tls_port = {tls}
rtp_first = {rtp}
rtp_last = {rtp_last}
[switch]
folder = "{switch}"
http_port = {ari}
ami_port = {ami}
[calling]
hours = ["mon-sun 00:00-24:00"]
[watch]
synthetic_call_seconds = 60
[[trunks]]
name = "provider"
kind = "registering"
hosts = ["{registrar}"]
port = {registrar_port}
username = "{user}"
secret = "{password}"
qualify_seconds = 1
dtmf = "inband"
max_calls = 2
[[trunks]]
name = "test"
hosts = ["127.0.0.1"]
port = {phones}
qualify_seconds = 0
trust_identity = true
[[trunks]]
name = "carrier"
hosts = ["{carrier}"]
port = {carrier_port}
qualify_seconds = 1
"""

# Straight into a queue, so that a test about waiting need not listen to a menu first.
_LINE: Final = """
id: line-{number}
languages: [en, zh]
start: wait
nodes:
  wait:
    enqueue: {{queue: line-{number}}}
prompts: {{}}
"""

_LONG_STORY: Final = """
id: story
languages: [en]
start: tell
nodes:
  tell:
    play: {prompt: story, then: bye}
  bye:
    hang_up: {prompt: bye}
prompts:
  story:
    en: >-
      Once upon a time there was a caller who had to listen for a very long time. First there was
      a sentence, then there was another sentence, and after it came a third one. The caller did
      not press anything, for there was nothing to press. The story went on and on, and still it
      was not over, because it was a story that had been made in order to be long, and to keep one
      telephone line busy while others came and went.
  bye:
    en: That was the story. Thank you for listening to all of it, until we meet again some day.
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """A block of two hundred and fifty ports from `base` on."""

    base: int

    @property
    def sip(self) -> int:
        return self.base

    @property
    def phones(self) -> int:
        return self.base + 8

    @property
    def carrier(self) -> tuple[str, int]:
        """Where a carrier is expected that is asked whether it is there."""
        return "127.0.0.7", self.base + 10

    @property
    def registrar(self) -> tuple[str, int]:
        """Where a carrier is expected that the centre signs in at."""
        return "127.0.0.8", self.base + 10

    @property
    def account(self) -> tuple[str, str]:
        """Name and password at that carrier. The name is a number."""
        return "493023125800", f"secret;of {self.base}"

    @property
    def phones_rtp(self) -> tuple[int, int]:
        return self.base + 130, self.base + 249

    def settings(self) -> str:
        """The settings file of a centre on these ports."""
        base = self.base
        return _SETTINGS.format(
            sip=base,
            tls=base + 1,
            engine=base + 2,
            edge=base + 3,
            ari=base + 4,
            ami=base + 5,
            phones=self.phones,
            carrier=self.carrier[0],
            carrier_port=self.carrier[1],
            registrar=self.registrar[0],
            registrar_port=self.registrar[1],
            user=self.account[0],
            password=self.account[1],
            rtp=base + 20,
            rtp_last=base + 129,
            switch=PROJECT / "run/switch",
        )


@contextmanager
def free_ports() -> Iterator[Ports]:
    """A block that no other run of these tests has: it is ours while its guard is open."""
    for base in range(27000, 28000, 250):
        with ExitStack() as probes:
            guard = probes.enter_context(socket.socket())
            try:
                guard.bind(("127.0.0.1", base + 7))
                guard.listen(1)
                for port in range(base, base + 6):
                    with socket.socket() as probe:
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield Ports(base)
            return
    raise OSError("no block of 250 ports from 27000 on is free: end another run of these tests")


@dataclass(slots=True)
class Line:
    """A queue with a number of its own."""

    queue: str
    number: str


@dataclass(slots=True)
class LiveCentre:
    """Everything of one centre that lives as long as the test run. Used from any thread."""

    folder: Path
    ports: Ports
    host: str = "127.0.0.1"
    """Where its SIP listens."""
    events: list[tuple[datetime, Event]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _prepared: Prepared | None = None
    _prompts: PromptBook | None = None
    _keeper: Keeper | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _lines: Iterator[int] = field(default_factory=lambda: iter(range(1, LINES + 1)))

    @property
    def prepared(self) -> Prepared:
        assert self._prepared is not None
        return self._prepared

    @property
    def prompts(self) -> PromptBook:
        """What everything the centre says sounds like."""
        self._prompts = self._prompts or PromptBook(self.run_folder / "prompts")
        return self._prompts

    @property
    def run_folder(self) -> Path:
        return self.prepared.settings.run_folder

    @property
    def sip(self) -> str:
        """Where callers and phones find it."""
        return f"{self.host}:{self.ports.sip}"

    @property
    def sip_tls(self) -> str:
        """Where phones find it that speak TLS."""
        return f"{self.host}:{self.ports.sip + 1}"

    @property
    def url(self) -> str:
        """Page and API."""
        return f"http://127.0.0.1:{self.prepared.settings.edge.port}"

    def start(self) -> None:
        """Write the settings, prepare everything, start it and wait until it takes calls."""
        write_centre(self.folder, self.ports)
        self.start_as_written()

    def start_as_written(self) -> None:
        """The same with settings that were written, and perhaps changed, before."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="keeper")
        self._thread.start()
        self._run(self._start())

    def stop(self) -> None:
        """End it, and keep what it wrote."""
        if self._keeper is not None:
            self._run(self._keeper.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()

    def pid(self, name: str) -> int:
        """The process id of `asterisk`, `edge`, or the `engine` that is at work."""
        assert self._keeper is not None
        is_engine = name == "engine"
        pid = writer(self.run_folder / "journal") if is_engine else self._keeper.pid(name)
        assert pid is not None, f"{name} is down"
        return pid

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> datetime:
        """Send a signal to one of the processes; when."""
        os.kill(self.pid(name), number)
        return datetime.now(UTC)

    @contextmanager
    def no_engine(self) -> Iterator[datetime]:
        """Both engines are frozen, the one that would end the other first: it holds its place, and nobody
        takes it."""
        assert self._keeper is not None
        pids = sorted(
            [pid for name in ENGINES if (pid := self._keeper.pid(name)) is not None],
            key=lambda pid: pid == self.pid("engine"),
        )
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield datetime.now(UTC)
        finally:
            for pid in reversed(pids):
                os.kill(pid, signal.SIGCONT)

    def logged(self, since: datetime) -> list[str]:
        """What the engines, the edge and the archive wrote since then, as it was written."""
        lines = [
            line
            for log in (self.run_folder / "logs").glob("*.log")
            for line in log.read_text(errors="replace").splitlines()
            if line.startswith('{"at":') and datetime.fromisoformat(json.loads(line)["at"]) > since
        ]
        return sorted(lines)

    def new_line(self) -> Line:
        """A queue that no other test has."""
        number = next(self._lines)
        return Line(f"line-{number}", str(4100 + number))

    async def came_back(self, name: str, after: datetime) -> timedelta:
        """Wait until a killed process was started again; how long after its death was seen."""

        def started() -> tuple[str, datetime] | None:
            return next(
                (
                    (event.name, at)
                    for at, event in self.events
                    if isinstance(event, Started) and event.name.startswith(name) and at > after
                ),
                None,
            )

        again, back = await seen(started, LONG)
        ends = [
            at for at, e in self.events if isinstance(e, Died) and e.name == again and at < back
        ]
        return back - ends[-1]

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=600)

    async def _start(self) -> None:
        config = self.folder / "callcenter.toml"
        self._keeper = Keeper([], self._note)
        self._prepared = await bring_up(load(config, {}), config, self._keeper)

    def _note(self, event: Event) -> None:
        self.events.append((datetime.now(UTC), event))


def write_centre(folder: Path, ports: Ports) -> None:
    """The settings and flows of a centre that was never started; prompts spoken before are taken over."""
    (folder / "flows").mkdir(parents=True)
    (folder / "callcenter.toml").write_text(ports.settings())
    self_signed(folder / "tls", ["127.0.0.1"], datetime.now(UTC))
    for file in (PROJECT / "ivr_flows").glob("*.yaml"):
        shutil.copy(file, folder / "flows")
    (folder / "flows/story.yaml").write_text(_LONG_STORY)
    spoken = PROJECT / "run/test-prompts"
    spoken.mkdir(parents=True, exist_ok=True)
    (folder / "run").mkdir(mode=0o700)
    (folder / "run/prompts").symlink_to(spoken)


@contextmanager
def engines_see(environment: Mapping[str, str]) -> Iterator[None]:
    """Centres that are started in this block give their engines these variables too."""
    own = programs.own_programs

    def with_it(*args: object, **more: object) -> list[Child]:
        children = own(*args, **more)  # type: ignore[arg-type]
        env = {**os.environ, **environment}
        return [replace(one, env=env) if one.name in ENGINES else one for one in children]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "own_programs", with_it)
        yield


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as reply:
            return reply.status == 200
    except (aiohttp.ClientError, OSError):
        return False


def number_of(leg: CallLeg) -> str:
    """Who is calling."""
    return leg.name.partition(" ")[0]


def promptly() -> timedelta:
    """A second, as long as this machine has a processor to spare."""
    return timedelta(seconds=max(1.0, os.getloadavg()[0]))


async def until(
    look: Callable[[], Awaitable[T | None]],
    within: timedelta = LONG,
    what: str = "",
    *,
    every: float = 0.05,
) -> T:
    """Look until there is something to see; AssertionError with the last look after the deadline."""
    ends = time.monotonic() + within.total_seconds()
    while not (found := await look()):
        assert time.monotonic() < ends, f"not within {within}: {what or look}: {found!r}"
        await asyncio.sleep(every)
    return found


async def seen(look: Callable[[], T | None], within: timedelta = LONG, what: str = "") -> T:
    """The same for what can be seen at once."""

    async def wait() -> T | None:
        return look()

    return await until(wait, within, what)


@dataclass(slots=True)
class Agent:
    """An agent who is signed in, with their phone, and the tone they speak."""

    id: str
    phone: Phone
    hz: int
    desk: Desk

    async def takes(self, within: timedelta = LONG) -> CallLeg:
        """Let it ring, pick up and speak."""
        leg = await self.phone.rings(within)
        await leg.answer(LONG)
        leg.say_tone(self.hz)
        return leg

    async def sets(self, presence: str, reason: str = "") -> None:
        """Ready, or paused with a reason."""
        wish = {"presence": presence, "reason": reason}
        await self.desk.ask("PUT", f"/agents/{self.id}/presence", wish)

    async def live(self) -> dict[str, Any]:
        """What the centre says the agent is doing."""
        shown: dict[str, Any] = (await self.desk.ask("GET", f"/agents/{self.id}"))["live"]
        return shown

    async def becomes(self, within: timedelta = LONG, **fields: object) -> None:
        """Wait until what the centre says about the agent is so."""

        async def is_so() -> bool:
            live = await self.live()
            return all(live[name] == value for name, value in fields.items())

        await until(is_so, within, f"{self.id} {fields}")


@dataclass(slots=True)
class House:
    """What one test does with the centre."""

    centre: LiveCentre
    phones: Phones
    http: aiohttp.ClientSession
    admin: Desk
    prompts: PromptBook
    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _tones: Iterator[int] = field(default_factory=lambda: itertools.cycle(TONES))
    _agents: list[Agent] = field(default_factory=list)

    def tone(self) -> int:
        """A tone that nobody else in this test speaks."""
        return next(self._tones)

    async def line(self, **rules: object) -> Line:
        """A queue of one's own and the number that leads straight into it."""
        line = self.centre.new_line()
        await self.admin.ask("PATCH", f"/queues/{line.queue}", {**QUICK, **rules})
        return line

    async def agent(
        self,
        queues: Collection[Line] = (),
        *,
        ready: bool = True,
        register: bool = True,
        codecs: tuple[Codec, ...] = ("pcmu",),
        transport: Transport = "udp",
        prefix: str = "p",
    ) -> Agent:
        """Somebody new at a desk phone, signed in, registered and ready unless told otherwise."""
        name = f"{prefix}{time.time_ns() % 10**10}"
        wish = {"id": name, "name_en": name, "queues": [line.queue for line in queues]}
        await self.admin.ask("POST", "/agents", wish)
        phone = await self.desk_phone(name, codecs=codecs, transport=transport)
        agent = Agent(name, phone, self.tone(), self.admin)
        self._agents.append(agent)
        if register:
            await phone.register(LONG)
            await agent.becomes(reachable=True)
        if ready:
            await agent.sets("ready")
        return agent

    async def desk_phone(
        self, agent: str, *, codecs: tuple[Codec, ...] = ("pcmu",), transport: Transport = "udp"
    ) -> Phone:
        """Sign an agent in at a desk phone, one that has not registered yet."""
        seat = await self.admin.ask("POST", f"/agents/{agent}/login", {"phone": "desk-phone"})
        account = seat["account"]
        return await self.phones.phone(
            account["endpoint"],
            account["password"],
            domain=self.centre.sip_tls if transport == "tls" else self.centre.sip,
            codecs=codecs,
            transport=transport,
        )

    async def dial(
        self, number: str, *, codec: Codec = "pcmu", caller_id: str = "", name: str = ""
    ) -> CallLeg:
        """Somebody new calls."""
        ani = caller_id or f"+4917139200{next(self.centre.numbers):02d}"
        return await self.phones.dial(
            number, proxy=self.centre.sip, caller_id=ani, display_name=name, codecs=(codec,)
        )

    # -- what the centre says ---------------------------------------------------------------------

    async def calls(self, **query: str) -> list[dict[str, Any]]:
        """The calls that are."""
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        found: list[dict[str, Any]] = (await self.admin.ask("GET", f"/calls?{asked}"))["items"]
        return found

    async def call_of(self, leg: CallLeg) -> dict[str, Any]:
        """The call of a caller's leg, as the centre shows it."""
        number = number_of(leg)

        async def find() -> dict[str, Any] | None:
            return next((call for call in await self.calls() if call["ani"] == number), None)

        return await until(find, LONG, f"a call of {number}")

    async def at_phase(self, leg: CallLeg, phase: str) -> None:
        """Wait until the caller's call is there."""

        async def is_there() -> bool:
            return bool((await self.call_of(leg))["phase"] == phase)

        await until(is_there, LONG, f"{leg} to be {phase}")

    async def id_of(self, leg: CallLeg) -> str:
        """The caller's call, that is or was."""
        number = number_of(leg)
        reader = SegmentReader(self.centre.run_folder / "journal")

        def find() -> str | None:
            facts = [fact for _, fact in reader.read_after(0) if isinstance(fact, CallArrived)]
            found = [fact.call for fact in facts if fact.ani == number]
            return str(found[-1]) if found else None

        return await seen(find, LONG, f"a call of {number}")

    async def at(self, leg: CallLeg, node: str, within: timedelta = SPOKEN) -> None:
        """Wait until the caller's call is at a node of the hotline, and its prompt has been said."""

        async def is_there() -> bool:
            return (await self.call_of(leg)).get("node") == node

        await until(is_there, within, f"{leg.name} at {node}")
        await self.said(leg, f"hotline/{node}")

    async def is_ready(self) -> bool:
        """Whether the engine has the switch in hand."""
        return await _is_ready(self.http, f"{self.centre.url}/readyz")

    async def has_an_engine(self) -> bool:
        """Whether one has the journal: the one that would be killed."""
        return writer(self.centre.run_folder / "journal") is not None

    async def registers_again(self, agent: "Agent") -> None:
        """The phone, with a switch that has forgotten it, as soon as it is known there again."""

        async def try_it() -> bool:
            try:
                await agent.phone.register(LONG)
            except RegistrationRefused:
                return False
            return True

        await until(try_it, LONGER, "the phone to register anew", every=0.5)
        await agent.becomes(reachable=True, activity="idle")

    async def in_phase(self, leg: CallLeg, phase: str, within: timedelta = LONG) -> dict[str, Any]:
        """Wait until the caller's call is in a phase."""

        async def find() -> dict[str, Any] | None:
            call = await self.call_of(leg)
            return call if call["phase"] == phase else None

        return await until(find, within, f"{leg.name} {phase}")

    def journal(self, call: str) -> list[Fact]:
        """What is written down about a call, in order."""
        reader = SegmentReader(self.centre.run_folder / "journal")
        return [fact for _, fact in reader.read_after(0) if getattr(fact, "call", None) == call]

    async def archived(self, call: str) -> list[dict[str, Any]]:
        """What the database holds about a call once it is over."""

        async def whole() -> list[dict[str, Any]] | None:
            try:
                facts = (await self.admin.ask("GET", f"/calls/{call}/facts"))["items"]
            except CentreSaidNo:
                return None
            return facts if any(fact["kind"] == "call.ended" for fact in facts) else None

        return await until(whole, LONG, f"{call} in the database")

    # -- what the switch says ---------------------------------------------------------------------

    async def ari(self, path: str, method: str = "GET") -> Any:
        """Ask the switch itself. Of its legs, those of the centre's calls to itself are not told."""
        rendered = self.centre.prepared.rendered
        auth = aiohttp.encode_basic_auth(rendered.ari_user, rendered.ari_password)
        url = f"{rendered.ari_url}{path}"
        async with self.http.request(method, url, headers={"Authorization": auth}) as reply:
            answer = await reply.json(content_type=None)
        if path == "/channels":
            # Neither the test calls nor the legs that write the fallback's lists belong to any test.
            # While a leg changes, the switch may list it twice: as it was and, behind that, as it is.
            legs = {leg["id"]: leg for leg in answer}.values()
            callers = [leg for leg in legs if not is_trial(leg["id"])]
            own = ("@lifeboat", "@test-call")
            return [leg for leg in callers if not any(name in leg["name"] for name in own)]
        return answer

    async def console(self, command: str) -> str:
        """One command on the switch's console."""
        prepared = self.centre.prepared
        return await run_command(prepared.switch, prepared.rendered.conf, command)

    async def nothing_is_left(self) -> None:
        """No call, no leg, nobody in a bridge, every agent of this test free; and all the while no leg that
        nobody owned."""

        async def left() -> dict[str, Any]:
            legs = [leg["name"] for leg in await self.ari("/channels")]
            bridges = [b["id"] for b in await self.ari("/bridges") if b["channels"]]
            busy = [a.id for a in self._agents if (await a.live())["activity"] != "idle"]
            return {"calls": await self.calls(), "legs": legs, "bridges": bridges, "busy": busy}

        seen: dict[str, Any] = {}

        async def is_empty() -> bool:
            seen.update(await left())
            return not any(seen.values())

        try:
            await until(is_empty, LONG)
        except AssertionError:
            raise AssertionError(f"left over: {seen}") from None
        logged = await asyncio.to_thread(self.centre.logged, self.opened_at)
        assert not [line for line in logged if "alert raised" in line and "orphan-legs" in line]

    # -- what callers hear ------------------------------------------------------------------------

    async def said(self, leg: CallLeg, name: str, within: timedelta = SPOKEN) -> None:
        """Wait until a prompt was heard: `<language>/<flow>/<name>`."""

        async def is_said() -> bool:
            heard = leg.recording.since(datetime.now(UTC) - A_PROMPT)
            return bool(await asyncio.to_thread(self.prompts.recognised, heard, [name]))

        await until(is_said, within, f"{leg.name} to hear {name}", every=0.3)

    async def unheard(self, leg: CallLeg, *names: str) -> frozenset[str]:
        """Those of these prompts that are not on the recording. Worked out beside the phones' clock."""
        found = await asyncio.to_thread(self.prompts.recognised, leg.recording, names)
        return frozenset(names) - found

    async def voices(self, leg: CallLeg) -> set[int]:
        """The tones of everybody who was heard, whoever they may be."""
        everybody = {str(hz): hz for hz in TONES}
        return set(map(int, await asyncio.to_thread(voices, leg.recording, everybody)))

    async def pause(self, leg: CallLeg, within: timedelta = SPOKEN) -> None:
        """Wait for a pause longer than those inside a prompt."""

        def is_quiet() -> bool:
            lately = leg.recording.since(datetime.now(UTC) - A_PAUSE)
            return lately.length >= A_PAUSE * 0.8 and loudness(lately) < SILENT_BELOW_DBFS

        await seen(is_quiet, within, f"{leg.name}: the prompt to end")

    async def close(self) -> None:
        """Send this test's agents home."""
        await until(self.is_ready, LONGER, "the engine to be there")
        for agent in self._agents:
            await self.admin.ask("DELETE", f"/agents/{agent.id}")


@asynccontextmanager
async def open_house(centre: LiveCentre, phones_at: str = "127.0.0.1") -> AsyncIterator[House]:
    """A desk with phones; they all go when the test ends."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        )
        ports = centre.ports
        phones = await stack.enter_async_context(
            Phones(
                address=phones_at,
                sip_port=ports.phones,
                rtp_ports=ports.phones_rtp,
                trusted=centre.folder / "tls/self-signed.crt",
            )
        )
        url = f"{centre.url}/readyz"
        await until(lambda: _is_ready(http, url), LONGER, "the engine to be there")
        password = centre.prepared.passwords["admin"]
        admin = await Desk.sign_in(http, centre.url, "admin", password)
        house = House(centre, phones, http, admin, centre.prompts)
        yield house
        await house.close()


async def open_lines(centre: LiveCentre, lines: int = LINES) -> None:
    """Make the queues that lead nowhere else, and their numbers."""
    async with aiohttp.ClientSession() as http:
        admin = await Desk.sign_in(http, centre.url, "admin", centre.prepared.passwords["admin"])
        for number in range(1, lines + 1):
            await admin.ask("POST", "/queues", {"id": f"line-{number}", **QUICK})
            flow = centre.folder / f"flows/line-{number}.yaml"
            flow.write_text(_LINE.format(number=number))
        assert (await admin.ask("POST", "/flows/reload"))["problems"] == []
        for number in range(1, lines + 1):
            await admin.ask("PUT", f"/numbers/{4100 + number}", {"flow": f"line-{number}"})
        await admin.ask("PUT", "/numbers/4200", {"flow": "story"})
