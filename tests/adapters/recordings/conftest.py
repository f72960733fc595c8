"""A spool, a shelf and a database of one's own, and a clock moved by hand."""

import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callcenter.adapters.db.messages import DbMessages
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.session import Database
from callcenter.adapters.recordings.shelf import Shelf
from callcenter.adapters.recordings.spool import Spool
from callcenter.adapters.recordings.sweep import Sweep
from callcenter.ports.messages import Message, Messages
from callcenter.testing.tones import tone

NAME = "1732246380_cc1-1732246380.12_+4917139200_4101.wav"
CALL = "cc1-1732246380.12"


@dataclass
class Place:
    """Where messages are left and where they go."""

    folder: Path
    messages: DbMessages
    seconds: float = 0
    now: datetime = field(default_factory=lambda: datetime(2024, 11, 22, 4, 0, tzinfo=UTC))

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def shelf(self) -> Path:
        return self.folder / "recordings"

    def sweep(self, messages: Messages | None = None) -> Sweep:
        """A sweeper that has only just been started."""
        return Sweep(
            Spool(self.spool, lambda: self.seconds),
            Shelf(self.shelf),
            messages or self.messages,
            region="DE",
            now=lambda: self.now,
        )

    async def swept(self, messages: Messages | None = None) -> int:
        """What a new sweeper takes in once it has seen that nothing is written any more."""
        sweep = self.sweep(messages)
        await sweep.step()
        self.seconds += 10
        return await sweep.step()

    def leave(self, name: str = NAME, pcm: bytes | None = None) -> bytes:
        """The switch leaves a message."""
        file = self.spool / name
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(tone(1000) * 3 if pcm is None else pcm)
        return file.read_bytes()

    async def kept(self) -> list[Message]:
        return list((await self.messages.recent()).messages)

    def shelved(self) -> dict[str, bytes]:
        """Every file in the folder of recordings, whatever its name."""
        files = [path for path in self.shelf.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.shelf)): path.read_bytes() for path in files}

    def spooled(self) -> set[str]:
        return {path.name for path in self.spool.iterdir()}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
async def place(empty_database: bytes, tmp_path: Path) -> AsyncIterator[Place]:
    (tmp_path / "callcenter.db").write_bytes(empty_database)
    (tmp_path / "spool").mkdir()
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/callcenter.db")
    yield Place(tmp_path, DbMessages(database))
    await database.close()
