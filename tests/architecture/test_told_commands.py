"""What papers and messages tell people to type is there to be typed."""

import re
from pathlib import Path

import click
import pytest

from callcenter.cli.main import main

pytestmark = pytest.mark.architecture

ROOT = Path(__file__).parents[2]
SAID_IN = [
    *(ROOT / "callcenter").rglob("*.py"),
    *ROOT.glob("*.md"),
    *(ROOT / "scripts").glob("*"),
    *(ROOT / "asterisk-conf").glob("*"),
]
# In quotes or after a colon, as a person would copy it.
TOLD = re.compile(r"[`\"':：] ?callcenter ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")


def told() -> set[tuple[str, str | None]]:
    return {
        (found[1], found[2])
        for path in SAID_IN
        if path.is_file()
        for found in TOLD.finditer(path.read_text())
    }


def is_there(command: str, sub: str | None) -> bool:
    context = click.Context(main)
    found = main.get_command(context, command)
    if not isinstance(found, click.Group) or sub is None:
        return found is not None
    return found.get_command(context, sub) is not None


def test_every_command_that_is_told_exists() -> None:
    said = told()
    assert {("numbers", "set"), ("db", "upgrade")} <= said
    assert sorted(str(one) for one in said if not is_there(*one)) == []
