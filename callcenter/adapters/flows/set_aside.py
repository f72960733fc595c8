"""Where the record of what is in force lies, and setting it aside, for whoever starts the whole centre.

A module of its own, since a start has no time to load what reading the record takes.
"""

import contextlib
from pathlib import Path
from typing import Final

IN_FORCE: Final = "flows-in-force.json"
BEFORE: Final = "flows-before.json"


def set_aside(folder: Path) -> None:
    """Let the next engine of this run folder read the folder of flows again."""
    with contextlib.suppress(FileNotFoundError):
        (folder / IN_FORCE).replace(folder / BEFORE)
