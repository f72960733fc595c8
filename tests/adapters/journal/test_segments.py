"""The journal's contract, on the twin in memory and on files; then what only files can suffer."""

import fcntl
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.adapters.journal.lines import DamagedJournal
from callcenter.adapters.journal.lock import JournalInUse, held_back, wait_until_free, writer
from callcenter.adapters.journal.reader import SegmentReader, segments
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.core.facts.agents import AgentRestored, Presence
from callcenter.core.facts.calls import (
    CallArrived,
    CallEnded,
    EndedBy,
    LegCause,
    LegEnded,
    Outcome,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, LegId, QueueId
from callcenter.ports.journal import Numbered
from callcenter.testing.journal import MemoryJournal

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL, LEG = CallId("cc1-1.2"), LegId("cc1-1.2")
RESTORED = AgentRestored(
    NOON, AgentId("ana"), "", Presence.SIGNED_OUT, "", None, False, None, 0, None
)

AnyJournal = MemoryJournal | SegmentJournal


def arrived(name: str = "", ani: str = "+4930123456") -> CallArrived:
    return CallArrived(NOON, CALL, LEG, ani, "+49800100", name)


def numbered(*facts: Fact, after: int = 0) -> list[Numbered]:
    return list(enumerate(facts, after + 1))


@pytest.fixture(params=["memory", "files"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyJournal]:
    made: dict[str, Callable[[], AnyJournal]] = {
        "memory": lambda: MemoryJournal(segment_facts=3),
        "files": lambda: SegmentJournal(tmp_path / "journal", max_bytes=350),
    }
    journal = made[request.param]()
    yield journal
    getattr(journal, "close", int)()


class TestContract:
    """What every journal does."""

    def test_a_new_one_is_empty(self, journal: AnyJournal) -> None:
        assert list(journal.replay()) == []
        assert journal.last_number == 0
        assert not journal.is_full

    def test_facts_come_back_as_they_were(self, journal: AnyJournal) -> None:
        facts = numbered(
            arrived('王\n"Ana" <b>\''),
            QueueJoined(NOON + timedelta(microseconds=1), CALL, QueueId("sales"), 7.5),
            LegEnded(NOON, CALL, LEG, LegCause.NORMAL),
            CallEnded(NOON, CALL, Outcome.ABANDONED, EndedBy.CALLER),
        )
        journal.append(facts[:1])
        journal.append(facts[1:])
        assert list(journal.replay()) == facts
        assert journal.last_number == 4

    def test_a_gap_in_the_numbers_is_refused(self, journal: AnyJournal) -> None:
        journal.append(numbered(arrived()))
        with pytest.raises(ValueError, match="ends at 1"):
            journal.append(numbered(arrived(), after=2))
        assert list(journal.replay()) == numbered(arrived())

    def test_it_is_full_and_then_not_however_much_is_carried(self, journal: AnyJournal) -> None:
        facts = numbered(arrived(), arrived(), arrived())
        journal.append(facts)
        assert journal.is_full
        journal.turn_over([*facts, (3, RESTORED), (3, RESTORED)])
        assert not journal.is_full

    def test_a_start_reads_what_was_carried_and_what_came_after(self, journal: AnyJournal) -> None:
        first = numbered(arrived("one"), arrived("two"))
        journal.append(first)
        journal.turn_over([first[1], (2, RESTORED)])
        later = numbered(arrived("three"), after=2)
        journal.append(later)
        assert list(journal.replay()) == [first[1], (2, RESTORED), *later]

    def test_a_reader_sees_each_fact_once_over_all_segments(self, journal: AnyJournal) -> None:
        facts = numbered(arrived("a"), arrived("b"), arrived("c"), arrived("d"))
        journal.append(facts[:2])
        journal.turn_over([facts[0], (2, RESTORED)])
        journal.append(facts[2:3])
        journal.turn_over([facts[2]])
        journal.append(facts[3:])
        assert list(journal.read_after(0)) == facts
        assert list(journal.read_after(1)) == facts[1:]
        assert list(journal.read_after(4)) == []

    def test_turning_over_an_unused_segment_changes_nothing(self, journal: AnyJournal) -> None:
        facts = numbered(arrived("a"), arrived("b"))
        journal.append(facts[:1])
        journal.turn_over(facts[:1])
        journal.turn_over([])
        journal.append(facts[1:])
        assert list(journal.replay()) == facts

    def test_only_closed_segments_before_a_number_are_forgotten(self, journal: AnyJournal) -> None:
        facts = numbered(arrived("a"), arrived("b"), arrived("c"))
        for fact in facts:
            journal.append([fact])
            journal.turn_over([])
        assert journal.forget(before=2) == 1
        assert list(journal.read_after(0)) == facts[1:]
        assert journal.forget(before=99) == 2
        assert journal.last_number == 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def written(folder: Path, *bursts: list[Numbered]) -> None:
    journal = SegmentJournal(folder)
    for burst in bursts:
        journal.append(burst)
    journal.close()


def head(folder: Path) -> Path:
    return sorted(folder.glob("facts-*.jsonl"))[-1]


def replayed(folder: Path) -> list[Numbered]:
    journal = SegmentJournal(folder)
    facts = list(journal.replay())
    journal.close()
    return facts


def test_numbers_go_on_after_a_restart_that_had_nothing_to_carry(folder: Path) -> None:
    journal = SegmentJournal(folder)
    journal.append(numbered(arrived(), arrived()))
    journal.turn_over([])
    journal.close()
    again = SegmentJournal(folder)
    assert again.last_number == 2
    assert again.journal_id == journal.journal_id
    again.append(numbered(arrived("next"), after=2))
    assert list(again.read_after(0))[-1] == (3, arrived("next"))
    again.close()


def test_a_second_engine_is_refused_and_told_why(folder: Path) -> None:
    journal = SegmentJournal(folder)
    with pytest.raises(JournalInUse, match="another engine"):
        SegmentJournal(folder)
    journal.close()
    SegmentJournal(folder).close()


HOLDS = """
import sys, pathlib
from callcenter.adapters.journal.segments import SegmentJournal
journal = SegmentJournal(pathlib.Path(sys.argv[1]))
print("holds", flush=True)
sys.stdin.read()
"""


def test_who_stands_by_is_let_in_when_the_engine_at_work_is_killed(folder: Path) -> None:
    assert writer(folder) is None
    command = [sys.executable, "-c", HOLDS, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None and engine.stdout.readline() == b"holds\n"
        assert writer(folder) == engine.pid
        standby = threading.Thread(target=wait_until_free, args=(folder,), daemon=True)
        standby.start()
        assert standby.is_alive()
        engine.kill()
        standby.join(timeout=20)
        assert not standby.is_alive()
    assert writer(folder) is None
    SegmentJournal(folder).close()


def test_no_engine_begins_while_it_is_held_back(folder: Path) -> None:
    with held_back(folder), pytest.raises(JournalInUse):
        SegmentJournal(folder)
    with held_back(folder):
        assert writer(folder) is None
    journal = SegmentJournal(folder)
    with pytest.raises(JournalInUse), held_back(folder):
        pass
    journal.close()


def test_a_fault_while_opening_lets_go_of_the_lock(folder: Path) -> None:
    written(folder)
    head(folder).write_text("no header\n")
    with pytest.raises(DamagedJournal):
        SegmentJournal(folder)
    with (folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_files_are_for_their_owner_only(folder: Path) -> None:
    written(folder, numbered(arrived()))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_possible_torn_tail_loses_the_last_burst_and_nothing_else(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = numbered(arrived("a")), numbered(arrived("b"), arrived("c"), after=1)
    written(folder, first, second)
    whole = head(folder).read_bytes()
    ends_of_first = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for length in range(ends_of_first + 1, len(whole)):
        head(folder).write_bytes(whole[:length])
        caplog.clear()
        assert replayed(folder) == first
        assert [record.message for record in caplog.records] == [
            "a torn burst was cut off the journal"
        ]
        assert head(folder).read_bytes() == whole[:ends_of_first]


def test_a_reader_does_not_see_half_a_burst(folder: Path) -> None:
    first, second = numbered(arrived("a")), numbered(arrived("b"), arrived("c"), after=1)
    written(folder, first, second)
    whole = head(folder).read_bytes()
    head(folder).write_bytes(whole[:-20])
    reader = SegmentReader(folder)
    assert list(reader.read_after(0)) == first
    head(folder).write_bytes(whole)
    assert list(reader.read_after(1)) == second


def test_a_reader_that_stops_anywhere_goes_on_there(folder: Path) -> None:
    facts = numbered(*(arrived(str(i)) for i in range(30)))
    journal = SegmentJournal(folder, max_bytes=400)
    reader = SegmentReader(folder)
    seen: list[Numbered] = []
    for at in range(0, 30, 3):
        journal.append(facts[at : at + 3])
        journal.turn_over(facts[at : at + 1])
        after = seen[-1][0] if seen else 0
        seen.extend(fact for fact, _ in zip(reader.read_after(after), range(2), strict=False))
    seen.extend(reader.read_after(seen[-1][0]))
    journal.close()
    assert seen == facts


def test_a_reader_outlives_the_forgetting_of_its_segment(folder: Path) -> None:
    journal = SegmentJournal(folder)
    reader = SegmentReader(folder)
    facts = numbered(arrived("a"), arrived("b"))
    journal.append(facts[:1])
    assert list(reader.read_after(0)) == facts[:1]
    journal.turn_over([])
    journal.append(facts[1:])
    assert reader.forget(before=2) == 1
    assert list(reader.read_after(1)) == facts[1:]
    journal.close()


def test_a_reader_notices_a_journal_begun_anew(folder: Path) -> None:
    written(folder, numbered(arrived("a"), arrived("b")))
    reader = SegmentReader(folder)
    old = reader.journal_id
    list(reader.read_after(0))
    head(folder).unlink()
    written(folder, numbered(arrived("c")))
    assert reader.journal_id not in (old, None)
    assert list(reader.read_after(0)) == numbered(arrived("c"))


def test_nothing_is_there_before_the_journal_is_begun(folder: Path) -> None:
    assert SegmentReader(folder).journal_id is None
    assert list(SegmentReader(folder).read_after(0)) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'[2,"call.teleported",{"at":"2026-03-02T12:00:00+00:00"}]', "call.teleported"),
        (b'[2,"call.ended",{"call":"c","outcome":"answered","by":"caller"}]', "call.ended.at"),
        (b'[2,"call.ended",{"at":"2026-03-02T12:00:00+00:00","call":7}]', "call.ended.call"),
        (b"\x00\x00\x00", "not a fact"),
        (b'{"2":"call.ended"}', "not a fact"),
        (b'["2","call.ended",{}]', "not a fact"),
        (b"[]", "not a fact"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_file_and_number(
    folder: Path, line: bytes, what: str
) -> None:
    written(folder, numbered(arrived("a")))
    good = head(folder).read_bytes()
    last = good.splitlines()[-1]
    head(folder).write_bytes(good + line + b"\n" + last.replace(b"[1,", b"[3,") + b"\n")
    with pytest.raises(DamagedJournal) as refusal:
        replayed(folder)
    assert f"{head(folder)}, line 3: " in str(refusal.value)
    assert what in str(refusal.value)
    assert "move" in str(refusal.value)
    with pytest.raises(DamagedJournal, match="line 3"):
        list(SegmentReader(folder).read_after(0))


def test_a_segment_of_a_newer_format_is_refused(folder: Path) -> None:
    written(folder)
    head(folder).write_bytes(head(folder).read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(DamagedJournal, match="line 1: format 2"):
        SegmentJournal(folder)


def test_half_a_surrogate_pair_in_a_name_does_not_stop_the_journal(folder: Path) -> None:
    written(folder, numbered(arrived("x\ud800y")))
    assert replayed(folder) == numbered(arrived("x?y"))


def test_a_full_disk_leaves_no_half_burst_and_the_burst_may_be_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SegmentJournal(folder)
    journal.append(numbered(arrived("a")))
    real_write = os.write
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", lambda file, content: real_write(file, content[:30]))
        with pytest.raises(OSError, match="No space left"):
            journal.append(numbered(arrived("b"), after=1))
    journal.append(numbered(arrived("b"), after=1))
    journal.close()
    assert replayed(folder) == numbered(arrived("a"), arrived("b"))


def test_a_disk_that_refuses_a_new_segment_lets_the_old_one_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = SegmentJournal(folder, max_bytes=4000)
    facts = numbered(*(arrived(str(i)) for i in range(40)))
    journal.append(facts[:39])
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", lambda file, content: 0)
        journal.turn_over(facts[:1])
    assert not journal.is_full
    journal.append(facts[39:])
    journal.close()
    assert replayed(folder) == facts
    assert [path.suffix for path in folder.iterdir() if path.name != "lock"] == [".jsonl"]
    assert "no new journal segment" in caplog.text


class PowerCut(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", ["open", "write", "fsync", "rename", "close"])
def test_a_crash_at_any_step_of_a_turn_over_leaves_one_head(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    journal = SegmentJournal(folder)
    facts = numbered(arrived("a"), arrived("b"), arrived("c"))
    journal.append(facts[:2])

    def cut(*_: object) -> None:
        raise PowerCut

    with monkeypatch.context() as crash:
        crash.setattr(os, step, cut)
        with pytest.raises(PowerCut):
            journal.turn_over(facts[1:2])
    fcntl.flock(journal._lock, fcntl.LOCK_UN)  # as the kernel does for a dead process
    again = SegmentJournal(folder)
    after_rename = len(segments(folder)) == 2
    assert list(again.replay()) == (facts[1:2] if after_rename else facts[:2])
    again.append(facts[2:])
    assert list(again.read_after(0)) == facts
    again.close()


texts = st.text(max_size=20)
facts_drawn = st.one_of(
    st.builds(arrived, texts, texts),
    st.builds(
        QueueJoined, st.just(NOON), st.just(CALL), st.builds(QueueId, texts), st.floats(0, 9)
    ),
    st.just(LegEnded(NOON, CALL, LEG, LegCause.GONE)),
)
steps_drawn = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(facts_drawn, min_size=1, max_size=4)),
        st.tuples(st.just("turn over"), st.integers(0, 5)),
        st.tuples(st.just("tear"), st.integers(1, 400)),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=12,
)


class Twins:
    """The same steps on files and in memory; a tear takes the unfinished burst from the files only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = SegmentJournal(folder, max_bytes=600)
        self.memory = MemoryJournal()

    def step(self, name: str, value: object) -> None:
        {
            "append": self.append,
            "turn over": self.turn_over,
            "tear": self.tear,
            "restart": self.restart,
        }[name](value)

    def append(self, facts: object) -> None:
        assert isinstance(facts, list)
        burst = numbered(*facts, after=self.memory.last_number)
        self.files.append(burst)
        self.memory.append(burst)

    def turn_over(self, how_many: object) -> None:
        assert isinstance(how_many, int)
        carry = list(self.memory.replay())[:how_many]
        self.files.turn_over(carry)
        self.memory.turn_over(carry)

    def tear(self, length: object) -> None:
        """A burst is cut short by death, somewhere before its end."""
        assert isinstance(length, int)
        before = head(self.folder).stat().st_size
        burst = numbered(arrived("lost"), arrived("lost"), after=self.memory.last_number)
        self.files.append(burst)
        after = head(self.folder).stat().st_size
        os.truncate(head(self.folder), max(before, after - length))
        self.restart(None)

    def restart(self, _: object) -> None:
        self.files.close()
        self.files = SegmentJournal(self.folder, max_bytes=600)


@given(steps_drawn)
def test_any_history_of_bursts_turn_overs_tears_and_restarts_replays_exactly(
    steps: list[tuple[str, object]],
) -> None:
    with TemporaryDirectory() as folder:
        twins = Twins(Path(folder))
        for name, value in steps:
            twins.step(name, value)
        assert list(twins.files.replay()) == list(twins.memory.replay())
        assert list(twins.files.read_after(0)) == list(twins.memory.read_after(0))
        assert twins.files.last_number == twins.memory.last_number
        twins.files.close()


def test_numbers_are_never_given_twice_over_many_restarts(folder: Path) -> None:
    total = count(1)
    for _ in range(5):
        journal = SegmentJournal(folder)
        journal.append([(next(total), arrived()), (next(total), arrived())])
        journal.turn_over([])
        journal.close()
    assert [number for number, _ in SegmentReader(folder).read_after(0)] == list(range(1, 11))
