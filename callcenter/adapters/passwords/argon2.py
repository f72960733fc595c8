"""Passwords hashed by argon2id, in threads of their own.

One hash takes 64 MiB and about 0.2 s of a core. Without a bound a burst of sign-ins would be a way
to take the machine from the callers: two threads hash, a short line may wait, the rest is refused.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from callcenter.ports.passwords import PasswordsBusy

HASHING_THREADS: Final = 2
WAITING_LIMIT: Final = 100  # About ten seconds of work; who waits longer tries again anyway.

T = TypeVar("T")


class Argon2Hasher:
    """argon2id with the library's present defaults (RFC 9106, low-memory profile)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._in_thread(partial(self._hasher.hash, password))

    async def verify(self, hashed: str, password: str) -> bool:
        return await self._in_thread(partial(self._verify, hashed, password))

    def is_outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_LIMIT:
            raise PasswordsBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
