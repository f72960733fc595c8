"""What is watched over, and when somebody is told.

A watch is a figure that is looked at again and again. It is raised once the figure has stood at or beyond
one bound for a while, and cleared once it has stood at or beyond the other bound for as long. Between the
bounds, and for a shorter time, nothing changes, so that a figure that trembles wakes nobody twice.

Which end is bad follows from the bounds: of delays the greater is raised, of room on a disk the smaller.
A look that saw nothing says nothing: the watch stays as it is, and its patience begins anew.

The legal kinds are data. A code never changes its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

AT_ONCE: Final = timedelta(0)


class Severity(StrEnum):
    """Whether callers feel it now, or will if nobody looks after it."""

    CRITICAL = "critical"
    WARNING = "warning"


class Unit(StrEnum):
    """What a figure counts; the last word of its metric's name."""

    SECONDS = "seconds"
    BYTES = "bytes"
    SHARE = "ratio"
    COUNT = "count"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that can be wrong: what it is called, what it means, and how it is mended, in both
    languages. `figure` names what is measured."""

    code: str
    figure: str
    unit: Unit
    severity: Severity
    title: Mapping[str, str]
    mend: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Raised at `raised_at` or worse, cleared at `cleared_at` or better, each after `stands`.

    Raises: ValueError, when the two leave no room between them.
    """

    raised_at: float
    cleared_at: float
    stands: timedelta = AT_ONCE

    def __post_init__(self) -> None:
        if self.raised_at == self.cleared_at:
            raise ValueError("a watch needs room between its bounds")

    def asks_for(self, value: float) -> bool | None:
        """Whether this value is to raise (True) or to clear (False); None: neither."""
        sign = 1 if self.raised_at > self.cleared_at else -1
        if sign * value >= sign * self.raised_at:
            return True
        return False if sign * value <= sign * self.cleared_at else None


@dataclass(frozen=True, slots=True)
class Watch:
    """How one figure stands. `raised_at` is None while all is well; `doubted_at`: since when it has been
    asked to become the other."""

    bounds: Bounds
    value: float | None = None
    raised_at: datetime | None = None
    doubted_at: datetime | None = None

    @property
    def is_raised(self) -> bool:
        """Whether somebody is to be told."""
        return self.raised_at is not None

    def look(self, value: float | None, at: datetime) -> "Watch":
        """The watch after one more look; None: nothing was seen."""
        asked = None if value is None else self.bounds.asks_for(value)
        if asked is None or asked == self.is_raised:
            return replace(self, value=value, doubted_at=None)
        since = self.doubted_at or at
        if at - since < self.bounds.stands:
            return replace(self, value=value, doubted_at=since)
        return replace(self, value=value, raised_at=at if asked else None, doubted_at=None)


