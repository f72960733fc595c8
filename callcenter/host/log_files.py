"""Log files that stay small: one that has grown too long becomes number 1 of its older ones.

The programs hold their logs open and are not asked to open them anew: each writes at the end of the
file, wherever that is, so the file is copied and emptied under them. What is written in the moment
between the two is lost, which a log may; a full disk, which stops everything, is what this prevents.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

LONGEST: Final = 20 * 1024 * 1024  # bytes
KEPT: Final = 5  # older ones of each
EVERY: Final = timedelta(minutes=1)


async def keep_small(
    folders: Sequence[Path], *, leave: Path | None = None, every: timedelta = EVERY
) -> None:
    """Look at every log in these folders now and then, for ever. What `leave` names is somebody else's."""
    while True:
        for folder in folders:
            await asyncio.to_thread(turn_over, folder, leave=leave)
        await asyncio.sleep(every.total_seconds())


def turn_over(
    folder: Path, *, leave: Path | None = None, longest: int = LONGEST, kept: int = KEPT
) -> None:
    """Put away what is too long in one folder, which need not exist. Only whole logs are touched: a name
    that ends in a number is one that was put away before. `leave` and its older ones stay as they are."""
    try:
        logs = [path for path in folder.iterdir() if not path.suffix[1:].isdecimal()]
        if leave is not None and leave.parent.resolve() == folder.resolve():
            logs = [path for path in logs if not path.name.startswith(leave.name)]
    except OSError:
        return
    for path in logs:
        try:
            if not path.is_symlink() and path.is_file() and path.stat().st_size > longest:
                _turn_over(path, kept)
        except OSError as error:
            logger.warning("log not turned over", extra={"log": path.name, "why": error.strerror})


def _turn_over(path: Path, kept: int) -> None:
    older = [path.with_name(f"{path.name}.{number}") for number in range(1, kept + 1)]
    for target, source in reversed(list(zip(older[1:], older, strict=False))):
        if source.exists():
            source.replace(target)
    # A copy costs time once; a rename would take the file along with the program that writes it.
    shutil.copyfile(path, older[0])
    shutil.copymode(path, older[0])
    os.truncate(path, 0)
