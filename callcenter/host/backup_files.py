"""Which files of a run folder belong into a backup, and which of them are kept apart.

What is not known here is kept apart: a file that somebody adds later is then neither lost nor handed to
people who may only see data.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

DATA: Final = frozenset(
    {
        "archive",
        "prompts",
        "recordings",
        "messages",
        "configuration-in-force.json",
        "flows-in-force.json",
    }
)
LEFT_OUT: Final = (
    *("callcenter.db*", "journal"),  # Copied in ways of their own.
    *("asterisk", "logs", "cli.json", "ready.json", "switch"),  # Made again at each start.
    *("backup-*", "last-*.json", "drill-*", "demo-*", "restored-*", ".*", "*.lock", "*.sock"),
)
FALLBACK: Final = "asterisk/spool/fallback"
# What was said to single callers: it may be their number, and a backup is kept for longer than a day.
_OF_THE_MOMENT: Final = "run/prompts/words"
_UNFINISHED: Final = ("*.part", "*.tmp")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One file, its name in the backup, and whether it belongs to the keys."""

    path: Path
    name: str
    size: int
    apart: bool


def of_run_folder(folder: Path, skipped: list[str]) -> Iterator[Chosen]:
    """Everything of a run folder but database and journal; links inside are skipped, and told."""
    for top in sorted(os.listdir(folder)):
        if not any(fnmatch(top, pattern) for pattern in LEFT_OUT):
            yield from below(folder / top, f"run/{top}", skipped, apart=top not in DATA)
    # Messages that callers left while no engine was there, and none has fetched yet.
    yield from below(folder / FALLBACK, f"run/{FALLBACK}", skipped)


def below(path: Path, name: str, skipped: list[str], *, apart: bool = False) -> Iterator[Chosen]:
    """A file, or every file below a folder. A folder may itself be a link: to a larger disk."""
    try:
        about = path.stat()
    except OSError:
        return
    if stat.S_ISREG(about.st_mode):
        yield Chosen(path, name, about.st_size, apart)
    elif stat.S_ISDIR(about.st_mode):
        for entry in sorted(os.scandir(path), key=lambda one: one.name):
            inside = f"{name}/{entry.name}"
            unfinished = any(fnmatch(entry.name, pattern) for pattern in _UNFINISHED)
            if unfinished or inside == _OF_THE_MOMENT:
                continue
            if entry.is_symlink() or not entry.name.isprintable():
                skipped.append(inside)
            else:
                yield from below(Path(entry.path), inside, skipped, apart=apart)
