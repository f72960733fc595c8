"""How much room there is where a folder lies, or will lie."""

import shutil
from pathlib import Path
from typing import NamedTuple


class Room(NamedTuple):
    """What is left for us: `free` in bytes, `share` of the whole disk."""

    free: int
    share: float


def room(folder: Path) -> Room:
    """The room at `folder`, which need not exist yet. Raises: OSError."""
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    usage = shutil.disk_usage(place)
    return Room(usage.free, usage.free / (usage.total or 1))
