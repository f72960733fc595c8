"""The telephone accounts of those who are signed in, in the database and in a file beside it.

The file is for whoever must tell a switch that restarted while the database is away, or the engine: the
lifeboat reads it. Only the engine at work writes it.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from callcenter.core.ids import AgentId
from callcenter.ports import store
from callcenter.ports.store import EndpointSecret, StoreAway
from callcenter.private_file import write_private

logger = logging.getLogger(__name__)

FILE: Final = "accounts.json"


class KeptAccounts:
    """See `ports.store.Endpoints`: `kept` is asked and told first; while it is away the file answers."""

    def __init__(self, kept: store.Endpoints, folder: Path) -> None:
        self._kept = kept
        self._folder = folder
        self._by_agent = {account.agent: account for account in read_accounts(folder)}
        self._one_at_a_time = asyncio.Lock()

    async def list(self) -> Sequence[EndpointSecret]:
        """See `ports.store.Endpoints`."""
        try:
            found = await self._kept.list()
        except StoreAway:
            if not self._by_agent:
                raise
            logger.warning("the database is away: accounts are those that were known last")
            return [self._by_agent[agent] for agent in sorted(self._by_agent)]
        self._by_agent = {account.agent: account for account in found}
        await self._write()
        return found

    async def put(self, endpoint: EndpointSecret) -> None:
        """See `ports.store.Endpoints`."""
        await self._kept.put(endpoint)
        self._by_agent[endpoint.agent] = endpoint
        await self._write()

    async def delete(self, agent: AgentId) -> None:
        """See `ports.store.Endpoints`. While the database is away the file has forgotten it already."""
        self._by_agent.pop(agent, None)
        try:
            await self._kept.delete(agent)
        finally:
            await self._write()

    async def _write(self) -> None:
        async with self._one_at_a_time:
            accounts = tuple(self._by_agent[agent] for agent in sorted(self._by_agent))
            try:
                await asyncio.to_thread(_write, self._folder / FILE, accounts)
            except OSError as error:
                # The database has it. Whoever signs in must not be refused for a copy.
                logger.exception("accounts not copied", extra={"why": error.strerror or ""})


def read_accounts(folder: Path) -> Sequence[EndpointSecret]:
    """Those that were known last; none, if nothing was written or it cannot be read."""
    try:
        return tuple(_read(one) for one in json.loads((folder / FILE).read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        # What it says may hold what it found, and there are passwords in it.
        logger.warning("accounts cannot be read", extra={"why": type(error).__name__})
        return ()


def _read(one: dict[str, Any]) -> EndpointSecret:
    # By hand: the edge reads this, and must be back quickly when it was killed.
    texts = [one[name] for name in ("agent", "endpoint", "password")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(one["browser"], bool):
        raise TypeError
    agent, endpoint, password = texts
    return EndpointSecret(AgentId(agent), endpoint, password, one["browser"])


def _write(file: Path, accounts: tuple[EndpointSecret, ...]) -> None:
    text = json.dumps([asdict(account) for account in accounts])
    if not file.exists() or file.read_bytes() != text.encode():
        write_private(file, text)
