"""Random secrets of one installation, made once and kept in a file that only its user can read."""

import fcntl
import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from callcenter.host.mending import Mendable
from callcenter.private_file import write_private

FILE = "secrets.json"


class SecretsUnreadable(Mendable):
    """The file is there but cannot be used; says how to mend it."""


def ensure_secrets(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the secrets of `folder`, all of `names` among them; those missing are made up.

    Each is 32 random bytes in URL-safe letters. Safe against two processes at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{FILE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _read(folder / FILE)
        missing = [name for name in names if name not in known]
        if missing:
            known |= {name: secrets.token_urlsafe(32) for name in missing}
            write_private(folder / FILE, json.dumps(known, indent=1))
    return known


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise SecretsUnreadable(
            f"{path} is damaged. Remove it: new secrets are made at the next start, and everybody "
            "signs in again."
        )
    return data
