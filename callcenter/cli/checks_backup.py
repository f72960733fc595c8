"""The doctor's look at backups: is there one, is it fresh, and has anybody tried to restore it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callcenter.cli.findings import Finding, doubtful, fine

if TYPE_CHECKING:
    from callcenter.settings import Settings

LAST_BACKUP: Final = "last-backup.json"
LAST_DRILL: Final = "last-drill.json"
_FRESH: Final = timedelta(days=2)
_TRIED: Final = timedelta(days=30)
_MAKE: Final = ("callcenter backup FOLDER, each night.", "每晚执行 callcenter backup FOLDER。")
_TRY: Final = ("callcenter backup drill FILE", "callcenter backup drill FILE")


def check_backup(settings: "Settings") -> Iterator[Finding]:
    """Whether what is lost with this machine is a day's work or everything."""
    last = _record(settings.run_folder / LAST_BACKUP)
    if last is None:
        yield doubtful("backup", "none was ever made", "从未备份", mend=_MAKE)
        return
    at = datetime.fromisoformat(last["at"])
    days = (datetime.now(UTC) - at).days
    text = f"last on {at:%Y-%m-%d %H:%M} UTC, {last['data']}"
    chinese = f"上次备份 {at:%Y-%m-%d %H:%M} UTC，{last['data']}"
    if datetime.now(UTC) - at > _FRESH:
        yield doubtful(
            "backup", f"{text}: {days} days old", f"{chinese}：已过 {days} 天", mend=_MAKE
        )
    else:
        yield fine("backup", text, chinese)
    yield _check_drill(settings.run_folder)


def _check_drill(run_folder: Path) -> Finding:
    last = _record(run_folder / LAST_DRILL)
    if last is None:
        return doubtful(
            "drill", "nobody has tried to restore a backup", "从未演练过恢复", mend=_TRY
        )
    at = datetime.fromisoformat(last["at"])
    if not last["passed"]:
        return doubtful(
            "drill",
            f"the last one failed on {at:%Y-%m-%d}: {last['why']}",
            f"上次演练于 {at:%Y-%m-%d} 失败：{last['why']}",
            mend=_TRY,
        )
    days = (datetime.now(UTC) - at).days
    if datetime.now(UTC) - at > _TRIED:
        return doubtful(
            "drill",
            f"the last restore was tried {days} days ago",
            f"上次恢复演练已过 {days} 天",
            mend=_TRY,
        )
    took = f"{last['seconds']:.0f} s"
    return fine("drill", f"restored on {at:%Y-%m-%d} in {took}", f"{at:%Y-%m-%d} 演练成功，{took}")


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return record


BACKUP_CHECKS: Final = (check_backup,)
