"""SIPp: callers and agents in hundreds, without voices, for load and protocol edges.

Scenarios lie beside this file in `sipp/`. How to run the program comes from outside, since it may
live in a private folder behind a loader of its own. Every run has a folder for what it writes: its
statistics, the moments that its scenario logs, and its errors.

SIPp counts a call that meets anything unexpected as failed and goes on; its exit status says so.
"""

import asyncio
import csv
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

_SCENARIOS = Path(__file__).parent / "sipp"

# What SIPp writes for a time: date, clock and seconds since 1970; only the last knows its zone.
_TIME = r"\S+\s+\S+\s+(?P<epoch>\d+\.\d+)"
_LOGGED = re.compile(rf"^(?P<what>\w+) (?P<number>\S+) {_TIME} ?(?P<detail>.*)$")


class Scenario(Enum):
    """What a run plays."""

    CALLER = "caller.xml"
    """Dials, stays for `stay` after the answer, hangs up."""
    PATIENT_CALLER = "patient_caller.xml"
    """Dials, stays until the far end hangs up."""
    AGENT = "agent.xml"
    """Rings for `stay`, answers, stays until the switch hangs up. Any user at its port is served,
    so that a static contact `sip:agent-N@address:port` needs no registration."""
    REGISTER = "register.xml"
    """Registers one phone for each line of `phones`."""


class SippFailed(Exception):
    """SIPp could not run: bad arguments, a port in use, an unreadable scenario."""


@dataclass(frozen=True, slots=True)
class RegisteredPhone:
    """A phone to register, and the port at which an AGENT run answers for it."""

    user: str
    password: str
    port: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one run shall do. Times without calls: an AGENT run serves until it is stopped."""

    scenario: Scenario
    port: int
    target: tuple[str, int] | None = None
    number: str = "service"
    calls: int | None = None
    calls_per_second: float = 10.0
    at_once: int | None = None
    stay: timedelta = timedelta()
    address: str = "127.0.0.1"
    media_port: int | None = None
    payloads: str = "0 8"
    echo: bool = False
    phones: Sequence[RegisteredPhone] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """A line that a scenario logged: `dialled`, `answered` or `rang`, and for whose call.

    `number` is the caller's, `detail` the agent's user where a phone rang.
    """

    what: str
    number: str
    at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `cpu` is SIPp's own, `moments` are in the order of the log."""

    created: int
    successful: int
    failed: int
    retransmissions: int
    lasted: timedelta
    cpu: timedelta
    exit_status: int
    moments: tuple[Moment, ...]
    errors: str

    def at(self, what: str) -> dict[str, datetime]:
        """The first moment of a kind for each caller's number."""
        first: dict[str, datetime] = {}
        for moment in self.moments:
            if moment.what == what:
                first.setdefault(moment.number, moment.at)
        return first


class SippRun:
    """A running SIPp. Await `finished` or `stop`, once; do not leave it."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._end = asyncio.create_task(asyncio.to_thread(os.wait4, process.pid, 0))

    @property
    def pid(self) -> int:
        """The process, e.g. to pin it to a core."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended by itself."""
        return not self._end.done()

    async def is_up(self, port: int, within: timedelta = timedelta(seconds=10)) -> None:
        """Wait until it listens at its port and heeds `stop`, or has ended."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not (_bound(port) and _heeds(self.pid, signal.SIGUSR1)):
                    if (await asyncio.wait({self._end}, timeout=0.01))[0]:
                        return
        except TimeoutError:
            raise SippFailed(f"SIPp does not listen at port {port}{self._last_words()}") from None

    async def finished(self, within: timedelta) -> Outcome:
        """Wait until all calls are done. Past the deadline it is killed and SippFailed raised."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                _pid, status, usage = await asyncio.shield(self._end)
        except TimeoutError:
            self._process.kill()
            await self._end
            self._process.returncode = -signal.SIGKILL
            raise SippFailed(
                f"SIPp did not finish within {within.total_seconds():g} s{self._last_words()}"
            ) from None
        exit_status = self._process.returncode = os.waitstatus_to_exitcode(status)
        if exit_status not in (0, 1, 97, 99):
            raise SippFailed(f"SIPp ended with status {exit_status}{self._last_words()}")
        cpu = timedelta(seconds=usage.ru_utime + usage.ru_stime)
        return _outcome(self._folder, exit_status, cpu)

    async def stop(self, within: timedelta = timedelta(seconds=10)) -> Outcome:
        """No new calls; wait for those that are up. A server that has none ends at once."""
        if self.running:
            self._process.send_signal(signal.SIGUSR1)
        return await self.finished(within)

    def so_far(self) -> Outcome:
        """What a run that goes on has come to; its counts are up to a second old."""
        return _outcome(self._folder, 0, timedelta())

    def _last_words(self) -> str:
        words = [_text(self._folder / name)[-500:] for name in ("errors.log", "screen.txt")]
        return "".join(f"\n{text.strip()}" for text in words if text.strip())


