"""What was last read from the store, in a file."""

from datetime import timedelta
from pathlib import Path

import pytest

from callcenter.adapters.db.last_read import FILE, LastRead
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.ports.journal import JournalAway
from callcenter.ports.store import AgentProfile, NumberEntry
from callcenter.services.stored import Stored

pytestmark = pytest.mark.adapter

SALES = QueueId("sales")
STORED = Stored(
    [AgentProfile(AgentId("ana"), "Ana", "安娜", outside_number="+4930901820")],
    {AgentId("ana"): (SALES,)},
    [NumberEntry("+493090", FlowId("hotline"))],
    [QueueRules(SALES, quiet_for=timedelta(milliseconds=1), announce_every=None)],
)


def test_what_is_kept_is_read_again_and_is_its_owners_alone(tmp_path: Path) -> None:
    LastRead(tmp_path).write(STORED)
    assert LastRead(tmp_path).read() == STORED
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_the_same_is_not_written_twice(tmp_path: Path) -> None:
    LastRead(tmp_path).write(STORED)
    before = (tmp_path / FILE).stat().st_ino
    LastRead(tmp_path).write(STORED)
    assert (tmp_path / FILE).stat().st_ino == before


@pytest.mark.parametrize("content", [b"", b"{", b'{"queues": 3}', b"\xff"])
def test_what_cannot_be_read_is_nothing_and_nobody_is_named(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert LastRead(tmp_path).read() is None
    assert [record.message for record in caplog.records] == ["what was in force cannot be read"]


def test_nothing_is_nothing_and_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    assert LastRead(tmp_path).read() is None
    (tmp_path / "file").touch()
    with pytest.raises(JournalAway):
        LastRead(tmp_path / "file").write(STORED)
