"""The inside of a backup: a plain tar with a manifest at its end, written and read in one pass.

The manifest comes last because only then everything is counted and hashed. Who reads trusts nothing:
anybody can encrypt to a public key.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Self

from callcenter.host.sealing import BackupUnusable, Damaged

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
TOPS: Final = frozenset(
    {"callcenter.toml", "run", "flows", "recordings", "database", "settings-files", MANIFEST}
)
_LARGEST_MANIFEST: Final = 128 * 2**20
_LARGEST_HEADER: Final = 64 * 2**10
_PIECE: Final = 2**20
_LONGEST_NAME: Final = 1000

Moved = Callable[[int], None]


@dataclass(slots=True)
class ArchiveWriter:
    """One tar, its files hashed on their way. `moved` hears of each piece, in bytes."""

    out: BinaryIO
    moved: Moved = lambda _count: None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    _tar: tarfile.TarFile = field(init=False)

    def __post_init__(self) -> None:
        # What ends before `finish` has no manifest, whatever tarfile still writes when it is let go.
        self._tar = tarfile.open(  # noqa: SIM115
            fileobj=self.out, mode="w|", format=tarfile.PAX_FORMAT
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, ValueError):  # A disk that is full, or what failed already.
            self._tar.close()

    def add_bytes(self, name: str, content: bytes) -> None:
        """A file that is in memory."""
        self._add(name, io.BytesIO(content), len(content), time.time())

    def add_file(self, name: str, path: Path) -> bool:
        """A file as it is now; what is written to it meanwhile is left out. False: it is gone."""
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return False
        with source:
            about = os.fstat(source.fileno())
            self._add(name, source, about.st_size, about.st_mtime)
        return True

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, with what is known of the files, and the tar's end."""
        whole = {**manifest, "files": self.files, "changed_meanwhile": self.changed}
        text = json.dumps(whole, ensure_ascii=False, indent=1).encode()
        self._put(MANIFEST, io.BytesIO(text), len(text), time.time())
        self._tar.close()

    def _add(self, name: str, source: BinaryIO, size: int, mtime: float) -> None:
        counted = _Exactly(source, size, self.moved)
        self._put(name, counted, size, mtime)
        self.files[name] = {"size": size, "sha256": counted.digest.hexdigest()}
        if counted.was_short:
            self.changed.append(name)

    def _put(self, name: str, source: Any, size: int, mtime: float) -> None:
        about = tarfile.TarInfo(name)
        about.size, about.mtime, about.mode = size, int(mtime), 0o600
        self._tar.addfile(about, source)


class _Exactly:
    """So many bytes of a file and no more; one that shrank meanwhile is filled up with zeros."""

    def __init__(self, source: BinaryIO, size: int, moved: Moved) -> None:
        self._source, self._left, self._moved = source, size, moved
        self.digest = hashlib.sha256()
        self.was_short = False

    def read(self, count: int) -> bytes:
        wanted = min(count, self._left)
        piece = self._source.read(wanted)
        if len(piece) < wanted:
            self.was_short = True
            piece += bytes(wanted - len(piece))
        self._left -= wanted
        self.digest.update(piece)
        self._moved(wanted)
        return piece


# -- reading --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Unpacked:
    """What came out: the manifest, and what each file really was."""

    manifest: dict[str, Any]
    hashes: dict[str, str]

    @property
    def differing(self) -> list[str]:
        """Files that are not what the manifest says."""
        known = self.manifest["files"]
        return sorted(n for n, h in self.hashes.items() if n in known and known[n]["sha256"] != h)

    @property
    def missing(self) -> list[str]:
        """Files that the manifest knows and nobody found."""
        return sorted(self.manifest["files"].keys() - self.hashes.keys())

    @property
    def unknown(self) -> list[str]:
        """Files that the manifest does not know."""
        return sorted(self.hashes.keys() - self.manifest["files"].keys())