def _kind(
    code: str,
    figure: str,
    unit: Unit,
    severity: Severity,
    en: tuple[str, str],
    zh: tuple[str, str],
) -> tuple[str, Kind]:
    title = MappingProxyType({"en": en[0], "zh": zh[0]})
    mend = MappingProxyType({"en": en[1], "zh": zh[1]})
    return code, Kind(code, figure, unit, severity, title, mend)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    dict(
        (
            _kind(
                *("switch-away", "canary_age", Unit.SECONDS, Severity.CRITICAL),
                (
                    "The engine does not hear the switch; callers go to the fallback.",
                    "See whether Asterisk runs: callcenter doctor. Its log is in the run folder.",
                ),
                (
                    "引擎收不到交换机的事件，来电进入后备队列。",
                    "用 callcenter doctor 检查 Asterisk 是否在运行；日志在运行目录中。",
                ),
            ),
            _kind(
                *("switch-slow", "switch_answer", Unit.SECONDS, Severity.CRITICAL),
                (
                    "The switch answers late, or not at all.",
                    "Look for other programs that take the processor; lower calls_per_second in [limits].",
                ),
                (
                    "交换机应答迟缓或无应答。",
                    "检查是否有其他程序占用处理器；调低 [limits] 中的 calls_per_second。",
                ),
            ),
            _kind(
                *("switch-backlog", "switch_backlog", Unit.COUNT, Severity.CRITICAL),
                (
                    "Work piles up inside the switch; soon it ignores new calls.",
                    "On its console, core show taskprocessors names the place. Lower calls in [limits].",
                ),
                (
                    "交换机内部任务积压，即将不再接受新呼叫。",
                    "在其控制台用 core show taskprocessors 查看积压处；调低 [limits] 中的 calls。",
                ),
            ),
            _kind(
                *("trunk-silent", "trunk_silent", Unit.STATE, Severity.CRITICAL),
                (
                    "A carrier does not answer.",
                    "See whether the network reaches it, then ask the carrier. Calls out go over the next.",
                ),
                (
                    "运营商中继无应答。",
                    "检查网络是否可达，再联系运营商。呼出改走下一条中继。",
                ),
            ),
            _kind(
                *("orphan-legs", "orphan_legs", Unit.COUNT, Severity.WARNING),
                (
                    "Legs are in the engine's hands that belong to no call.",
                    "They are taken on or hung up within half a minute; if not, report it with the log.",
                ),
                (
                    "引擎中有不属于任何通话的线路。",
                    "通常半分钟内会被接管或挂断；若仍存在，请附日志报告。",
                ),
            ),
            _kind(
                *("engine-late", "engine_late", Unit.SECONDS, Severity.WARNING),
                (
                    "The engine decides late; fewer calls are taken in.",
                    "Look for other programs that take the processor; lower the limits in [limits].",
                ),
                (
                    "引擎决策迟缓，已减少接入的来电。",
                    "检查是否有其他程序占用处理器；调低 [limits] 中的上限。",
                ),
            ),
            _kind(
                *("callers-refused", "callers_refused", Unit.COUNT, Severity.CRITICAL),
                (
                    "Callers were turned away in the last minute: more came than are taken in.",
                    "rate and calls are limits under [limits]: raise them if the machine carries more."
                    " strain: the engine was late; look for other programs that take the processor.",
                ),
                (
                    "最近一分钟内有来电被拒：来电多于可接入的数量。",
                    "rate 与 calls 是 [limits] 中的上限，机器有余力时可调高；strain 表示引擎迟缓，"
                    "请检查是否有其他程序占用处理器。",
                ),
            ),
            _kind(
                *("pause-overrun", "overdue_pauses", Unit.COUNT, Severity.WARNING),
                (
                    "Agents are paused for longer than their reason allows.",
                    "callcenter agents list says who; ask them, or set them ready.",
                ),
                (
                    "有坐席的暂停时间超出该原因允许的时长。",
                    "用 callcenter agents list 查看是谁；请联系本人或将其置为就绪。",
                ),
            ),
            _kind(
                *("journal-away", "journal_away", Unit.STATE, Severity.CRITICAL),
                (
                    "The journal cannot be written; nothing is done until it can.",
                    "Make room on the disk of the run folder, and see that it may be written.",
                ),
                (
                    "无法写入磁盘，恢复之前不会执行任何操作。",
                    "为运行目录所在磁盘腾出空间，并确认可以写入。",
                ),
            ),
            _kind(
                *("database-away", "database_away", Unit.STATE, Severity.WARNING),
                (
                    "The database does not answer; calls go on, history waits.",
                    "See whether it runs and may be reached: callcenter doctor.",
                ),
                (
                    "数据库无应答；通话照常，历史记录等待写入。",
                    "用 callcenter doctor 检查数据库是否在运行且可访问。",
                ),
            ),
            _kind(
                *("archive-behind", "archive_behind", Unit.COUNT, Severity.WARNING),
                (
                    "Facts are not taken into the database; history lags behind.",
                    "See whether the archive runs: its log is archive.log in the run folder's logs.",
                ),
                (
                    "事实未能及时写入数据库，历史记录滞后。",
                    "检查归档进程是否在运行：日志为运行目录 logs 下的 archive.log。",
                ),
            ),
            _kind(
                *("disk-low", "disk_free", Unit.BYTES, Severity.CRITICAL),
                (
                    "A disk is almost full; when it is, nothing is done any more.",
                    "Make room, or move the folder to a greater disk.",
                ),
                ("磁盘即将写满，写满后不再执行任何操作。", "清理磁盘，或将目录移至更大的磁盘。"),
            ),
            _kind(
                *("disk-filling", "disk_free", Unit.SHARE, Severity.WARNING),
                (
                    "A disk fills up.",
                    "Move old backups and recordings away; lower keep_facts_days in [database].",
                ),
                (
                    "磁盘空间逐渐不足。",
                    "移走旧备份和录音；调低 [database] 中的 keep_facts_days。",
                ),
            ),
            _kind(
                *("test-call-failed", "test_call_answered", Unit.SECONDS, Severity.CRITICAL),
                (
                    "The centre does not answer its own test call in time.",
                    "Call a number of the centre yourself; the engine's log says how far the test came.",
                ),
                (
                    "呼叫中心未能及时接听自动测试呼叫。",
                    "请自行拨打一个号码；引擎日志记录了测试进行到哪一步。",
                ),
            ),
        )
    )
)
