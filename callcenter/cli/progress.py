"""How far long work is: on a terminal in one line, in a log file every tenth."""

import sys

import click


class Stopped(Exception):
    """Nobody waits any more for the work whose progress was told."""


class Progress:
    """One line a step; a share in percent while something long runs, in a log file every tenth.

    Threads cannot be cancelled: long work ends at the first word it says after `stop`.
    """

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._last = ""
        self._tenths = 0
        self._stopped = False

    def stop(self) -> None:
        """End whatever still tells."""
        self._stopped = True

    def step(self, english: str, chinese: str) -> None:
        click.echo(f"  {english} {chinese} … ", nl=False, err=True)
        self._last = ""

    def done(self, what: str) -> None:
        space = " " if self._last and not self._is_terminal else ""
        click.echo(f"{space}{what} ✓" if what else f"{space}✓", err=True)

    def end_line(self) -> None:
        """End what was told, if anything was."""
        if self._last:
            click.echo(err=True)

    def __call__(self, what: str, share: float | None) -> None:
        if self._stopped:
            raise Stopped
        text = what if share is None else f"{what} {share:.0%}"
        if self._is_terminal:
            click.echo(f"\r\x1b[2K    {text} ", nl=False, err=True)
            self._last = what
            return
        if what != self._last:
            click.echo(f"\n    {what}", nl=False, err=True)
            self._last, self._tenths = what, 0
        if share is not None and int(share * 10) > self._tenths:
            self._tenths = int(share * 10)
            click.echo(f" {self._tenths * 10}%", nl=False, err=True)
