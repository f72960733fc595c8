"""Who takes calls, in a file."""

from pathlib import Path

import pytest

from callcenter.adapters.run_folder.ready import FILE, read_ready, write_ready
from callcenter.core.ids import AgentId

pytestmark = pytest.mark.adapter


def test_who_is_written_is_read(tmp_path: Path) -> None:
    assert read_ready(tmp_path) == frozenset()
    write_ready(tmp_path, {AgentId("bob"), AgentId("ana")})
    assert read_ready(tmp_path) == {"ana", "bob"}
    write_ready(tmp_path, ())
    assert read_ready(tmp_path) == frozenset()


@pytest.mark.parametrize("content", [b"", b"7", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_nobody(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert read_ready(tmp_path) == frozenset()
    assert [record.message for record in caplog.records] == ["who is ready cannot be read"]
