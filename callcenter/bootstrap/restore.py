"""Makes a centre from a backup, in an empty folder, and says how it compares with what was backed up."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from callcenter.adapters.db.copying import (
    APART,
    POSTGRES,
    SQLITE,
    BrokenCopy,
    CopyTooNew,
    NotEmpty,
    counts,
    must_be_empty,
    restore,
)
from callcenter.adapters.db.url import BadDatabaseUrl, read_url
from callcenter.adapters.journal.copying import PinnedJournal
from callcenter.host.backup_archive import MANIFEST, Unpacked, unpack
from callcenter.host.sealing import BackupUnusable, opened

Progress = Callable[[str, float | None], None]

_DATABASE: Final = "run/callcenter.db"
_KEYS_PART: Final = ".keys-part"
_KEPT_MANIFEST: Final = "run/restored-from.json"


@dataclass(slots=True)
class Restored:
    """What came back. `counted`: by name, what the backup says and what is there now. `lost` and
    `differing` name files. `changes`: what must stand in the settings file, by section and key."""

    folder: Path
    manifest: Mapping[str, Any]
    with_keys: bool
    counted: dict[str, tuple[int, int]] = field(default_factory=dict)
    files: int = 0
    differing: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    changes: dict[tuple[str, str], str | None] = field(default_factory=dict)
    seconds: float = 0

    @property
    def is_whole(self) -> bool:
        """Whether everything that was backed up is there, as it was."""
        same = all(expected == found for expected, found in self.counted.values())
        return same and not (self.differing or self.missing or self.unknown)

    @property
    def made_at(self) -> datetime:
        """When the backup was begun; what happened later is not in it."""
        return datetime.fromisoformat(self.manifest["begun_at"]).astimezone(UTC)


def restore_backup(
    data: Path,
    into: Path,
    *,
    keys: Path | None,
    private_keys: Sequence[Any],
    database_url: str | None,
    say: Progress,
) -> Restored:
    """Restore into the empty folder `into`; on any error it is empty again.

    Raises: BackupUnusable, StoreAway, OSError.
    """
    began = time.monotonic()
    with _empty(into), _well_described():
        unpacked = _unpack(data, into, private_keys, say)
        apart = _unpack(keys, into / _KEYS_PART, private_keys, say) if keys else None
        if apart is not None:
            _check_pair(unpacked, apart)
            _merge(into / _KEYS_PART, into)
        done = Restored(into, unpacked.manifest, apart is not None)
        for one in (unpacked, apart) if apart else (unpacked,):
            done.files += len(one.hashes)
            done.differing += one.differing
            done.missing += one.missing
            done.unknown += one.unknown
        for name in set(done.unknown):
            (into / name).unlink(missing_ok=True)
        say("database 数据库", None)
        url = _fill_database(done, database_url, say)
        _adapt(done, url)
        _count(done, url)
    done.seconds = time.monotonic() - began
    return done


def _unpack(path: Path, into: Path, private_keys: Sequence[Any], say: Progress) -> Unpacked:
    into.mkdir(mode=0o700, exist_ok=True)
    size, moved = max(1, path.stat().st_size), 0

    def tell(count: int) -> None:
        nonlocal moved
        moved += count
        say(path.name, min(1.0, moved / size))

    say(path.name, None)
    with opened(path, private_keys) as source:
        return unpack(source, into, tell)


def _check_pair(data: Unpacked, keys: Unpacked) -> None:
    if (data.manifest.get("what"), keys.manifest.get("what")) != ("data", "keys"):
        raise BackupUnusable(
            "FILE is the one that ends in .tar.age, --keys the one that ends in .keys.tar.age",
            "FILE 应为以 .tar.age 结尾的文件，--keys 应为以 .keys.tar.age 结尾的文件",
        )
    if data.manifest["backup"] != keys.manifest["backup"]:
        theirs = keys.manifest["begun_at"]
        raise BackupUnusable(
            f"The keys are of another backup (made {theirs}): give the file that was made together with"
            " the data",
            f"密钥文件属于另一次备份（{theirs}）：请给出与数据同时制作的文件",
        )


def _merge(part: Path, into: Path) -> None:
    """Whole settings replace those without secrets."""
    for path in sorted(part.rglob("*")):
        if path.is_file():
            place = into / path.relative_to(part)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.replace(place)
    shutil.rmtree(part)


def _fill_database(done: Restored, database_url: str | None, say: Progress) -> str:
    database, copy = _described(done.manifest), done.folder / "database"
    kind, revision = database["kind"], database["revision"]
    url = database_url or f"sqlite:///{done.folder / _DATABASE}"
    _check_kind(kind, database_url)
    try:
        restore(copy, kind, revision, url, lambda share: say("database 数据库", share))
    except CopyTooNew:
        version = done.manifest.get("project_version")
        raise BackupUnusable(
            f"Version {version} made this backup, which this one does not know: install that, then restore",
            f"该备份由版本 {version} 制作，此版本无法识别：请安装该版本后再恢复",
        ) from None
    except NotEmpty:
        raise _not_empty() from None
    except (BrokenCopy, FileNotFoundError, ValueError, KeyError) as error:
        raise BackupUnusable(
            f"The database in the backup cannot be used ({type(error).__name__}: {error}); take an older"
            " backup",
            f"备份中的数据库无法使用（{type(error).__name__}: {error}）；请使用更早的备份",
        ) from None
    shutil.rmtree(copy, ignore_errors=True)
    return url


def check_database(database_url: str | None) -> None:
    """Refuse one that cannot be filled before anything is unpacked. Raises: BackupUnusable, StoreAway."""
    if database_url is None:
        return
    try:
        if read_url(database_url).get_backend_name() != POSTGRES:
            raise BackupUnusable(
                "--database names a PostgreSQL database; an SQLite one is restored into the folder",
                "--database 用于 PostgreSQL；SQLite 数据库会恢复到目标目录中",
            )
        must_be_empty(database_url)
    except BadDatabaseUrl as error:
        raise BackupUnusable(str(error), f"数据库地址不可用：{error}") from None
    except NotEmpty:
        raise _not_empty() from None


def _check_kind(kind: str, database_url: str | None) -> None:
    if kind == POSTGRES and database_url is None:
        raise BackupUnusable(
            "The backup is of a PostgreSQL database: name an empty one to fill,"
            " --database postgresql://user:password@host/name",
            "该备份来自 PostgreSQL：请指定一个空数据库，--database postgresql://user:password@host/name",
        )
    if kind == SQLITE and database_url is not None:
        raise BackupUnusable(
            "The backup is of an SQLite database, which goes into the folder: leave --database out",
            "该备份来自 SQLite，会恢复到目标目录中：请去掉 --database",
        )
    if kind not in (SQLITE, POSTGRES):
        raise BackupUnusable(
            f"A database of kind {kind!r} is not known", f"未知的数据库类型 {kind!r}"
        )


def _not_empty() -> BackupUnusable:
    return BackupUnusable(
        "The database is not empty, and a restore overwrites nothing: make a new one (createdb NAME)",
        "数据库不为空，恢复不会覆盖任何内容：请新建一个数据库（createdb NAME）",
    )


def _adapt(done: Restored, url: str) -> None:
    """What the settings must say where everything lies now."""
    folders = {"run_folder": "run", "flows_folder": "flows", "recordings_folder": "recordings"}
    done.changes = {("centre", key): folder for key, folder in folders.items()}
    # The centre that was backed up may still write there, and a drill's call is nothing to report.
    done.changes["centre", "queue_log"] = None
    is_server = done.manifest["database"]["kind"] == POSTGRES
    done.changes["database", "url"] = url if is_server else None
    for name, file in done.manifest.get("settings_files", {}).items():
        section, _, key = name.partition(".")
        # Nobody else's file: a name that was not in the archive leads nowhere.
        done.changes[section, key] = (
            file if file in done.manifest["files"] else PurePosixPath(file).name
        )
    (done.folder / "run").mkdir(mode=0o700, exist_ok=True)
    (done.folder / MANIFEST).rename(done.folder / _KEPT_MANIFEST)


def _count(done: Restored, url: str) -> None:
    database, journal = _described(done.manifest), done.manifest["journal"]
    found = counts(url)
    for table, rows in database["rows"].items():
        if done.with_keys or table not in APART:
            done.counted[table] = rows, found.get(table, 0)
    with closing(PinnedJournal(done.folder / "run/journal")) as pinned:
        pinned.pin()
        segments = list(pinned.copies())
    facts = sum(one.facts for one in segments)
    done.counted["journal: facts"] = journal["facts"], facts
    last = max((one.last for one in segments), default=0)
    expected = journal["last_number"]
    done.counted["journal: last number"] = expected, max(last, journal["archived_number"])


@contextlib.contextmanager
def _well_described() -> Iterator[None]:
    """A manifest that is JSON and not ours."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackupUnusable(
            f"The backup does not describe itself as ours do ({type(error).__name__}: {error}); take"
            " another copy, or an older backup",
            f"备份的描述与本程序不符（{type(error).__name__}: {error}）；请使用另一份副本或更早的备份",
        ) from None


def _described(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    database: Mapping[str, Any] = manifest["database"]
    return database


@contextlib.contextmanager
def _empty(folder: Path) -> Iterator[None]:
    """Refuse a folder that is not empty; leave it as it was if anything goes wrong."""
    is_new = not folder.exists()
    if not is_new and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupUnusable(
            f"{folder} is not an empty folder, and a restore overwrites nothing: name another with --into",
            f"{folder} 不是空目录，恢复不会覆盖任何内容：请用 --into 指定另一个目录",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        if is_new:
            folder.rmdir()
        raise
