"""The words of the command line in two languages, and how its answers are laid out.

A person at a terminal gets tables and colours; a pipe gets one line a row, its fields parted by tabs.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

LANGUAGES: Final = ("en", "zh")


def usual_language() -> str:
    """The language that this machine's user set for programs."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def language() -> str:
    """The language of this run."""
    context = click.get_current_context(silent=True)
    known = context.find_object(dict) if context else None
    return str(known.get("lang", "en")) if known else "en"


def said(en: str, zh: str) -> str:
    """The text in the language of this run."""
    return zh if language() == "zh" else en


def tell(en: str, zh: str, *, error: bool = False) -> None:
    """Say it."""
    click.echo(said(en, zh), err=error)


def show(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], nothing: str) -> None:
    """A table; `columns` are headings in both languages, `nothing` is said when there is no row."""
    lines = [[_one_line(cell) for cell in row] for row in rows]
    headings = [said(*column) for column in columns]
    if not sys.stdout.isatty():
        for line in [headings, *lines] if lines else []:
            click.echo("\t".join(line))
        return
    if not lines:
        click.echo(nothing)
        return
    _show_table(headings, lines)


def _show_table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    Console().print(table)


def show_json(value: Any) -> None:
    """For programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _one_line(text: str) -> str:
    """What callers and files bring along must not move the cursor of whoever reads it."""
    return "".join(c if c.isprintable() else "�" for c in text)


def ago(moment: str | None, now: datetime | None = None) -> str:
    """How long something has lasted: `4 s`, `3 min`, `2 h 05 min`."""
    if moment is None:
        return ""
    lasted = (now or datetime.now(UTC)) - datetime.fromisoformat(moment)
    seconds = max(0, int(lasted.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds // 60 % 60:02} min"


_PRESENCE: Final[Mapping[str, str]] = {
    "ready": "就绪",
    "paused": "暂停",
    "signed-out": "未签入",
    "idle": "空闲",
    "reserved": "已预留",
    "ringing": "振铃",
    "talking": "通话中",
    "wrapping": "话后整理",
    "in-flow": "语音流程",
    "queued": "排队",
    "offered": "振铃坐席",
    "greeting": "接通提示",
    "agreed": "已约回电",
    "kept": "待回电",
    "reaching": "回电中",
    "connected": "通话中",
    "leaving": "结束语",
    "ended": "已结束",
}


def state(word: str) -> str:
    """A presence, an activity or a phase."""
    return said(word, _PRESENCE.get(word, word))
