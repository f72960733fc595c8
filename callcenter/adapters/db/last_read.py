"""What was last read from the database, in a file of the run folder. Only the engine at work writes it."""

import logging
import os
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from callcenter.ports.journal import JournalAway
from callcenter.services.stored import Stored

logger = logging.getLogger(__name__)

FILE: Final = "configuration-in-force.json"
_PRIVATE: Final = 0o600  # There are people's telephone numbers in it.
_SHAPE: Final = TypeAdapter(Stored)


class LastRead:
    """The record in a run folder; see `services.stored.StoredRecord`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def read(self) -> Stored | None:
        """See `services.stored.StoredRecord`."""
        try:
            return _SHAPE.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            # A validation error names what it found, and there are people in it.
            why = type(error).__name__
            logger.warning("what was in force cannot be read", extra={"why": why})
            return None

    def write(self, stored: Stored) -> None:
        """See `services.stored.StoredRecord`."""
        new, data = self._file.with_suffix(".new"), _SHAPE.dump_json(stored)
        try:
            if self._file.exists() and self._file.read_bytes() == data:
                return  # Each start writes, and callers wait for it: spare them the disk.
            new.unlink(missing_ok=True)
            opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
            with os.fdopen(opened, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self._file)
        except OSError as error:
            raise JournalAway(f"{self._file}: {error.strerror}") from None
