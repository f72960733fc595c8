"""queue_log on a disk: each line once whatever dies when, and readers and rotation in between."""

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from callcenter.adapters.journal.reader import MOST_KEPT, SegmentReader, carried_into
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.adapters.queue_log.writer import QueueLogWriter
from callcenter.core.facts.agents import RestEnded
from callcenter.core.facts.calls import CallArrived, CallEnded, EndedBy, Outcome, QueueJoined
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, LegId, QueueId
from callcenter.core.queue_log import QueueLog
from callcenter.ports.journal import Numbered
from callcenter.private_file import write_private
from callcenter.testing.centre import Centre
from callcenter.testing.journal import MemoryJournal

pytestmark = pytest.mark.adapter

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCH: Final = 7


def nothing_carried() -> Iterator[Numbered]:
    return iter(())


def a_morning() -> MemoryJournal:
    """What a centre of two agents and four callers wrote down."""
    centre = Centre()
    ana = centre.agent("ana")
    first, second = centre.call(), centre.call()
    bo = centre.agent("bo", ready=False)
    centre.answers(ana)
    centre.ready(bo)
    third = centre.call()
    centre.passes(3)
    centre.answers(bo)
    centre.hangs_up(first)
    centre.passes(30)
    centre.hangs_up(third)
    centre.call()
    centre.hangs_up(second)
    centre.pauses(ana)
    return centre.journal


@pytest.fixture(scope="module")
def morning() -> MemoryJournal:
    return a_morning()


@pytest.fixture(scope="module")
def whole(morning: MemoryJournal) -> str:
    """What queue_log must say of it."""
    log = QueueLog()
    lines = [line for number, fact in morning.read_after(0) for line in log.hear(number, fact)]
    assert len(lines) > 15
    return "".join(f"{line}\n" for line in lines)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Reaper:
    """Stands before the disk and kills at one of the steps: before it is done, in the middle, or after."""

    dies_at: int = 0
    share: float = 1.0
    """How much of it the disk gets."""
    steps: int = 0

    def write(self, file: int, data: bytes) -> int:
        return self._step(
            lambda: os.write(file, data), lambda cut: os.write(file, data[:cut]), data
        )

    def put_down(self, path: Path, text: str) -> None:
        def beside(cut: int) -> int:
            return path.with_name(".half").write_text(text[:cut])  # it is replaced as a whole

        def whole() -> int:
            write_private(path, text)
            return len(text)

        self._step(whole, beside, text)

    def _step(self, whole: Callable[[], int], some: Callable[[int], int], what: bytes | str) -> int:
        self.steps += 1
        if self.steps != self.dies_at:
            return whole()
        if self.share == 1:
            whole()
        else:
            some(int(self.share * len(what)))
        raise Killed


