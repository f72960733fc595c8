"""What is watched over, from settings; and what each look finds."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.link import AriLink
from callcenter.adapters.asterisk.trial import TrialCalls, TrialFailed
from callcenter.adapters.asterisk.trunks import Trunks
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.session import Database
from callcenter.bootstrap.watch import Watched, posts
from callcenter.core.admission import Refusal
from callcenter.core.watch import KINDS
from callcenter.engine.api import Door
from callcenter.engine.counters import Counters
from callcenter.ports.telephony import SwitchAway
from callcenter.services.watch import Post, Worst
from callcenter.settings import Settings, read

pytestmark = pytest.mark.adapter

NOBODY = Switch("http://127.0.0.1:9/ari", "cc", "secret")


class Followed:
    """A connection of which this much is known."""

    is_alive = True
    silent_for = timedelta(seconds=1.5)


class Trials:
    """Test calls that are answered after this long, or not at all."""

    within = timedelta(seconds=10)

    def __init__(self, took: float | None) -> None:
        self._took = took

    async def place(self) -> timedelta:
        if self._took is None:
            raise TrialFailed("arrive: TimeoutError")
        return timedelta(seconds=self._took)


class Writing:
    """A door whose journal has come this far, or cannot be written."""

    last_number = 41
    can_write = False


class Refusing:
    """A door that counts whom it turns away."""

    def __init__(self) -> None:
        self.counters = Counters()


def settings(tmp_path: Path, text: str = "") -> Settings:
    return read(tmp_path / "callcenter.toml", f'[centre]\nrun_folder = "run"\n{text}', {})


def watched(**parts: Any) -> Watched:
    known: dict[str, Any] = dict.fromkeys(
        ("door", "runtime", "link", "trunks", "http", "database", "trial")
    )
    return Watched(**{**known, "late": Worst(), **parts})


def post(code: str, of: Settings, **parts: Any) -> Post:
    [found] = [one for one in posts(of, watched(**parts)) if one.code == code]
    return found


def test_every_kind_is_watched_and_none_that_is_unknown(tmp_path: Path) -> None:
    text = "[watch]\nsynthetic_call_seconds = 60"
    codes = [one.code for one in posts(settings(tmp_path, text), watched())]
    assert sorted(codes) == sorted(KINDS)


def test_the_centre_does_not_call_itself_unless_told_to(tmp_path: Path) -> None:
    codes = [one.code for one in posts(settings(tmp_path), watched())]
    assert sorted(codes) == sorted(set(KINDS) - {"test-call-failed"})


def test_figures_come_from_the_settings(tmp_path: Path) -> None:
    text = "[limits]\nlate_ms = 200\n[watch]\ndisk_free_mb = 2000\ndisk_free_percent = 20\nbacklog = 30"
    own = settings(tmp_path, text)
    bounds = {one.code: one.bounds for one in posts(own, watched())}
    assert bounds["engine-late"].raised_at == 0.2
    assert bounds["disk-low"].raised_at == 2e9 < bounds["disk-low"].cleared_at
    assert bounds["disk-filling"].raised_at == 0.2 < bounds["disk-filling"].cleared_at
    assert bounds["switch-backlog"].raised_at == 30 > bounds["switch-backlog"].cleared_at


async def test_what_is_known_already_is_only_read(tmp_path: Path) -> None:
    own = settings(tmp_path)
    trunks = Trunks({"main": "tk-1", "second": "tk-2"}, ["main", "second"])
    trunks.heard("tk-2", False)
    assert await post("trunk-silent", own, trunks=trunks).look() == {"main": 0, "second": 1}
    link = cast(AriLink, Followed())
    assert await post("switch-away", own, link=link).look() == {"": 1.5}
    assert await post("journal-away", own, door=cast(Door, Writing())).look() == {"": 1}
    late = Worst()
    late.tell(timedelta(seconds=0.7))
    assert await post("engine-late", own, late=late).look() == {"": 0.7}


async def test_a_switch_that_does_not_answer_is_as_slow_as_we_are_patient(tmp_path: Path) -> None:
    async with PooledHttp(NOBODY) as http:
        assert await post("switch-slow", settings(tmp_path), http=http).look() == {"": 5.0}


async def test_a_console_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(SwitchAway):
        await post("switch-backlog", settings(tmp_path)).look()


@pytest.mark.parametrize(("took", "seconds"), [(0.25, 0.25), (None, 10.0)])
async def test_a_test_call_that_fails_took_as_long_as_it_might(
    tmp_path: Path, took: float | None, seconds: float
) -> None:
    own = settings(tmp_path, "[watch]\nsynthetic_call_seconds = 60")
    trial = cast(TrialCalls, Trials(took))
    found = post("test-call-failed", own, link=cast(AriLink, Followed()), trial=trial)
    assert await found.look() == {"": seconds}
    assert (found.bounds.raised_at, found.bounds.stands) == (3.0, timedelta(seconds=60))


async def test_no_call_is_placed_while_the_switch_is_not_followed(tmp_path: Path) -> None:
    own = settings(tmp_path, "[watch]\nsynthetic_call_seconds = 60")
    lost = Followed()
    lost.is_alive = False
    link, trial = cast(AriLink, lost), cast(TrialCalls, Trials(0.1))
    with pytest.raises(SwitchAway):
        await post("test-call-failed", own, link=link, trial=trial).look()


async def test_the_archive_is_behind_by_what_it_has_not_read(tmp_path: Path) -> None:
    own = settings(tmp_path)
    own.run_folder.mkdir()
    await asyncio.to_thread(upgrade, own.database_url)
    database = Database(own.database_url)
    parts = {"database": database, "door": Writing()}
    assert await post("archive-behind", own, **parts).look() == {"": 41}
    assert await post("database-away", own, **parts).look() == {"": 0}
    await database.close()


async def test_a_database_that_cannot_be_asked_is_away(tmp_path: Path) -> None:
    own = settings(tmp_path)
    own.run_folder.mkdir()  # and nothing in it but an empty file
    database = Database(own.database_url)
    assert await post("database-away", own, database=database).look() == {"": 1}
    await database.close()


async def test_each_folder_has_its_room_and_an_sqlite_database_elsewhere_its_own(
    tmp_path: Path,
) -> None:
    text = f'[database]\nurl = "sqlite+aiosqlite:///{tmp_path}/elsewhere/centre.db"'
    room = await post("disk-low", settings(tmp_path, text)).look()
    assert set(room) == {"run", "recordings", "database"}
    assert set(await post("disk-filling", settings(tmp_path)).look()) == {"run", "recordings"}
    assert min(room.values()) > 0


async def test_callers_who_are_turned_away_are_told_of_by_reason_for_a_minute(
    tmp_path: Path,
) -> None:
    engine = Refusing()
    told = post("callers-refused", settings(tmp_path), door=cast(Door, engine))
    assert told.bounds.asks_for((await told.look())["rate"]) is False
    engine.counters.refused[Refusal.RATE] += 3
    looks = round(timedelta(minutes=1) / told.every)
    for _ in range(looks):
        assert await told.look() == {"rate": 3, "calls": 0, "strain": 0}
    assert told.bounds.asks_for(3) is True
    assert await told.look() == {"rate": 0, "calls": 0, "strain": 0}
