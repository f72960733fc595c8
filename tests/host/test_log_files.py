"""Logs that stay small while somebody writes them."""

from pathlib import Path

import pytest

from callcenter.host.log_files import turn_over

pytestmark = pytest.mark.adapter


def test_a_log_that_is_too_long_becomes_the_newest_of_its_older_ones(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    with log.open("ab", buffering=0) as writer:
        for word in (b"first", b"second", b"third", b"last"):
            writer.write(word * 10)
            turn_over(tmp_path, longest=20, kept=2)
        writer.write(b"now")
    assert log.read_bytes() == b"now"
    assert (tmp_path / "engine.log.1").read_bytes() == b"last" * 10
    assert (tmp_path / "engine.log.2").read_bytes() == b"third" * 10
    assert len(list(tmp_path.iterdir())) == 3


def test_short_logs_and_what_is_no_log_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "security").write_text("short")
    (tmp_path / "away.9").write_text("long enough to be turned over")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "big").write_text("somebody else's, long enough too")
    (tmp_path / "link").symlink_to(elsewhere / "big")
    turn_over(tmp_path, longest=20)
    assert {path.name for path in tmp_path.iterdir()} == {"security", "away.9", "elsewhere", "link"}
    assert (elsewhere / "big").read_text().startswith("somebody")


def test_a_log_that_is_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    for name in ("queue_log", "queue_log-20260301", "engine.log"):
        (tmp_path / name).write_text("x" * 30)
    turn_over(tmp_path, leave=tmp_path / "queue_log", longest=20)
    left = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert left == {"queue_log": 30, "queue_log-20260301": 30, "engine.log": 0, "engine.log.1": 30}
    turn_over(tmp_path, leave=Path("/elsewhere/queue_log"), longest=20)
    assert (tmp_path / "queue_log").stat().st_size == 0


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    turn_over(tmp_path / "not yet")


def test_a_log_that_cannot_be_put_away_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "messages").write_text("x" * 30)
    (tmp_path / "messages.1").mkdir()
    turn_over(tmp_path, longest=20, kept=1)
    assert (tmp_path / "messages").stat().st_size == 30
    assert "log not turned over" in caplog.text
