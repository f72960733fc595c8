"""Files that only their owner reads, replaced as a whole: nobody ever sees half of one, and a power cut
leaves the old one or the new one."""

import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write `path`, and its folder if it is missing.

    Root writes for others (`sudo callcenter …`): the file stays its owner's, and a new one is whose the
    folder is. A link is replaced; whoever means its target resolves it first.

    Raises: OSError, and the file is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # It is 0600.
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            keeps_group = _give_away(handle, path)
            os.fchmod(handle, mode if keeps_group else mode & 0o707)
            os.fsync(handle)
        os.rename(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _give_away(handle: int, path: Path) -> bool:
    """Let the open file be whose `path` was; whether it is its group's too."""
    is_new = not os.path.lexists(path)
    was = path.parent.stat() if is_new else path.lstat()
    if os.geteuid() == 0:
        os.fchown(handle, was.st_uid, was.st_gid)
    elif not is_new and os.fstat(handle).st_gid != was.st_gid:
        try:
            os.fchown(handle, -1, was.st_gid)
        except PermissionError:
            return False
    return True
