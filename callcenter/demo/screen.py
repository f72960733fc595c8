"""The demo on the screen: a live table on a terminal, plain lines elsewhere, and the last word."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from callcenter.demo.board import Board, Doing
from callcenter.demo.verdict import Outcome, Verdict

WORDS = {
    Outcome.ANSWERED: "answered 接通",
    Outcome.ABANDONED: "abandoned 放弃",
    Outcome.LEFT: "left the menu 提前挂断",
    Outcome.TURNED_AWAY: "unknown number 空号",
    Outcome.LOST: "lost 丢失",
}
# As wide as what stands there may become: columns that jump cannot be read.
_AGENTS = (("agent 坐席", 10), ("", 22))
_CALLERS = (("caller 来电者", 13), ("", 28))
_SIDE_BY_SIDE = 79
"""Columns that both need with the gaps between; a usual terminal has 80."""

_SHOWN_AT_ONCE = 16
_JUDGED_LATELY = 3


class _Picture:
    """Drawn anew each time the terminal is refreshed.

    The figures stand above: where the terminal is not high enough, its lower end is what is cut off.
    """

    def __init__(self, board: Board, calls: int | None) -> None:
        self._board = board
        self._calls = calls

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(counters(self._board, self._calls), style="bold")
        for verdict in self._board.verdicts[-_JUDGED_LATELY:]:
            yield _in_short(verdict)
        yield Text()
        agents = [*self._board.agents.items()]
        callers = [*self._board.callers.items()][:_SHOWN_AT_ONCE]
        if options.max_width < _SIDE_BY_SIDE:
            yield from (_people((_AGENTS, agents)), Text(), _people((_CALLERS, callers)))
        else:
            yield _people((_AGENTS, agents), (_CALLERS, callers))


_Columns = tuple[tuple[str, int], ...]
_People = list[tuple[str, Doing]]


def _people(*groups: tuple[_Columns, _People]) -> Table:
    """Who does what now; groups of people stand side by side."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for columns, _ in groups:
        for title, width in columns:
            table.add_column(title, min_width=width, overflow="fold")
    table.columns[-1].min_width = None  # Nothing stands beside it that could jump.
    for row in range(max(len(people) for _, people in groups)):
        table.add_row(*(cell for _, people in groups for cell in _cells(people, row)))
    return table


def _cells(people: _People, row: int) -> tuple[str, str]:
    return (people[row][0], str(people[row][1])) if row < len(people) else ("", "")


def _in_short(verdict: Verdict) -> Text:
    """A call that is over, in a line; or in as many as went wrong."""
    if not verdict.is_good:
        return _failure(verdict)
    return Text(f"✓ {verdict.caller}: {WORDS[verdict.outcome]}", style="green")


def counters(board: Board, calls: int | None) -> str:
    """The figures so far, in one line."""
    done = sum(board.counts[outcome] for outcome in Outcome)
    parts = [f"calls 通话 {done}" + (f"/{calls}" if calls else "")]
    parts += [f"{WORDS[one]} {board.counts[one]}" for one in Outcome if board.counts[one]]
    return "  ".join([*parts, f"failed 失败 {board.counts['failed']}"])


@contextmanager
def shown(board: Board, calls: int | None) -> Iterator[None]:
    """Show the board while the body runs."""
    console = Console()
    if console.is_terminal:
        with Live(_Picture(board, calls), console=console, refresh_per_second=4, transient=True):
            yield
        return

    began = datetime.now(UTC)

    def line(name: str, doing: Doing) -> None:
        seconds = (datetime.now(UTC) - began).total_seconds()
        print(f"{seconds:6.1f} s  {name:<12} {doing}", flush=True)

    board.listener = line
    try:
        yield
    finally:
        board.listener = None


def summary(board: Board, calls: int | None, seed: int, evidence: Path, took: timedelta) -> None:
    """The last word: every call with its verdict, the figures, and what failed."""
    # Wide where it goes to a file: a verdict that is cut off is none.
    console = Console(width=None if sys.stdout.isatty() else 140)
    if calls is not None:
        console.print(_verdicts(board.verdicts))
    for verdict in board.verdicts:
        if not verdict.is_good:
            console.print(_failure(verdict))
    for fault in board.faults:
        console.print(Text(f"✗ {fault}", style="red"))
    console.print(Text(counters(board, calls)))
    waits = sorted(one.waited for one in board.verdicts if one.waited is not None)
    if waits:
        middle, longest = waits[len(waits) // 2], waits[-1]
        console.print(
            f"wait 等候  median {middle.total_seconds():.1f} s, longest {longest.total_seconds():.1f} s"
        )
    if evidence.exists():
        console.print(Text(f"recordings of what failed 失败通话的录音  {evidence}"))
    if board.is_good:
        word, style = "Every call was carried as it should be. 所有通话均正常。", "green"
    else:
        word, style = "Not every call was carried as it should be. 有通话未正常完成。", "red"
    console.print(Text(f"{word}  ({took.total_seconds():.0f} s, seed {seed})", style=style))


def _verdicts(verdicts: list[Verdict]) -> Table:
    """A line for each call. What went wrong is told beneath: a column would cut it off."""
    table = Table()
    for title in ("caller 来电者", "outcome 结果", "agent 坐席", "wait 等候", "verdict 判定"):
        table.add_column(title, overflow="fold")
    for verdict in verdicts:
        waited = "" if verdict.waited is None else f"{verdict.waited.total_seconds():.1f} s"
        said = Text("✓", style="green") if verdict.is_good else Text("✗", style="red")
        table.add_row(verdict.caller, WORDS[verdict.outcome], verdict.agent or "", waited, said)
    return table


def _failure(verdict: Verdict) -> Text:
    lines = [f"✗ {verdict.caller}: {fault}" for fault in verdict.faults]
    if verdict.is_doubtful:
        lines.append("(the machine was too busy for its sound to be trusted  机器过忙，录音不可靠)")
    return Text("\n".join(lines), style="red")
