"""The doctor's look at Asterisk: version, modules, log, and whether the trunks answer."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callcenter.adapters.asterisk.looking import Silence
from callcenter.cli.ask_switch import switch_look
from callcenter.cli.findings import Finding, and_more, broken, doubtful, fine

if TYPE_CHECKING:
    from callcenter.settings import Settings, TrunkSettings

_LOG_TAIL: Final = 256 * 1024
_LOADED: Final = re.compile(r"^\s*(load|require)\s*=\s*(\S+)", re.M)
_ERROR: Final = re.compile(r"^\[[^\]]+\] ERROR\[[^\]]*\]\S*:? (.*)$", re.M)
_UNREGISTERED: Final = ("Rejected", "Unregistered", "Stopped")


def check_version(settings: "Settings") -> Iterator[Finding]:
    """Which Asterisk will be used."""
    from callcenter.host.switch import SwitchUnusable, find_switch

    mend = (
        "scripts/start fetches one into the project; it needs no root.",
        "scripts/start 会将其下载到项目内，无需 root。",
    )
    try:
        found = find_switch(settings.path(settings.switch.folder))
    except SwitchUnusable as error:
        yield broken("asterisk", str(error), str(error), mend=mend)
        return
    if found is None:
        yield broken("asterisk", "none here yet", "尚未安装", mend=mend)
    else:
        yield fine("asterisk", f"{found.version}. {found.note}", f"{found.version}")


def check_ari(settings: "Settings") -> Iterator[Finding]:
    """Whether it runs, answers us, and has everything loaded."""
    modules = switch_look(settings).modules()
    if isinstance(modules, Silence):
        yield _silent(settings, modules)
        return
    yield fine("ari", "answers", "应答正常")
    running = {one["name"] for one in modules if one["status"] == "Running"}
    wanted = _wanted_modules(settings)
    missing = sorted(name for name in wanted if name not in running)
    required = [name for name in missing if wanted[name] == "require"]
    if required:
        listed = and_more(required)
        yield broken(
            "modules",
            f"needed and not running: {listed}",
            f"必需但未运行：{listed}",
            mend=(f"Look for their names in {_log(settings)}.", f"请在 {_log(settings)} 中查找。"),
        )
    elif missing:
        listed = and_more(missing)
        yield doubtful(
            "modules",
            f"not running: {listed}",
            f"未运行：{listed}",
            mend=(f"Look for their names in {_log(settings)}.", f"请在 {_log(settings)} 中查找。"),
        )
    else:
        yield fine("modules", f"all {len(wanted)} run", f"{len(wanted)} 个模块均在运行")


def _silent(settings: "Settings", silence: Silence) -> Finding:
    port = settings.switch.http_port
    if silence.status in (401, 403):
        return broken(
            "ari",
            f"the Asterisk at port {port} does not know our password: it is not ours, or older",
            f"端口 {port} 上的 Asterisk 不接受我们的密码：它不属于本实例，或是旧进程",
            mend=(
                f"End it, or give us another port: [switch] http_port (now {port}).",
                f"结束它，或改用其他端口：[switch] http_port（当前 {port}）。",
            ),
        )
    return doubtful(
        "ari",
        f"Asterisk is not running (nobody answers at 127.0.0.1:{port})",
        f"Asterisk 未在运行（127.0.0.1:{port} 无应答）",
        mend=("Start the centre: scripts/start.", "启动呼叫中心：scripts/start。"),
    )


def _wanted_modules(settings: "Settings") -> dict[str, str]:
    path = _state(settings) / "etc/modules.conf"
    text = path.read_text() if path.exists() else ""
    return {name: how for how, name in _LOADED.findall(text)}


def check_log(settings: "Settings") -> Iterator[Finding]:
    """Errors that Asterisk wrote down of late."""
    path = _log(settings)
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return
    errors = [line.strip() for line in _ERROR.findall(text)]
    if not errors:
        yield fine("log", "no errors of late", "近期无错误")
        return
    last = "".join(c if c.isprintable() else " " for c in errors[-1])[:160]
    yield doubtful(
        "log",
        f"{len(errors)} errors, the last: {last}",
        f"{len(errors)} 条错误，最近一条：{last}",
        mend=(f"grep ERROR {path}", f"grep ERROR {path}"),
    )


def check_trunks(settings: "Settings") -> Iterator[Finding]:
    """Whether each carrier answers, and where we register, whether we are let in."""
    from callcenter.host.render import trunk_endpoints

    endpoints = switch_look(settings).endpoints()
    if not settings.trunks or isinstance(endpoints, Silence):
        return
    states = {one["resource"]: one.get("state", "unknown") for one in endpoints}
    names = trunk_endpoints(settings.run_folder, [trunk.name for trunk in settings.trunks])
    registrations = asyncio.run(_registrations(settings))
    for trunk in settings.trunks:
        name = names[trunk.name]
        yield _trunk(trunk, states.get(name), registrations.get(name, ""))


def _trunk(trunk: "TrunkSettings", state: str | None, registration: str) -> Finding:
    topic = f"trunk {trunk.name}"
    host = trunk.hosts[0]
    if state is None:
        return broken(
            topic,
            "the running Asterisk does not know it",
            "正在运行的 Asterisk 中没有它",
            mend=(
                "It was added after the start: restart the centre.",
                "它是启动之后添加的：请重启呼叫中心。",
            ),
        )
    if registration in _UNREGISTERED:
        return broken(
            topic,
            f"{host} does not take our registration ({registration})",
            f"{host} 拒绝注册（{registration}）",
            mend=(
                "Check username and secret with the carrier, and that port "
                f"{trunk.port} ({trunk.transport}) gets out.",
                f"请与运营商核对 username 和 secret，并确认端口 {trunk.port}（{trunk.transport}）可出站。",
            ),
        )
    if state == "offline":
        return broken(
            topic,
            f"{host} does not answer OPTIONS",
            f"{host} 不应答 OPTIONS",
            mend=(
                f"Check host, port {trunk.port} and transport {trunk.transport}, and the firewall. A "
                "carrier that never answers OPTIONS wants qualify_seconds = 0.",
                f"检查主机、端口 {trunk.port}、传输方式 {trunk.transport} 和防火墙；"
                "若运营商从不应答 OPTIONS，请设 qualify_seconds = 0。",
            ),
        )
    shown = registration or state
    return fine(topic, f"{host}: {shown}", f"{host}：{shown}")


async def _registrations(settings: "Settings") -> dict[str, str]:
    """The state of each registration, by its trunk's endpoint; empty if Asterisk cannot be asked."""
    from callcenter.host.asterisk_cli import CommandFailed, run_command
    from callcenter.host.switch import find_switch

    found = find_switch(settings.path(settings.switch.folder))
    if found is None:
        return {}
    conf = _state(settings) / "etc/asterisk.conf"
    try:
        text = await run_command(found, conf, "pjsip show registrations")
    except (CommandFailed, OSError):
        return {}
    words = [line.split() for line in text.splitlines() if "/sip" in line]
    return {line[0].partition("/")[0]: _state_word(line) for line in words}


def _state_word(words: list[Any]) -> str:
    known = (*_UNREGISTERED, "Registered")
    return next((word for word in words[1:] if word in known), "")


def _state(settings: "Settings") -> Path:
    return settings.run_folder / "asterisk"


def _log(settings: "Settings") -> Path:
    return _state(settings) / "log/messages"


SWITCH_CHECKS: Final = (check_version, check_ari, check_log, check_trunks)