@dataclass
class Place:
    """A folder with queue_log and its mark."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "queue_log"

    @property
    def text(self) -> str:
        return self.file.read_text()

    def writer(self, source: MemoryJournal, reaper: Reaper | None = None) -> QueueLogWriter:
        reaper = reaper or Reaper()
        return QueueLogWriter(
            source,
            nothing_carried,
            self.file,
            self.folder / "mark.json",
            batch=BATCH,
            write=reaper.write,
            put_down=reaper.put_down,
        )

    def life(self, source: MemoryJournal, reaper: Reaper | None = None) -> bool:
        """Write until there is nothing left to write, or somebody dies; whether they lived."""
        try:
            all_of(self.writer(source, reaper))
        except Killed:
            return False
        return True


def all_of(writer: QueueLogWriter) -> None:
    while writer.step():
        pass


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# ── exactly once ──


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99, 1])
def test_a_death_at_any_write_loses_and_doubles_nothing(
    tmp_path: Path, morning: MemoryJournal, whole: str, share: float
) -> None:
    counted = Reaper()
    (tmp_path / "counted").mkdir()
    assert Place(tmp_path / "counted").life(morning, counted)
    assert counted.steps > 10
    for step in range(1, counted.steps + 1):
        place = Place(tmp_path / f"{step}")
        place.folder.mkdir()
        assert not place.life(morning, Reaper(step, share))
        assert whole.startswith(place.text), "what a reader has seen is not taken back"
        # And once more in the first step of the next life.
        place.life(morning, Reaper(1, share))
        assert whole.startswith(place.text)
        assert place.life(morning)
        assert place.text == whole, f"after a death at step {step}"


def test_a_clean_end_goes_on_where_it_was(place: Place, morning: MemoryJournal, whole: str) -> None:
    for _ in range(3):
        assert place.writer(morning).step() == BATCH
    assert place.life(morning)
    assert place.text == whole


def test_a_disk_that_is_full_for_a_while_costs_no_line(
    place: Place, morning: MemoryJournal, whole: str
) -> None:
    rooms = iter([10, 0, 25])

    def cramped(file: int, data: bytes) -> int:
        return os.write(file, data[: next(rooms, None)])

    mark = place.folder / "mark.json"
    writer = QueueLogWriter(morning, nothing_carried, place.file, mark, write=cramped)
    for _ in range(3):
        with pytest.raises(OSError, match="full"):
            writer.step()
    all_of(writer)
    assert place.text == whole


def test_a_new_journal_begins_anew_in_the_same_file(
    place: Place, morning: MemoryJournal, whole: str
) -> None:
    assert place.life(morning)
    other = a_morning()
    other.journal_id = "another"
    assert place.life(other)
    assert place.text == whole + whole


def test_a_mark_that_cannot_be_read_is_said(
    place: Place, morning: MemoryJournal, whole: str, caplog: pytest.LogCaptureFixture
) -> None:
    (place.folder / "mark.json").write_text('{"number": "of +493012345"}')
    assert place.life(morning)
    assert place.text == whole
    assert "lines may come twice" in caplog.text
    assert "+493012345" not in str([vars(record) for record in caplog.records])


# ── rotation ──


def test_a_file_that_was_renamed_is_followed_by_a_new_one(
    place: Place, morning: MemoryJournal, whole: str
) -> None:
    writer = place.writer(morning)
    parts: list[str] = []
    while writer.step():
        older = place.folder / f"queue_log.{len(parts)}"
        place.file.rename(older)
        parts.append(older.read_text())
    assert len([part for part in parts if part]) > 2
    assert "".join(parts) == whole


def test_a_death_at_any_write_and_a_new_file_before_each_lose_and_double_nothing(
    tmp_path: Path, morning: MemoryJournal, whole: str
) -> None:
    def turned_over(place: Place, reaper: Reaper) -> bool:
        """One life in which the file is renamed before each batch; whether it came to its end."""
        writer = place.writer(morning, reaper)
        try:
            while writer.step():
                place.file.rename(
                    place.folder / f"queue_log.{len(list(place.folder.iterdir())):03}"
                )
        except Killed:
            return False
        return True

    counted = Reaper()
    (tmp_path / "counted").mkdir()
    assert turned_over(Place(tmp_path / "counted"), counted)
    for step in range(1, counted.steps + 1):
        for share in (0, 0.5, 1):
            place = Place(tmp_path / f"{step}-{share}")
            place.folder.mkdir()
            assert not turned_over(place, Reaper(step, share))
            assert turned_over(place, Reaper())
            files = sorted(place.folder.glob("queue_log*"), key=lambda path: path.suffix or "~")
            parts = [path.read_text() for path in files]
            assert "".join(parts) == whole, f"after a death at step {step}, {share}"


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_what_was_begun_in_a_file_that_was_renamed_meanwhile_is_ended_there(
    place: Place, morning: MemoryJournal, whole: str, share: float
) -> None:
    assert not place.life(morning, Reaper(3, share))
    older = place.folder / "queue_log-20260301"
    place.file.rename(older)
    place.file.touch()
    assert place.life(morning)
    assert older.read_text() + place.text == whole
    assert older.read_text().endswith("\n")


def test_a_file_that_was_emptied_or_taken_away_goes_on(
    place: Place, morning: MemoryJournal, whole: str
) -> None:
    writer = place.writer(morning)
    writer.step()
    before = place.text
    os.truncate(place.file, 0)
    writer.step()
    before += place.text
    place.file.unlink()
    assert place.life(morning)
    assert before + place.text == whole


def test_lines_of_somebody_else_stay_whole(
    place: Place, morning: MemoryJournal, whole: str, caplog: pytest.LogCaptureFixture
) -> None:
    place.writer(morning).step()
    with place.file.open("a") as file:
        file.write("1|NONE|NONE|NONE|CONFIGRELOAD|")
    assert place.life(morning)
    lines = place.text.splitlines()
    lines.remove("1|NONE|NONE|NONE|CONFIGRELOAD|")
    assert lines == whole.splitlines()
    assert "somebody else writes to queue_log" in caplog.text


def test_its_group_may_read_it_and_nobody_else(place: Place, morning: MemoryJournal) -> None:
    before = os.umask(0o077)
    try:
        assert place.life(morning)
    finally:
        os.umask(before)
    assert place.file.stat().st_mode & 0o777 == 0o640
    assert (place.folder / "mark.json").stat().st_mode & 0o777 == 0o600


# ── with the journal in files ──


def joined(call: int) -> list[Fact]:
    name = CallId(f"cc1-1.{call}")
    at = NOON + timedelta(seconds=call)
    arrived = CallArrived(at, name, LegId(name), f"+49{call}", "4000")
    return [arrived, QueueJoined(at, name, QueueId("sales"))]


def gave_up(call: int) -> CallEnded:
    at = NOON + timedelta(seconds=60)
    return CallEnded(at, CallId(f"cc1-1.{call}"), Outcome.ABANDONED, EndedBy.CALLER)


def write(journal: SegmentJournal, facts: list[Fact]) -> None:
    journal.append(list(enumerate(facts, journal.last_number + 1)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "journal"
    made.mkdir()
    return made


@pytest.fixture
def journal(folder: Path) -> Iterator[SegmentJournal]:
    opened = SegmentJournal(folder)
    yield opened
    opened.close()


def follower(folder: Path, place: Place) -> QueueLogWriter:
    mark = place.folder / "mark.json"
    return QueueLogWriter(
        SegmentReader(folder), lambda: carried_into(folder), place.file, mark, batch=BATCH
    )


def test_who_begins_late_knows_whom_the_journal_carried_over(
    folder: Path, journal: SegmentJournal, place: Place
) -> None:
    write(journal, joined(1))
    journal.turn_over(list(enumerate(joined(1), 1)))
    write(journal, [*joined(2), gave_up(1)])
    journal.forget(3)
    all_of(follower(folder, place))
    assert [line.split("|")[1:] for line in place.text.splitlines()] == [
        ["cc1-1.2", "sales", "NONE", "ENTERQUEUE", "", "+492", "2"],
        ["cc1-1.1", "sales", "NONE", "ABANDON", "1", "1", "59"],
    ]


def test_what_the_journal_forgot_is_said_and_the_rest_goes_on(
    folder: Path, journal: SegmentJournal, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    write(journal, joined(1))
    all_of(follower(folder, place))
    write(journal, joined(2))
    journal.turn_over(list(enumerate(joined(2), 3)))
    write(journal, [gave_up(2)])
    journal.forget(5)
    all_of(follower(folder, place))
    assert [line.split("|")[4] for line in place.text.splitlines()] == ["ENTERQUEUE", "ABANDON"]
    assert "facts are missing from queue_log" in caplog.text


def test_the_journal_keeps_what_was_not_written_yet(
    folder: Path, journal: SegmentJournal, place: Place
) -> None:
    writer = follower(folder, place)
    reader = SegmentReader(folder, also_read=lambda: writer.number)
    write(journal, joined(1))
    journal.turn_over(())
    write(journal, joined(2))
    assert reader.forget(3) == 0
    all_of(writer)
    assert reader.forget(3) == 1


def test_the_journal_does_not_wait_for_ever(folder: Path, journal: SegmentJournal) -> None:
    many = MOST_KEPT + 10
    reader = SegmentReader(folder, also_read=lambda: 0)
    write(journal, joined(1))
    journal.turn_over(())
    write(journal, [RestEnded(NOON, AgentId("ana"))])
    assert reader.forget(MOST_KEPT) == 0
    assert reader.forget(many) == 1


async def test_a_file_that_cannot_be_written_is_said_once_and_tried_again(
    place: Place, morning: MemoryJournal, whole: str, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = iter([PermissionError(errno.EACCES, "Permission denied")] * 3)
    is_written = threading.Event()

    def guarded(file: int, data: bytes) -> int:
        for refusal in refusals:
            raise refusal
        count = os.write(file, data)
        is_written.set()
        return count

    writer = QueueLogWriter(
        *(morning, nothing_carried, place.file, place.folder / "mark.json"),
        pause=timedelta(milliseconds=1),
        write=guarded,
    )
    writing = asyncio.create_task(writer.run())
    assert await asyncio.to_thread(is_written.wait, 10)
    writing.cancel()
    assert place.text == whole
    said = [record for record in caplog.records if "cannot be written" in record.msg]
    assert [vars(record)["why"] for record in said] == ["Permission denied"]
