"""The doctor's look at the machine: room, limits, names, clock, and who holds our ports."""

import platform
import resource
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callcenter.cli.findings import Finding, broken, doubtful, fine

if TYPE_CHECKING:
    from callcenter.settings import Settings

_MIB: Final = 1024 * 1024
_SCARCE: Final = 1024 * _MIB
_GONE: Final = 200 * _MIB
# A call needs about ten open files in Asterisk (two legs: sockets, timers), the engine few.
_FEWEST_FILES: Final = 4096
_NAME_WITHIN_SECONDS: Final = 2.0
_LISTENING: Final = "0A"
_RUN_ON: Final = ("debian", "12", "x86_64")


def check_python(settings: "Settings") -> Iterator[Finding]:
    """We would not run on one that is too old; said so that a report is complete."""
    about, processor = platform.freedesktop_os_release(), platform.machine()
    system = about.get("PRETTY_NAME", platform.system())
    text = f"Python {platform.python_version()}, {system}, {processor}"
    if (about.get("ID"), about.get("VERSION_ID"), processor) == _RUN_ON:
        yield fine("machine", text, text)
        return
    yield fine(
        "machine",
        f"{text}; the same code, but it was run on Debian 12 with x86-64 only",
        f"{text}；代码相同，但仅在 Debian 12 x86-64 上运行过",
    )


def check_disk(settings: "Settings") -> Iterator[Finding]:
    """A full disk stops the journal, and with it the engine."""
    folder = settings.run_folder
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    shown = f"{free / _MIB / 1024:.1f} GiB"
    mend = (
        f"Make room on the disk of {folder}; `du -xh {folder} | sort -h | tail` shows what is large.",
        f"请清理 {folder} 所在磁盘；du -xh {folder} | sort -h | tail 可查看占用。",
    )
    if free < _GONE:
        yield broken("disk", f"only {shown} free", f"仅剩 {shown}", mend=mend)
    elif free < _SCARCE:
        yield doubtful("disk", f"{shown} free", f"剩余 {shown}", mend=mend)
    else:
        yield fine("disk", f"{shown} free", f"剩余 {shown}")


def check_files(settings: "Settings") -> Iterator[Finding]:
    """Each leg of a call holds several files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _FEWEST_FILES:
        yield fine("open files", f"limit {soft}", f"上限 {soft}")
        return
    yield doubtful(
        "open files",
        f"a process may open {soft} (hard limit {hard}), too few for more than {soft // 10} calls",
        f"每个进程最多打开 {soft} 个文件（硬上限 {hard}），只够约 {soft // 10} 个通话",
        mend=(
            "`ulimit -n 65536` before scripts/start, or `callcenter service install`, which sets it.",
            "在 scripts/start 之前执行 ulimit -n 65536，或使用 callcenter service install（会自动设置）。",
        ),
    )


def check_hostname(settings: "Settings") -> Iterator[Finding]:
    """A machine that waits for the name of itself answers SIP late."""
    name = socket.gethostname()
    try:
        found = subprocess.run(
            ["getent", "hosts", name],
            capture_output=True,
            text=True,
            timeout=_NAME_WITHIN_SECONDS,
            check=False,
        ).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        found = []
    if found:
        yield fine("host name", f"{name} is {found[0]}", f"{name} 解析为 {found[0]}")
        return
    yield doubtful(
        "host name",
        f"this machine does not know its own name {name}",
        f"本机无法解析自己的名称 {name}",
        mend=(f"Add `127.0.1.1 {name}` to /etc/hosts.", f"在 /etc/hosts 中加入 127.0.1.1 {name}。"),
    )


def check_clock(settings: "Settings") -> Iterator[Finding]:
    """Certificates, logins and reports go by the clock."""
    said = _output(["timedatectl", "show", "-p", "NTPSynchronized", "--value"])
    if said == "yes":
        yield fine("clock", "kept by the network", "已与网络时间同步")
    elif said == "no":
        yield doubtful(
            "clock",
            "nobody keeps this machine's clock",
            "本机时钟未与网络时间同步",
            mend=(
                "`timedatectl set-ntp true`, or install the package chrony.",
                "执行 timedatectl set-ntp true，或安装 chrony。",
            ),
        )
    else:
        yield fine("clock", "kept by the host, or cannot be asked", "由宿主机维护，或无法查询")


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def check_ports(settings: "Settings") -> Iterator[Finding]:
    """Whether our ports are free, ours already, or somebody else's."""
    taken: list[str] = []
    ours = 0
    holders = _holders()
    for name, protocol, port in _wanted(settings):
        inode = holders.get((protocol, port))
        if inode is None:
            continue
        who = _process_with(inode)
        if _is_ours(who, settings):
            ours += 1
        else:
            taken.append(f"{protocol} {port} ({name}): {who or 'a process of another user'}")
    if not taken:
        text = (f"ours ({ours} in use)", f"由我们使用（{ours} 个）") if ours else ("free", "空闲")
        yield fine("ports", *text)
        return
    listed = "; ".join(taken)
    yield broken(
        "ports",
        f"held by others: {listed}",
        f"被其他程序占用：{listed}",
        mend=(
            "End that program, or give us another port in callcenter.toml under the name shown.",
            "结束该程序，或在 callcenter.toml 中按所示名称改用其他端口。",
        ),
    )


def _wanted(settings: "Settings") -> list[tuple[str, str, int]]:
    return [
        ("[edge] port", "tcp", settings.edge.port),
        ("[http] port", "tcp", settings.http.port),
        ("[switch] http_port", "tcp", settings.switch.http_port),
        ("[sip] port", "udp", settings.sip.port),
        ("[sip] port", "tcp", settings.sip.port),
    ]


def _holders() -> Mapping[tuple[str, int], str]:
    """The inode of the socket behind each port that somebody listens on."""
    found: dict[tuple[str, int], str] = {}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path("/proc/net") / table
        lines = path.read_text().splitlines()[1:] if path.exists() else []
        for fields in map(str.split, lines):
            protocol = table.removesuffix("6")
            if protocol == "udp" or fields[3] == _LISTENING:
                port = int(fields[1].rpartition(":")[2], 16)
                found.setdefault((protocol, port), fields[9])
    return found


def _process_with(inode: str) -> str:
    """The process that holds a socket, as `pid command line`; empty if we may not look."""
    wanted = f"socket:[{inode}]"
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(str(entry.readlink()) == wanted for entry in folder.iterdir()):
                command = (folder.parent / "cmdline").read_bytes().replace(b"\0", b" ")
                return f"{folder.parent.name} {command.decode(errors='replace').strip()}"
        except OSError:
            continue
    return ""


def _is_ours(who: str, settings: "Settings") -> bool:
    """Our processes are started with this instance's settings or configuration in their words."""
    state = str(settings.run_folder / "asterisk")
    return state in who or ("callcenter" in who and str(settings.root) in who)


MACHINE_CHECKS: Final = (
    check_python,
    check_disk,
    check_files,
    check_hostname,
    check_clock,
    check_ports,
)
