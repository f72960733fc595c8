"""Old sounds are cleared away again and again, whatever is wrong with their folder."""

import asyncio
from datetime import timedelta

import pytest

from callcenter.bootstrap.prompts import keep_clear

pytestmark = pytest.mark.service


class Folder:
    """One that cannot be cleared at first."""

    def __init__(self) -> None:
        self.cleared = asyncio.Event()
        self._errors = [OSError("read-only"), FileNotFoundError("a folder went")]

    async def clear(self) -> None:
        for error in self._errors:
            self._errors.remove(error)
            raise error
        self.cleared.set()


async def test_a_folder_that_cannot_be_cleared_now_is_cleared_later() -> None:
    folder = Folder()
    clearing = asyncio.create_task(keep_clear(folder.clear, every=timedelta(0)))
    await folder.cleared.wait()
    clearing.cancel()
    await asyncio.gather(clearing, return_exceptions=True)
