"""Messages that callers left are taken in whole, once, and only when they are finished."""

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenter.adapters.recordings.shelf import Shelf
from callcenter.adapters.recordings.spool import LARGEST
from callcenter.core.ids import CallId
from callcenter.ports.messages import Message, MessagePage, NoSuchMessage
from callcenter.ports.store import StoreAway
from callcenter.testing.tones import tone

pytestmark = pytest.mark.adapter

NAME = "1732246380_cc1-1732246380.12_+4917139200_4101.wav"
CALL = CallId("cc1-1732246380.12")
FILE = f"messages/{CALL}.wav"


async def test_a_message_is_taken_in_with_all_that_its_name_says(place: Any) -> None:
    sound = place.leave()
    assert await place.swept() == 1
    assert await place.kept() == [
        Message(
            call=CALL,
            ani="+4917139200",
            dnis="4101",
            arrived_at=datetime(2024, 11, 22, 3, 33, tzinfo=UTC),
            received_at=place.now,
            duration=timedelta(seconds=3),
            sha256=hashlib.sha256(sound).hexdigest(),
            size=len(sound),
            path=FILE,
        )
    ]
    assert place.shelved() == {FILE: sound}
    assert place.spooled() == set()
    assert (place.shelf / FILE).stat().st_mode & 0o777 == 0o600
    assert (place.shelf / FILE).parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "name, ani, dnis",
    [
        ("1732246380_cc1-1732246380.12_anonymous_03023125000.wav", "anonymous", "+493023125000"),
        ("_cc1-1732246380.12__.wav", "anonymous", "anonymous"),
        ("1732246380_cc1-1732246380.12_017139200123_4101.wav", "+4917139200123", "4101"),
    ],
)
async def test_numbers_are_written_as_those_of_calls_are(
    place: Any, name: str, ani: str, dnis: str
) -> None:
    place.leave(name)
    await place.swept()
    (message,) = await place.kept()
    assert (message.ani, message.dnis) == (ani, dnis)
    assert message.arrived_at == datetime(2024, 11, 22, 3, 33, tzinfo=UTC)


async def test_of_a_message_that_a_flow_asked_for_the_name_says_queue_and_language(
    place: Any,
) -> None:
    place.leave("1732246380_cc1-1732246380.12_anonymous_4101_after-sales_zh-CN.wav")
    place.leave("1732246380_cc1-1732246380.13_anonymous_4101__en.wav")
    await place.swept()
    kept = sorted(await place.kept(), key=lambda one: one.call)
    told = [(one.dnis, one.queue, one.language) for one in kept]
    assert told == [("4101", "after-sales", "zh-CN"), ("4101", None, "en")]


async def test_of_what_a_flow_asked_for_less_than_two_seconds_is_dropped(place: Any) -> None:
    place.leave("1732246380_cc1-1732246380.12_anonymous_4101_sales_en.wav", tone(1000))
    assert await place.swept() == 0
    assert (place.spooled(), await place.kept()) == (set(), [])


async def test_a_message_is_left_alone_until_it_has_been_quiet_for_ten_seconds(place: Any) -> None:
    place.leave(pcm=tone(1000))
    sweep = place.sweep()
    await sweep.step()
    place.seconds += 9.9
    assert await sweep.step() == 0
    sound = place.leave(pcm=tone(1000) * 2)
    place.seconds += 9.9
    assert await sweep.step() == 0
    place.seconds += 9.9
    assert await sweep.step() == 0
    place.seconds += 0.1
    assert await sweep.step() == 1
    assert place.shelved() == {FILE: sound}


async def test_a_switch_that_stands_still_keeps_the_file_that_it_is_writing(place: Any) -> None:
    place.leave()
    with (place.spool / NAME).open("ab"):
        assert await place.swept() == 0
        assert place.spooled() == {NAME}
    assert await place.swept() == 1


async def test_what_a_switch_left_that_died_is_mended(place: Any) -> None:
    sound = place.leave()
    torn = sound[:4] + bytes(4) + sound[8:40] + bytes(4) + sound[44:] + b"\1"
    (place.spool / NAME).write_bytes(torn)
    assert await place.swept() == 1
    assert place.shelved() == {FILE: sound}


