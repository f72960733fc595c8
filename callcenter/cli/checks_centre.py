"""The doctor's look at the centre itself: engine, page, database, flows, certificates."""

import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callcenter.cli.ask_switch import switch_look
from callcenter.cli.centre import KEY_FILE, Centre, NotRunning, Refused
from callcenter.cli.certificates import CertificateUnusable, read_pair
from callcenter.cli.findings import Finding, broken, doubtful, fine

if TYPE_CHECKING:
    from callcenter.settings import Settings

_WITHIN_SECONDS: Final = 5.0
_RENEW_WITHIN: Final = timedelta(days=21)
_START: Final = ("Start the centre: scripts/start.", "启动呼叫中心：scripts/start。")


def check_engine(settings: "Settings") -> Iterator[Finding]:
    """Whether the engine answers, and really follows the switch: its canary comes back."""
    status, body = _get(f"http://127.0.0.1:{settings.http.port}/readyz")
    log = settings.run_folder / "logs/engine.log"
    if status == 200:
        yield fine("engine", "ready, follows the switch", "就绪，正在跟随交换机")
    elif status == 503:
        reasons = ", ".join(body.get("reasons", ())) if isinstance(body, dict) else ""
        yield broken(
            "engine",
            f"runs and is not ready: {reasons}; callers go to the fallback",
            f"已运行但未就绪：{reasons}；来电会进入应急流程",
            mend=(
                f"switch-away: Asterisk is starting, or cannot be reached; read {log}.",
                f"switch-away：Asterisk 正在启动或无法连接；请查看 {log}。",
            ),
        )
    elif not switch_look(settings).is_there():
        yield doubtful("engine", "the centre is not running", "呼叫中心未在运行", mend=_START)
    else:
        yield broken(
            "engine",
            "Asterisk runs without the engine: callers go to the fallback",
            "Asterisk 在运行但引擎未运行：来电会进入应急流程",
            mend=(f"Its last words are in {log}.", f"最后的日志见 {log}。"),
        )


def check_edge(settings: "Settings") -> Iterator[Finding]:
    """Whether page and phones' sockets are there; only of interest while the engine is."""
    if _get(f"http://127.0.0.1:{settings.http.port}/healthz")[0] != 200:
        return
    edge = settings.edge
    host = "127.0.0.1" if edge.bind == "0.0.0.0" else edge.bind
    try:
        socket.create_connection((host, edge.port), _WITHIN_SECONDS).close()
    except OSError:
        log = settings.run_folder / "logs/edge.log"
        yield broken(
            "page",
            f"nobody answers at {host}:{edge.port}: agents cannot sign in",
            f"{host}:{edge.port} 无应答：坐席无法登录",
            mend=(f"Its last words are in {log}.", f"最后的日志见 {log}。"),
        )
    else:
        yield fine("page", f"answers at {host}:{edge.port}", f"{host}:{edge.port} 应答正常")


def check_region(settings: "Settings") -> Iterator[Finding]:
    """Whether numbers can be read as they are dialled here."""
    from callcenter.core.numbers import is_region

    region = settings.centre.region
    if not is_region(region):
        yield broken(
            "region",
            f"there is no country {region!r}: the centre does not start",
            f"没有国家 {region!r}：呼叫中心无法启动",
            mend=(
                'Write for example region = "DE" under [centre].',
                '请在 [centre] 中写入例如 region = "CN"。',
            ),
        )


def check_database(settings: "Settings") -> Iterator[Finding]:
    """Whether it can be reached and has the schema of this version."""
    from callcenter.adapters.db.migrations import current_revision, history, is_newer
    from callcenter.adapters.db.url import BadDatabaseUrl, read_url
    from callcenter.ports.store import StoreAway

    upgrade = ("callcenter db upgrade", "callcenter db upgrade")
    try:
        url = read_url(settings.database_url)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            yield doubtful("database", "not made yet", "尚未创建", mend=_START)
            return
        has, needs = current_revision(settings.database_url), history().get_current_head()
    except BadDatabaseUrl as error:
        mend = ("Mend [database] url.", "请修正 [database] url。")
        yield broken("database", str(error), str(error), mend=mend)
        return
    except StoreAway as error:
        yield broken(
            "database",
            f"cannot be reached ({error}); calls go on, changes and history wait",
            f"无法连接（{error}）；通话不受影响，配置更改和历史记录会等待",
            mend=(
                "Is its server running, and is [database] url right?",
                "数据库服务是否在运行，[database] url 是否正确？",
            ),
        )
        return
    if has == needs:
        yield fine("database", f"up to date ({has})", f"已是最新（{has}）")
    elif is_newer(has):
        mend = (
            "Run that newer version again, or restore a backup made before it.",
            "请改用该更新版本，或恢复之前的备份。",
        )
        yield broken(
            "database",
            f"a newer version has changed it ({has}); this one needs {needs}",
            f"已被更新的版本修改（{has}）；此版本需要 {needs}",
            mend=mend,
        )
    else:
        shown = f"{has or '-'} → {needs}"
        yield broken("database", f"old schema: {shown}", f"结构过旧：{shown}", mend=upgrade)


