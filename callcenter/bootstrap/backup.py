"""Makes a backup of a centre that may be running: two encrypted files, what there is and its keys.

The order is what keeps every fact. Facts go from the journal to the database and from there to the
archive's files, and each place lets go only of what the next one has. The journal is held open before and
after the picture of the database is taken, and the archive's files are read after it. So the journal of a
backup begins where its database ends or before, and never ends before it: else an engine that goes on
from it would number facts that the archive believes to have.
"""

import contextlib
import fcntl
import json
import secrets
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import tomlkit

import callcenter
from callcenter.adapters.db.copying import Snapshot, snapshot_of
from callcenter.adapters.journal.copying import PinnedJournal, SegmentCopy
from callcenter.host.backup_archive import FORMAT, ArchiveWriter
from callcenter.host.backup_files import Chosen, below, of_run_folder
from callcenter.host.sealing import BackupUnusable, new_key, sealed
from callcenter.private_file import write_private
from callcenter.settings import Secret, Settings

Progress = Callable[[str, float | None], None]

DATA_ENDING: Final = ".tar.age"
KEYS_ENDING: Final = ".keys.tar.age"
DATA_KEY: Final = "backup-key.txt"
KEYS_KEY: Final = "backup-key-of-keys.txt"
LAST: Final = "last-backup.json"
KEPT_APART: Final = "kept-apart"
PUBLIC_FILES: Final = (("edge", "certificate"), ("sip", "certificate"), ("sip", "authorities"))
PRIVATE_FILES: Final = (("edge", "private_key"), ("sip", "private_key"))
_RECIPIENTS: Final = "backup-recipients.json"
_STAGING: Final = "backup-part-"
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Recipients:
    """Public keys: whose private halves open the data, and whose open the keys."""

    data: Sequence[str]
    keys: Sequence[str]
    made: Sequence[Path] = ()


@dataclass(slots=True)
class Made:
    """What was made. `facts`: those in the database and in the journal behind it."""

    data: Path
    keys: Path
    at: datetime
    seconds: float
    size: int
    facts: int
    last_number: int
    files: int
    warnings: list[tuple[str, str]] = field(default_factory=list)


def own_recipients(run_folder: Path) -> Recipients:
    """Those of this centre; two key pairs are made when there are none yet. The private halves may be
    moved elsewhere. Raises: BackupUnusable where no centre is, OSError."""
    _check_centre(run_folder)
    path = run_folder / _RECIPIENTS
    if path.exists():
        known = json.loads(path.read_text())
        return Recipients([known["data"]], [known["keys"]])
    made = [run_folder / DATA_KEY, run_folder / KEYS_KEY]
    data, keys = (new_key(file) for file in made)
    write_private(path, json.dumps({"data": data, "keys": keys}))
    return Recipients([data], [keys], made)


def target_files(target: Path, centre: str, now: datetime) -> tuple[Path, Path]:
    """The two files that are meant by a folder, or by the name of one. Raises: BackupUnusable."""
    if target.is_dir():
        target = target / f"callcenter-{centre}-{now:%Y%m%d-%H%M%S}{DATA_ENDING}"
    stem = target.name.removesuffix(DATA_ENDING)
    files = target.with_name(stem + DATA_ENDING), target.with_name(stem + KEYS_ENDING)
    if not target.parent.is_dir():
        raise BackupUnusable(
            f"There is no folder {target.parent}: make it first",
            f"没有目录 {target.parent}：请先创建",
        )
    for file in files:
        if file.exists():
            raise BackupUnusable(
                f"{file} is there already and is not overwritten: name another",
                f"{file} 已存在，不会覆盖：请另取名称",
            )
    return files


def make_backup(
    settings: Settings, config: Path, target: Path, to: Recipients, say: Progress
) -> Made:
    """Make both files; neither has its name before both are whole.

    Raises: BackupUnusable, StoreAway, OSError.
    """
    began_at, began = datetime.now(UTC), time.monotonic()
    data, keys = target_files(target, settings.centre.name, began_at)
    parts = [file.with_name(file.name + ".part") for file in (data, keys)]
    with _alone(settings.run_folder), ExitStack() as stack:
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=settings.run_folder))
        stack.callback(shutil.rmtree, staging, ignore_errors=True)
        for part in parts:
            part.unlink(missing_ok=True)
            # After they were renamed there is nothing left to remove.
            stack.callback(part.unlink, missing_ok=True)
        with (
            sealed(parts[0], to.data) as out,
            sealed(parts[1], to.keys) as apart,
            ArchiveWriter(out) as data_tar,
            ArchiveWriter(apart) as keys_tar,
        ):
            work = _Work(settings, config, staging, say, data_tar, keys_tar)
            made = work.run(began_at)
        # The keys first: where the data is, they are.
        parts[1].rename(keys)
        parts[0].rename(data)
    made.data, made.keys = data, keys
    made.size = data.stat().st_size + keys.stat().st_size
    made.seconds = time.monotonic() - began
    _remember(settings.run_folder, made)
    return made


