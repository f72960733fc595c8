"""Takes in the messages that callers left: out of the spool, into the database and the folder.

Each step may be the last, and may be done again: the sound is copied and safe on the disk, then its row is
committed, then the copy gets its name, and only then the file leaves the spool. Until that the next sweep
begins anew with it and comes to the same bytes, the same row and the same name. So each message is there
once, whatever dies when. The file in the spool is never changed.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from callcenter.adapters.recordings.shelf import Shelf
from callcenter.adapters.recordings.spool import Spool, Spooled
from callcenter.adapters.recordings.wav import NoSound, length, sounding
from callcenter.core.ids import QueueId
from callcenter.core.numbers import normalise
from callcenter.ports.messages import Message, Messages
from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

SHORTEST: Final = timedelta(seconds=0.3)
"""Less than this to be heard is a click: somebody hung up at the tone."""
SHORTEST_ASKED_FOR: Final = timedelta(seconds=2)
"""Of a message that a flow asked for: nobody says anything in less."""
PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(seconds=60)


class Sweep:
    """`run` never ends and never raises. `region`: how the numbers of callers are written here."""

    def __init__(
        self,
        spool: Spool,
        shelf: Shelf,
        messages: Messages,
        *,
        region: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._spool = spool
        self._shelf = shelf
        self._messages = messages
        self._region = region
        self._now = now

    async def run(self) -> None:
        """Sweep for ever; what goes wrong is logged and tried again, less and less often."""
        pause = PAUSE
        while True:
            try:
                await self.step()
                pause = PAUSE
            except StoreAway:
                pause = min(pause * 2, LONGEST_PAUSE)
            except OSError as error:
                # Its text would name the file, and the file is named after who called.
                logger.error("messages wait in the spool", extra={"why": error.strerror or ""})
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception as error:
                logger.exception("sweep stopped for now", extra={"why": type(error).__name__})
                pause = min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause.total_seconds())

    async def step(self) -> int:
        """Take in what is finished; how many messages. What cannot be stays for later.

        Raises: StoreAway; OSError, after the others have been tried.
        """
        finished = await asyncio.to_thread(self._spool.finished)
        if not finished:
            return 0
        taken, failed = 0, None
        with self._shelf.held() as is_ours:
            for spooled in finished if is_ours else ():
                try:
                    taken += await self._take(spooled)
                except OSError as error:
                    failed = error
        if failed is not None:
            raise failed
        return taken

    async def _take(self, spooled: Spooled) -> bool:
        try:
            sound = await asyncio.to_thread(self._spool.read, spooled.name)
        except NoSound:
            self._spool.leave(spooled.name)
            return False
        if sound is None:
            return False
        heard = await asyncio.to_thread(sounding, sound)
        asked_for = spooled.language != ""
        if heard < SHORTEST or (asked_for and length(sound) < SHORTEST_ASKED_FOR):
            self._spool.remove(spooled.name)
            logger.info("a message without sound is dropped", extra={"call": spooled.call})
            return False
        return await self._keep(spooled, sound)

    async def _keep(self, spooled: Spooled, sound: bytes) -> bool:
        there = await asyncio.to_thread(self._shelf.find, spooled.call)
        if there not in (None, sound):
            # Rather two than none: a person may look which of them is meant.
            logger.error("a call has left a second message", extra={"call": spooled.call})
            self._spool.leave(spooled.name)
            return False
        if there is None:
            await asyncio.to_thread(self._shelf.lay_out, spooled.call, sound)
        message = self._message(spooled, sound)
        await self._messages.put(message)
        if there is None:
            await asyncio.to_thread(self._shelf.put_in_place, spooled.call)
        self._spool.remove(spooled.name)
        seconds = message.duration.total_seconds()
        logger.info("a message is taken in", extra={"call": spooled.call, "seconds": seconds})
        return True

    def _message(self, spooled: Spooled, sound: bytes) -> Message:
        return Message(
            call=spooled.call,
            ani=normalise(spooled.ani, self._region),
            dnis=normalise(spooled.dnis, self._region),
            arrived_at=spooled.arrived_at,
            received_at=self._now(),
            duration=length(sound),
            sha256=hashlib.sha256(sound).hexdigest(),
            size=len(sound),
            path=self._shelf.path_of(spooled.call),
            queue=QueueId(spooled.queue) if spooled.queue else None,
            language=spooled.language,
        )
