"""Follows the journal into queue_log, each line once, whatever dies when.

A mark in a file of its own says how far the journal was read, where queue_log ended then, and what later
lines need to know. The same facts give the same lines: whoever died between adding lines and setting the
mark says them again, and what is in the file of them already is not added twice.

Nobody waits for this. Where the file cannot be written, it is written later.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from callcenter.adapters.queue_log.appended import AppendedFile, End, Write
from callcenter.core.queue_log import QueueLog, Remembered
from callcenter.ports.journal import Numbered
from callcenter.ports.store import FactSource
from callcenter.private_file import write_private

logger = logging.getLogger(__name__)

BATCH: Final = 500
PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything up to fact `number` of this journal is in the file, which ended at `end`."""

    journal: str = ""
    number: int = 0
    end: End = field(default_factory=End)
    remembered: Remembered = field(default_factory=Remembered)


_SHAPE: Final = TypeAdapter(Mark)


class QueueLogWriter:
    """Writes queue_log at `path`; its mark is at `mark`. `run` never ends and never raises.

    `carried` are the facts that the oldest segment of the journal began with: what whoever does not
    know what came before must hear first.
    """

    def __init__(
        self,
        source: FactSource,
        carried: Callable[[], Iterable[Numbered]],
        path: Path,
        mark: Path,
        *,
        batch: int = BATCH,
        pause: timedelta = PAUSE,
        write: Write = os.write,
        put_down: Callable[[Path, str], None] = write_private,
    ) -> None:
        self._source = source
        self._carried = carried
        self._path = path
        self._mark_at = mark
        self._batch = batch
        self._pause = pause
        self._write = write
        self._put_down = put_down
        self._file: AppendedFile | None = None
        self._mark = Mark()
        self._log = QueueLog()
        self._why = ""

    @property
    def number(self) -> int:
        """The number of the last fact whose lines are written, as far as we know."""
        return self._mark.number

    async def run(self) -> None:
        """Read on for ever; what goes wrong is logged and tried again, less and less often."""
        pause = self._pause
        while True:
            try:
                while await asyncio.to_thread(self.step) == self._batch:
                    pass
                pause = self._pause
                self._say("")
            except OSError as error:
                self._say(error.strerror or str(error))
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception as error:
                logger.exception("queue_log stopped for now", extra={"why": type(error).__name__})
                pause = min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause.total_seconds())

    def step(self) -> int:
        """Write the lines of one batch of facts; how many facts. 0: nothing new, or nothing yet.

        Raises: OSError, DamagedJournal.
        """
        journal = self._source.journal_id
        if journal is None:
            return 0
        try:
            file = self._file or self._take_up()
            if journal != self._mark.journal:
                self._mark, self._log = Mark(journal, end=self._mark.end), QueueLog()
            batch = list(islice(self._source.read_after(self.number), self._batch))
            if batch:
                self._begin_at(file.where())
                self._look_for_gap(batch[0][0])
                lines = [line for number, fact in batch for line in self._log.hear(number, fact)]
                end = file.append("".join(f"{line}\n" for line in lines).encode())
                self._set_mark(Mark(journal, batch[-1][0], end, self._log.remembered))
        except BaseException:
            self._let_go()  # what is in the file, whoever takes it up again sees
            raise
        return len(batch)

    def _take_up(self) -> AppendedFile:
        self._mark = self._read_mark()
        self._log = QueueLog(self._mark.remembered)
        self._file = AppendedFile(self._path, self._mark.end, self._write)
        return self._file

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _begin_at(self, end: End) -> None:
        """In another file than before, what is added must be found again too."""
        if end != self._mark.end:
            self._set_mark(replace(self._mark, end=end))

    def _look_for_gap(self, first: int) -> None:
        if first == self.number + 1:
            return
        if self.number:
            lost = {"from_number": self.number + 1, "to_number": first - 1}
            logger.error("facts are missing from queue_log", extra=lost)
        self._log = QueueLog()
        for number, fact in self._carried():
            self._log.hear(number, fact)

    def _read_mark(self) -> Mark:
        try:
            return _SHAPE.validate_json(self._mark_at.read_bytes())
        except FileNotFoundError:
            return Mark()
        except ValidationError as error:
            # Its text would name what was found, and there are people in it.
            why = {"file": str(self._mark_at), "why": type(error).__name__}
            logger.error("the mark of queue_log cannot be read: lines may come twice", extra=why)
            return Mark()

    def _set_mark(self, mark: Mark) -> None:
        self._put_down(self._mark_at, _SHAPE.dump_json(mark).decode())
        self._mark = mark

    def _say(self, why: str) -> None:
        """Log when it begins and when it ends, not all the while."""
        if why and why != self._why:
            what = {"file": str(self._path), "why": why}
            logger.error(
                "queue_log cannot be written: let the centre's user write there, or name another"
                " file in [centre] queue_log",
                extra=what,
            )
        elif self._why and not why:
            logger.info("queue_log is written again", extra={"file": str(self._path)})
        self._why = why