class _Work:
    def __init__(
        self,
        settings: Settings,
        config: Path,
        staging: Path,
        say: Progress,
        data: ArchiveWriter,
        keys: ArchiveWriter,
    ) -> None:
        self._settings = settings
        self._config = config
        self._staging = staging
        self._say = say
        self._data, self._keys = data, keys
        self._id = secrets.token_hex(8)
        self._skipped: list[str] = []
        self._warnings: list[tuple[str, str]] = []
        self._settings_files: dict[str, str] = {}

    def run(self, began_at: datetime) -> Made:
        with ExitStack() as stack:
            pinned = stack.enter_context(closing(PinnedJournal(self._settings.journal_folder)))
            snapshot = self._picture(stack, pinned)
            journal = self._write_journal(pinned, snapshot)
            self._write_database(snapshot)
            _ = snapshot.counts  # While it is open.
        self._write_files()
        manifest = self._manifest(began_at, snapshot, journal)
        self._data.finish(manifest | {"what": "data"})
        self._keys.finish(manifest | {"what": "keys"})
        return self._made(began_at, snapshot, journal)

    # -- facts ------------------------------------------------------------------------------------

    def _picture(self, stack: ExitStack, pinned: PinnedJournal) -> Snapshot:
        """Database and journal that fit together."""
        hole = 0, 0
        for _ in range(_TRIES):
            pinned.close()
            pinned.pin()
            with ExitStack() as attempt:
                snapshot = attempt.enter_context(snapshot_of(self._settings.database_url))
                pinned.pin()
                found = pinned.hole(snapshot.archived)
                if found is None:
                    stack.push(attempt.pop_all())
                    return snapshot
                hole = found
        # It is not us who lost them: whoever moved journal or database away knows.
        self._warnings.append(
            (
                f"facts {hole[0]} to {hole[1]} are neither in the journal nor in the database",
                f"事件 {hole[0]} 至 {hole[1]} 既不在日志中也不在数据库中",
            )
        )
        pinned.pin()
        return stack.enter_context(snapshot_of(self._settings.database_url))

    def _write_journal(self, pinned: PinnedJournal, snapshot: Snapshot) -> dict[str, Any]:
        self._say("journal 日志", None)
        held: list[SegmentCopy] = []
        for one in pinned.copies():
            self._data.add_bytes(f"run/journal/{one.name}", one.content)
            if one.damage:
                self._warnings.append((one.damage, one.damage))
            held.append(SegmentCopy(one.name, b"", one.journal, one.first, one.last, one.facts))
        sound = [one for one in held if one.journal]
        journal = sound[-1].journal if sound else ""
        archived = snapshot.archived.get(journal, 0)
        last = sound[-1].last if sound else 0
        return {
            "id": journal,
            "segments": len(held),
            "facts": sum(one.facts for one in sound),
            "first_number": sound[0].first if sound else 0,
            "last_number": max(last, archived),
            "archived_number": archived,
            "not_archived": max(0, last - archived),
        }

    def _write_database(self, snapshot: Snapshot) -> None:
        name = "database 数据库"
        self._say(name, None)
        for piece in snapshot.pieces(self._staging, lambda share: self._say(name, share)):
            (self._keys if piece.apart else self._data).add_file(piece.name, piece.path)
            piece.path.unlink()

    # -- files ------------------------------------------------------------------------------------

    def _write_files(self) -> None:
        self._write_settings()
        chosen = list(self._chosen())
        all_, done = max(1, sum(one.size for one in chosen)), 0

        def moved(count: int) -> None:
            nonlocal done
            done += count
            self._say("files 文件", min(1.0, done / all_))

        self._say("files 文件", None)
        self._data.moved = self._keys.moved = moved
        for one in chosen:
            # One that is gone meanwhile was in nobody's use any more.
            (self._keys if one.apart else self._data).add_file(one.name, one.path)

    def _chosen(self) -> Iterator[Chosen]:
        settings = self._settings
        yield from of_run_folder(settings.run_folder, self._skipped)
        yield from below(settings.path(settings.centre.flows_folder), "flows", self._skipped)
        # After the database: a message is in its row before it is here.
        yield from below(settings.recordings_folder, "recordings", self._skipped)
        yield from self._named_in_settings()

    def _named_in_settings(self) -> Iterator[Chosen]:
        """Certificates and their keys, wherever they lie."""
        for section, key in (*PUBLIC_FILES, *PRIVATE_FILES):
            text = getattr(getattr(self._settings, section), key)
            if not text or text == "self-signed":
                continue
            path = self._settings.path(text)
            name = f"settings-files/{section}.{key}/{path.name}"
            self._settings_files[f"{section}.{key}"] = name
            found = list(below(path, name, self._skipped, apart=(section, key) in PRIVATE_FILES))
            yield from found
            if not found:
                where = f"[{section}] {key}: {path}"
                self._warnings.append((f"{where} is not there", f"{where} 不存在"))

    def _write_settings(self) -> None:
        text = self._config.read_text("utf-8") if self._config.exists() else ""
        self._keys.add_bytes("callcenter.toml", text.encode())
        self._data.add_bytes("callcenter.toml", without_secrets(text).encode())

    # -- in the end -------------------------------------------------------------------------------

    def _manifest(
        self, began_at: datetime, snapshot: Snapshot, journal: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "backup": self._id,
            "project_version": callcenter.__version__,
            "centre": self._settings.centre.name,
            "begun_at": began_at.isoformat(),
            "ended_at": datetime.now(UTC).isoformat(),
            "database": {
                "kind": snapshot.kind,
                "revision": snapshot.revision,
                "rows": snapshot.counts,
            },
            "journal": journal,
            "settings_files": self._settings_files,
            "skipped": self._skipped,
        }

    def _made(self, began_at: datetime, snapshot: Snapshot, journal: dict[str, Any]) -> Made:
        for name in [*self._data.changed, *self._keys.changed]:
            self._warnings.append((f"{name} became shorter meanwhile", f"{name} 在备份期间变短"))
        for name in self._skipped:
            self._warnings.append((f"{name} is a link and was left out", f"{name} 是链接，未备份"))
        return Made(
            data=Path(),
            keys=Path(),
            at=began_at,
            seconds=0,
            size=0,
            facts=snapshot.counts.get("facts", 0) + journal["not_archived"],
            last_number=journal["last_number"],
            files=len(self._data.files) + len(self._keys.files),
            warnings=self._warnings,
        )