@pytest.mark.parametrize(
    "pcm", [b"", tone(1000)[:4400], bytes(16000 * 5)], ids=["empty", "a click", "silence"]
)
async def test_what_holds_no_sound_is_dropped_and_said_without_a_number(
    place: Any, pcm: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    place.leave(pcm=pcm)
    assert await place.swept() == 0
    assert (place.spooled(), place.shelved(), await place.kept()) == (set(), {}, [])
    assert "a message without sound is dropped" in caplog.messages
    assert "+4917139200" not in str([vars(record) for record in caplog.records])


async def test_a_switch_that_died_before_its_first_block_has_left_nothing(place: Any) -> None:
    (place.spool / NAME).touch()
    assert await place.swept() == 0
    assert place.spooled() == set()


# -- whatever dies when -------------------------------------------------------------------------------

STEPS = 15
"""Calls to the kernel and to the database that one message takes."""


class Killed(BaseException):
    """The process is gone: nothing of it goes on."""


class Guillotine:
    """Lets so many steps be done, then nothing any more."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def after(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **more: Any) -> Any:
            result = call(*args, **more)
            self.fall()
            return result

        return done

    def fall(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    async def ends(self, work: Awaitable[Any]) -> None:
        with contextlib.suppress(Killed):
            await work


class Mortal:
    """A database that is the last thing its process sees, before or after it has committed."""

    def __init__(self, real: Any, guillotine: Guillotine) -> None:
        self._real = real
        self._guillotine = guillotine

    async def put(self, message: Message) -> None:
        self._guillotine.fall()
        await self._real.put(message)
        self._guillotine.fall()

    async def find(self, call: CallId) -> Message:
        found: Message = await self._real.find(call)
        return found

    async def recent(self, *, limit: int = 50, older: str | None = None) -> MessagePage:
        page: MessagePage = await self._real.recent(limit=limit, older=older)
        return page


async def dies_after(place: Any, steps: int) -> Guillotine:
    """Sweep once, with a process that dies after so many steps."""
    guillotine = Guillotine(steps)
    sweep = place.sweep(Mortal(place.messages, guillotine))
    await sweep.step()
    place.seconds += 10
    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "mkdir", "fsync", "rename", "unlink"):
            patch.setattr(os, name, guillotine.after(getattr(os, name)))
        await guillotine.ends(sweep.step())
    return guillotine


async def test_one_message_takes_as_many_steps_as_are_tried_below(place: Any) -> None:
    place.leave()
    guillotine = await dies_after(place, 1000)
    assert 1000 - guillotine.left == STEPS
    assert place.spooled() == set()


@pytest.mark.parametrize("steps", range(1, STEPS + 1))
async def test_a_sweeper_may_be_killed_after_any_step(place: Any, steps: int) -> None:
    sound = place.leave()
    guillotine = await dies_after(place, steps)
    assert guillotine.left == 0
    assert sound in (*place.shelved().values(), *(f.read_bytes() for f in place.spool.iterdir()))
    place.now += timedelta(hours=1)
    await place.swept()
    await place.swept()
    (message,) = await place.kept()
    assert (message.sha256, message.path) == (hashlib.sha256(sound).hexdigest(), FILE)
    assert place.shelved() == {FILE: sound}
    assert place.spooled() == set()


async def test_half_a_copy_is_written_anew(place: Any) -> None:
    sound = place.leave()
    (place.shelf / "messages").mkdir(parents=True)
    (place.shelf / f"messages/.{CALL}.part").write_bytes(sound + b"of somebody else")
    await place.swept()
    assert place.shelved() == {FILE: sound}


async def test_a_message_that_a_power_cut_brings_back_is_not_taken_in_twice(place: Any) -> None:
    sound = place.leave()
    await place.swept()
    received_at = place.now
    place.now += timedelta(hours=1)
    place.leave()
    await place.swept()
    (message,) = await place.kept()
    assert message.received_at == received_at
    assert (place.shelved(), place.spooled()) == ({FILE: sound}, set())


async def test_another_message_of_the_same_call_replaces_nothing(
    place: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sound = place.leave()
    await place.swept()
    place.leave(pcm=tone(2000) * 2)
    assert await place.swept() == 0
    (message,) = await place.kept()
    assert message.sha256 == hashlib.sha256(sound).hexdigest()
    assert (place.shelved(), place.spooled()) == ({FILE: sound}, {NAME})
    assert "a call has left a second message" in caplog.messages


async def test_two_sweepers_at_once_take_it_in_once(place: Any) -> None:
    sound = place.leave()
    one, other = place.sweep(), place.sweep()
    await asyncio.gather(one.step(), other.step())
    place.seconds += 10
    assert sorted(await asyncio.gather(one.step(), other.step())) == [0, 1]
    assert len(await place.kept()) == 1
    assert place.shelved() == {FILE: sound}


# -- what cannot be done now --------------------------------------------------------------------------


class Away:
    """A database that is away."""

    async def put(self, message: Message) -> None:
        raise StoreAway

    async def find(self, call: CallId) -> Message:
        raise StoreAway

    async def recent(self, *, limit: int = 50, older: str | None = None) -> MessagePage:
        raise StoreAway


async def test_a_database_that_is_away_leaves_messages_where_they_are(place: Any) -> None:
    sound = place.leave()
    with pytest.raises(StoreAway):
        await place.swept(Away())
    assert (place.spooled(), await place.kept()) == ({NAME}, [])
    assert FILE not in place.shelved()
    assert await place.swept() == 1
    assert place.shelved() == {FILE: sound}


async def test_a_full_disk_leaves_messages_where_they_are_and_no_row_behind(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = place.leave()
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", _no_room)
        (place.shelf / "messages").mkdir(parents=True)
        with pytest.raises(OSError, match="No space left"):
            await place.swept()
    assert (place.spooled(), place.shelved(), await place.kept()) == ({NAME}, {}, [])
    assert await place.swept() == 1
    assert place.shelved() == {FILE: sound}


def _no_room(_: int) -> None:
    raise OSError(28, "No space left on device")


async def test_one_message_that_cannot_be_kept_holds_up_no_other(place: Any) -> None:
    place.leave("1732246380_cc1-1732246380.11_+4917139201_4101.wav")
    (place.shelf / "messages/cc1-1732246380.11.wav").mkdir(parents=True)
    place.leave()
    with pytest.raises(IsADirectoryError):
        await place.swept()
    assert CALL in [message.call for message in await place.kept()]


async def test_running_it_says_what_is_wrong_without_a_number_and_tries_less_and_less_often(
    place: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    guillotine = Guillotine(4)

    async def wait(seconds: float) -> None:
        pauses.append(seconds)
        place.seconds += 10
        guillotine.fall()

    place.leave()
    place.shelf.touch()  # a file where the folder should be
    monkeypatch.setattr(asyncio, "sleep", wait)
    await guillotine.ends(place.sweep().run())
    assert pauses == [2, 4, 8, 16]
    assert set(caplog.messages) == {"messages wait in the spool"}
    assert NAME not in str([vars(record) for record in caplog.records])
    place.shelf.unlink()
    assert await place.swept() == 1


# -- what is not ours ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        ".hidden.wav",
        "1732246380_cc1-1732246380.12_+4917139200_4101.mp3",
        "1732246380_cc1-1732246380.12_+49 171_4101.wav",
        "1732246380_.._+4917139200_4101.wav",
        "17322463800_cc1-1732246380.12_+4917139200_4101.wav",
        "1732246380_cc1-1732246380.12_+4917139200_4101.wav\n",
        "1732246380_cc1-1732246380.12_+4917139200_\u0664.wav",
    ],
)
async def test_names_that_are_not_ours_are_left_alone_and_told_once(
    place: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    place.leave(name)
    sweep = place.sweep()
    for _ in range(3):
        place.seconds += 10
        assert await sweep.step() == 0
    assert (place.spooled(), place.shelved()) == ({name}, {})
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert name not in str([vars(record) for record in caplog.records])


def link(path: Path) -> None:
    other = path.parent.parent / "secret.wav"
    other.write_bytes(b"RIFF")
    path.symlink_to(other)


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)


@pytest.mark.parametrize(
    "make",
    [link, os.mkfifo, Path.mkdir, large, lambda path: path.write_bytes(b"MZ" * 100)],
    ids=["a link", "a pipe", "a folder", "too large", "no sound"],
)
async def test_what_no_switch_has_recorded_is_left_alone_and_told_once(
    place: Any, make: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    make(place.spool / NAME)
    sweep = place.sweep()
    for _ in range(3):
        assert await sweep.step() == 0
        place.seconds += 10
    assert (place.spooled(), place.shelved()) == ({NAME}, {})
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_spool_that_is_not_there_yet_is_empty(place: Any) -> None:
    place.spool.rmdir()
    assert await place.swept() == 0


# -- what is read -------------------------------------------------------------------------------------


async def test_sound_is_read_from_inside_the_folder_only(place: Any) -> None:
    sound = place.leave()
    await place.swept()
    (message,) = await place.kept()
    shelf = Shelf(place.shelf)
    assert await shelf.read(message) == sound
    (place.folder / "secret.wav").write_bytes(sound)
    (place.shelf / "link.wav").symlink_to(place.shelf / FILE)
    (place.shelf / "out").symlink_to(place.folder)
    outside = ["../secret.wav", str(place.folder / "secret.wav"), "out/secret.wav", "link.wav"]
    for path in [*outside, "messages", "messages/none.wav", f"{FILE}/none.wav"]:
        with pytest.raises(NoSuchMessage):
            await shelf.read(_at(message, path))


def _at(message: Message, path: str) -> Message:
    return replace(message, path=path)
