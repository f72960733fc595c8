"""Telephone accounts beside the database, for the hour in which it is away."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from callcenter.adapters.run_folder.accounts import FILE, KeptAccounts, read_accounts
from callcenter.core.ids import AgentId
from callcenter.ports.store import EndpointSecret, StoreAway

pytestmark = pytest.mark.adapter

ANA = EndpointSecret(AgentId("ana"), "agent-ana", "pass of ana", browser=True)
BOB = EndpointSecret(AgentId("bob"), "agent-bob", "pass of bob", browser=False)


class Database:
    """Keeps accounts, unless it is away."""

    def __init__(self, *accounts: EndpointSecret) -> None:
        self.accounts = {account.agent: account for account in accounts}
        self.away = False

    async def list(self) -> Sequence[EndpointSecret]:
        self._check()
        return [self.accounts[agent] for agent in sorted(self.accounts)]

    async def put(self, endpoint: EndpointSecret) -> None:
        self._check()
        self.accounts[endpoint.agent] = endpoint

    async def delete(self, agent: AgentId) -> None:
        self._check()
        self.accounts.pop(agent, None)

    def _check(self) -> None:
        if self.away:
            raise StoreAway("asked to be")


async def test_what_the_database_has_the_file_has(tmp_path: Path) -> None:
    database = Database(BOB)
    kept = KeptAccounts(database, tmp_path)
    assert await kept.list() == [BOB]
    assert read_accounts(tmp_path) == (BOB,)
    await kept.put(ANA)
    assert read_accounts(tmp_path) == (ANA, BOB)
    await kept.delete(BOB.agent)
    assert read_accounts(tmp_path) == (ANA,) and database.accounts == {"ana": ANA}


async def test_while_the_database_is_away_the_file_answers_and_forgets(tmp_path: Path) -> None:
    database = Database(ANA, BOB)
    await KeptAccounts(database, tmp_path).list()
    database.away = True
    later = KeptAccounts(database, tmp_path)  # another engine
    assert await later.list() == [ANA, BOB]
    with pytest.raises(StoreAway):
        await later.put(ANA)
    with pytest.raises(StoreAway):
        await later.delete(ANA.agent)
    assert await later.list() == [BOB]
    assert read_accounts(tmp_path) == (BOB,)


async def test_without_either_nothing_is_known_and_that_is_said(tmp_path: Path) -> None:
    database = Database()
    database.away = True
    with pytest.raises(StoreAway):
        await KeptAccounts(database, tmp_path).list()


@pytest.mark.parametrize("content", [b"", b"[{}]", b"\xff", b'{"agent": "ana"}'])
async def test_a_file_that_cannot_be_read_is_none_and_names_nobody(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert read_accounts(tmp_path) == ()
    assert [record.message for record in caplog.records] == ["accounts cannot be read"]
    await KeptAccounts(Database(ANA), tmp_path).list()
    assert read_accounts(tmp_path) == (ANA,)


async def test_the_file_is_its_owners_alone_and_a_full_disk_refuses_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await KeptAccounts(Database(), tmp_path).put(ANA)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").touch()
    database = Database()
    await KeptAccounts(database, tmp_path / "file").put(BOB)
    assert database.accounts == {"bob": BOB}
    assert "accounts not copied" in [record.message for record in caplog.records]
    assert "pass of bob" not in caplog.text