class Sipp:
    """Starts runs of one SIPp program, each in its own folder under `folder`."""

    def __init__(
        self, program: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._program = list(program)
        self._folder = folder
        self._environment = dict(os.environ if environment is None else environment)
        self._environment["TERM"] = "dumb"  # Its screen goes to a file.
        self._runs = 0

    async def start(self, load: Load) -> SippRun:
        """Start a run; returns once it listens, or has ended at once, which `finished` tells."""
        run = self._spawn(load)
        await run.is_up(load.port)
        return run

    def _spawn(self, load: Load) -> SippRun:
        self._runs += 1
        folder = self._folder / f"{self._runs}-{load.scenario.name.lower()}"
        folder.mkdir(parents=True)
        if load.phones:
            _write_phones(folder / "phones.csv", load.phones)
        with (folder / "screen.txt").open("wb") as screen:
            process = subprocess.Popen(
                [*self._program, *sipp_arguments(load)],
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
            )
        return SippRun(process, folder)


def sipp_arguments(load: Load) -> list[str]:
    """The command line for a load. Files are written where it runs."""
    arguments = ["-sf", str(_SCENARIOS / load.scenario.value), "-i", load.address, "-nostdin"]
    arguments += ["-bind_local", "-mi", load.address, "-p", str(load.port), "-s", load.number]
    arguments += ["-key", "payloads", load.payloads, "-skip_rlimit"]
    arguments += ["-trace_stat", "-stf", "stat.csv", "-fd", "1", "-trace_logs", "-log_file"]
    arguments += ["moments.log", "-trace_err", "-error_file", "errors.log", "-aa"]
    arguments += ["-d", str(round(load.stay.total_seconds() * 1000))]
    if load.scenario is not Scenario.AGENT:
        # Rates are whole numbers of calls in a period of milliseconds.
        arguments += ["-r", str(round(load.calls_per_second * 100)), "-rp", "100000"]
    if load.phones:
        arguments += ["-inf", "phones.csv"]
    calls = len(load.phones) or load.calls
    optional = {"-m": calls, "-l": load.at_once, "-min_rtp_port": load.media_port}
    for option, value in optional.items():
        arguments += [] if value is None else [option, str(value)]
    if load.echo:
        arguments.append("-rtp_echo")
    if load.target is not None:
        arguments.append(f"{load.target[0]}:{load.target[1]}")
    return arguments


def _write_phones(path: Path, phones: Sequence[RegisteredPhone]) -> None:
    lines = ["SEQUENTIAL"]
    for phone in phones:
        for text in (phone.user, phone.password):
            if not re.fullmatch(r"[\w.+~=-]+", text):
                raise ValueError(
                    "SIPp's files take users and passwords of letters, digits and _.+~=- only"
                )
        credentials = f"[authentication username={phone.user} password={phone.password}]"
        lines.append(f"{phone.user};{credentials};{phone.port}")
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)


def _outcome(folder: Path, exit_status: int, cpu: timedelta) -> Outcome:
    rows = list(csv.DictReader(_text(folder / "stat.csv").splitlines(), delimiter=";"))
    if not rows:
        raise SippFailed(f"SIPp wrote no statistics in {folder}")
    last = rows[-1]
    return Outcome(
        created=int(last["TotalCallCreated"]),
        successful=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
        lasted=timedelta(seconds=_seconds(last["CurrentTime"]) - _seconds(last["StartTime"])),
        cpu=cpu,
        exit_status=exit_status,
        moments=tuple(parse_moments(_text(folder / "moments.log"))),
        errors=_text(folder / "errors.log"),
    )


def parse_moments(log: str) -> list[Moment]:
    """The moments in a log; other lines are left out."""
    moments = []
    for line in log.splitlines():
        found = _LOGGED.match(line)
        if found:
            at = datetime.fromtimestamp(float(found["epoch"]), UTC)
            moments.append(Moment(found["what"], found["number"], at, found["detail"].strip()))
    return moments


def _seconds(text: str) -> float:
    found = re.fullmatch(_TIME, text.strip())
    if found is None:
        raise SippFailed(f"SIPp wrote {text!r} where a time belongs: is it version 3.7 or later?")
    return float(found["epoch"])


def _bound(port: int) -> bool:
    sockets = _text(Path("/proc/net/udp")).splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in sockets)


def _heeds(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own: before that, the signal would kill it."""
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", _text(Path(f"/proc/{pid}/status")), re.M)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
