"""What was last read from the database, in a file of the run folder. Only the engine at work writes it."""

import logging
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from callcenter.ports.journal import JournalAway
from callcenter.private_file import write_private
from callcenter.services.stored import Stored

logger = logging.getLogger(__name__)

FILE: Final = "configuration-in-force.json"
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
        data = _SHAPE.dump_json(stored)
        try:
            if self._file.exists() and self._file.read_bytes() == data:
                return  # Each start writes, and callers wait for it: spare them the disk.
            write_private(self._file, data.decode())  # There are people's telephone numbers in it.
        except OSError as error:
            raise JournalAway(f"{self._file}: {error.strerror}") from None
