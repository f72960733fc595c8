"""What the doctor found: where, how bad, and how to mend it, in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import click

from callcenter.cli.wording import language, said, show_json, tell


class Level(StrEnum):
    """`broken`: calls are or will be lost by it. `warning`: look at it. `ok`: said to reassure."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. Everything but what is well has a `mend`."""

    topic: str
    level: Level
    en: str
    zh: str
    mend_en: str = ""
    mend_zh: str = ""

    def text(self) -> str:
        """What was found, in the language of this run."""
        return self.zh if language() == "zh" else self.en

    def mend(self) -> str:
        """What to do about it; empty when there is nothing to do."""
        return self.mend_zh if language() == "zh" else self.mend_en


def fine(topic: str, en: str, zh: str) -> Finding:
    return Finding(topic, Level.OK, en, zh)


def doubtful(topic: str, en: str, zh: str, *, mend: tuple[str, str]) -> Finding:
    return Finding(topic, Level.WARNING, en, zh, *mend)


def broken(topic: str, en: str, zh: str, *, mend: tuple[str, str]) -> Finding:
    return Finding(topic, Level.BROKEN, en, zh, *mend)


_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.BROKEN: ("✗", "red")}


def report(findings: Sequence[Finding]) -> None:
    """Print them as a list that a person reads; colours only at a terminal."""
    width = max((len(finding.topic) for finding in findings), default=0)
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        line = f"{finding.topic:<{width}}  {finding.text()}"
        click.echo(f"{click.style(mark, fg=colour)} {line}")
        for step in finding.mend().splitlines():
            click.echo(f"  {'':<{width}}  → {step}")
    worst = [sum(finding.level is level for finding in findings) for level in Level]
    click.echo()
    if worst[2]:
        tell(
            f"{worst[2]} broken, {worst[1]} doubtful, {worst[0]} well.",
            f"{worst[2]} 项故障，{worst[1]} 项存疑，{worst[0]} 项正常。",
        )
    else:
        tell(
            f"Nothing is broken ({worst[1]} doubtful, {worst[0]} well).",
            f"没有故障（{worst[1]} 项存疑，{worst[0]} 项正常）。",
        )


def report_json(findings: Sequence[Finding]) -> None:
    """For programs."""
    show_json([_plain(finding) for finding in findings])


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "topic": finding.topic,
        "level": finding.level.value,
        "found": finding.text(),
        "mend": finding.mend(),
    }


def and_more(items: Sequence[str], most: int = 5) -> str:
    """Some of them, and how many there are besides."""
    shown = ", ".join(items[:most])
    rest = len(items) - most
    return shown if rest <= 0 else shown + said(f" and {rest} more", f" 等共 {len(items)} 项")