def check_lease(settings: "Settings") -> Iterator[Finding]:
    """Who decides, where several engines take turns."""
    from callcenter.adapters.db.lease import read_lease
    from callcenter.core.leadership import SILENCE
    from callcenter.ports.store import StoreAway

    if not settings.database.lease:
        return
    try:
        row = read_lease(settings.database_url)
    except StoreAway:
        return  # The look at the database says it.
    if row is None or row.is_free:
        yield doubtful("lease", "no engine has it", "没有引擎持有租约", mend=_START)
    elif row.age_seconds <= SILENCE and row.has_session:
        where = f"{row.host}, epoch {row.epoch}"
        yield fine("lease", f"the engine on {where}", f"由 {where} 上的引擎持有")
    else:
        where, age = f"{row.host}, epoch {row.epoch}", f"{row.age_seconds:.0f} s"
        yield broken(
            "lease",
            f"the engine on {where} has not renewed it for {age}, and none takes its place",
            f"{where} 上的引擎已 {age} 未续约，也没有引擎接替",
            mend=_START,
        )


def check_flows(settings: "Settings") -> Iterator[Finding]:
    """Flows that are not in force because of their files."""
    flows = _listed(settings, "/flows")
    if flows is None:
        return
    wrong = [flow for flow in flows if flow["problems"]]
    if not wrong:
        yield fine("flows", f"{len(flows)} in force", f"{len(flows)} 个流程已生效")
        return
    names = ", ".join(flow["id"] for flow in wrong)
    silent = any(flow["version"] is None for flow in wrong)
    make = broken if silent else doubtful
    yield make(
        "flows",
        f"with mistakes: {names}" + ("; their callers hear 'out of order'" if silent else ""),
        f"有错误：{names}" + ("；其来电者会听到线路故障" if silent else ""),
        mend=("callcenter flows check", "callcenter flows check"),
    )


def check_queues(settings: "Settings") -> Iterator[Finding]:
    """Queues that nobody serves: whoever waits there waits in vain."""
    queues = _listed(settings, "/queues")
    if queues is None:
        return
    empty = ", ".join(queue["id"] for queue in queues if not queue["agents"])
    if not empty:
        yield fine("queues", f"all {len(queues)} have agents", f"{len(queues)} 个队列均有坐席")
        return
    yield doubtful(
        "queues",
        f"nobody serves {empty}: their callers wait in vain",
        f"没有坐席服务 {empty}：其来电者会一直等待",
        mend=("callcenter queues assign QUEUE AGENT…", "callcenter queues assign 队列 坐席…"),
    )


def _listed(settings: "Settings", path: str) -> list[dict[str, Any]] | None:
    """What the running centre lists there; None, if it cannot be asked."""
    try:
        known = json.loads((settings.run_folder / KEY_FILE).read_text())
        return Centre(known["url"], known["key"].removeprefix("ApiKey ")).items(path)
    except (OSError, ValueError, KeyError, TypeError, NotRunning, Refused):
        return None


def check_certificates(settings: "Settings") -> Iterator[Finding]:
    """Whether certificates are sound and last for a while."""
    pairs = {
        (part.certificate, part.private_key)
        for part in (settings.edge, settings.sip)
        if part.certificate and part.certificate != "self-signed"
    }
    for certificate, key in sorted(pairs):
        path = settings.path(certificate)
        mend = (
            "Renew it, put the files in their old places, restart the edge.",
            "更新证书，放回原处，然后重启 edge。",
        )
        try:
            shown = read_pair(path, settings.path(key))
        except CertificateUnusable as error:
            yield broken("certificate", str(error), str(error), mend=mend)
            continue
        until = f"{shown.not_after:%Y-%m-%d}"
        if shown.not_after - datetime.now(UTC) < _RENEW_WITHIN:
            yield doubtful(
                "certificate", f"{path} ends on {until}", f"{path} 将于 {until} 到期", mend=mend
            )
        else:
            yield fine("certificate", f"good until {until}", f"有效期至 {until}")


def _get(url: str) -> tuple[int, Any]:
    """Status and body; 0 when nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_WITHIN_SECONDS) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        try:
            return error.code, json.loads(error.read())
        except ValueError:
            return error.code, None
    except (OSError, ValueError):
        return 0, None


def check_queue_log(settings: "Settings") -> Iterator[Finding]:
    """Whether what reporting tools read can be written, where it is to be."""
    file = settings.queue_log
    if file is None:
        return
    place = next(one for one in (file, *file.parents) if one.exists())
    if os.access(place, os.W_OK) and place.is_dir() == (place != file):
        yield fine("queue_log", f"written to {file}", f"写入 {file}")
        return
    yield broken(
        "queue_log",
        f"{file} cannot be written: reporting tools see nothing new",
        f"无法写入 {file}：报表工具看不到新数据",
        mend=(
            f"Let the user that the centre runs as write to {place}, or name another file under [centre]:"
            ' queue_log = "…".',
            f'请允许运行本中心的用户写入 {place}，或在 [centre] 下另指定文件：queue_log = "…"。',
        ),
    )


CENTRE_CHECKS: Final = (
    check_engine,
    check_edge,
    check_region,
    check_database,
    check_lease,
    check_flows,
    check_queues,
    check_certificates,
    check_queue_log,
)