def unpack(source: BinaryIO, into: Path, moved: Moved = lambda _count: None) -> Unpacked:
    """Unpack everything below `into`, private to its owner.

    Raises:
        Damaged: it is not a whole archive.
        BackupUnusable: it would write where it must not, or is of a newer format.
    """
    hashes: dict[str, str] = {}
    manifest: bytes | None = None
    try:
        for entry, content in _entries(source, into, hashes.keys()):
            if entry.name == MANIFEST:
                manifest = content.read(_LARGEST_MANIFEST)
                (into / MANIFEST).write_bytes(manifest)
            else:
                hashes[entry.name] = _write(content, into / entry.name, moved)
    except (tarfile.TarError, EOFError) as error:
        raise _not_whole(str(error)) from None
    if manifest is None:
        raise _not_whole("no manifest")
    return Unpacked(_read_manifest(manifest), hashes)


def _entries(
    source: BinaryIO, into: Path, seen: Collection[str]
) -> Iterator[tuple[tarfile.TarInfo, BinaryIO]]:
    with tarfile.open(fileobj=source, mode="r|", tarinfo=_Careful) as tar:
        for entry in tar:
            _check(entry, into, seen)
            content = tar.extractfile(entry)
            if content is None:
                raise _hostile(entry.name)
            yield entry, content  # type: ignore[misc]
            tar.members.clear()  # type: ignore[attr-defined]  # Else it remembers every one.


def _check(entry: tarfile.TarInfo, into: Path, seen: Collection[str]) -> None:
    """Refuse what we never write: links, devices, names that lead elsewhere, names given twice.

    `tarfile`'s own filter is no help: Debian 12's Python 3.11.2 has none.
    """
    name = PurePosixPath(entry.name)
    is_plain = entry.isreg() and not entry.issparse() and entry.name not in seen
    is_inside = (
        not name.is_absolute()
        and ".." not in name.parts
        and name.parts
        and name.parts[0] in TOPS
        and str(name) == entry.name
        and entry.name.isprintable()
    )
    if not is_plain or not is_inside or len(entry.name.encode()) > _LONGEST_NAME:
        raise _hostile(entry.name)
    room = _LARGEST_MANIFEST if entry.name == MANIFEST else shutil.disk_usage(into).free
    if entry.size > room:
        raise BackupUnusable(
            f"The backup holds a file of {entry.size} bytes and there is room for {room}; nothing was"
            " kept. Make room, or restore to another disk",
            f"备份中有 {entry.size} 字节的文件，而可用空间只有 {room}；未保留任何内容。"
            "请清理空间或恢复到另一磁盘",
        )


class _Careful(tarfile.TarInfo):
    """Headers that tarfile would read into memory whole, however long somebody says they are."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """See `tarfile`."""
        entry = super().frombuf(buf, encoding, errors)
        if not entry.isreg() and entry.size > _LARGEST_HEADER:
            raise _hostile("?")
        return entry


def _write(content: BinaryIO, path: Path, moved: Moved) -> str:
    digest = hashlib.sha256()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb") as file:
        while piece := content.read(_PIECE):
            digest.update(piece)
            file.write(piece)
            moved(len(piece))
    return digest.hexdigest()


def _read_manifest(text: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
        known = manifest["format"]
        files: Mapping[str, Mapping[str, Any]] = manifest["files"]
        is_sound = all(type(one["sha256"]) is str for one in files.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _not_whole("its manifest cannot be read") from None
    if known != FORMAT:
        raise BackupUnusable(
            f"The backup has format {known!r}; this version knows {FORMAT}. Restore it with the version"
            " that made it, or a newer one",
            f"备份格式为 {known!r}，此版本只支持 {FORMAT}。请用制作该备份的版本或更新的版本恢复",
        )
    if not is_sound or not isinstance(manifest, dict):
        raise _not_whole("its manifest cannot be read")
    return manifest


def _not_whole(why: str) -> Damaged:
    return Damaged(
        f"This is not a whole backup ({why}); nothing was kept. Take another copy, or an older backup",
        f"备份不完整（{why}）；未保留任何内容。请使用另一份副本或更早的备份",
    )


def _hostile(name: str) -> BackupUnusable:
    shown = ascii(name[:80])
    return BackupUnusable(
        f"The backup holds {shown}, which no backup of ours does: somebody else has made or changed it."
        " Nothing was kept; take another copy",
        f"备份中含有 {shown}，并非本程序所写：文件由他人制作或改动过。未保留任何内容；请使用另一份副本",
    )