def without_secrets(text: str) -> str:
    """Settings that may be shown: every secret is replaced, and comments, which may hold old ones, go."""
    document = tomllib.loads(text)
    for section in fields(Settings):
        for table in _tables(document.get(section.name)):
            for name in _SECRETS & table.keys():
                table[name] = KEPT_APART
    # A password is a part of it; who restores says which database to fill.
    document.get("database", {}).pop("url", None)
    return tomlkit.dumps(document)


def _tables(value: Any) -> list[dict[str, Any]]:
    many = value if isinstance(value, list) else [value]
    return [table for table in many if isinstance(table, dict)]


def _secret_names() -> frozenset[str]:
    from callcenter import settings

    kinds = [getattr(settings, name) for name in vars(settings) if name.endswith("Settings")]
    return frozenset(one.name for kind in kinds for one in fields(kind) if one.type is Secret)


_SECRETS: Final = _secret_names()


def _remember(run_folder: Path, made: Made) -> None:
    about = asdict(made) | {"data": str(made.data), "keys": str(made.keys)}
    about |= {"at": made.at.isoformat(), "warnings": [en for en, _ in made.warnings]}
    write_private(run_folder / LAST, json.dumps(about, ensure_ascii=False, indent=1))


def _check_centre(run_folder: Path) -> None:
    if not run_folder.is_dir():
        raise BackupUnusable(
            f"There is no centre in {run_folder}: start it once, or name its settings with --config",
            f"{run_folder} 中没有呼叫中心：请先启动一次，或用 --config 指定其设置文件",
        )


@contextlib.contextmanager
def _alone(run_folder: Path) -> Iterator[None]:
    """One backup at a time; what a killed one left is cleared away."""
    _check_centre(run_folder)
    with (run_folder / ".backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnusable(
                "Another backup of this centre is being made: wait for it",
                "正在进行另一次备份：请等待其完成",
            ) from None
        for leftover in run_folder.glob(f"{_STAGING}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
