"""The drill: a backup is restored beside the centre that runs, and somebody calls there.

What nobody has restored is no backup. The restored centre has ports and a folder of its own and no
carrier, so that it takes nobody's calls.
"""

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from callcenter.cli.checks_backup import LAST_DRILL
from callcenter.cli.restore import bring_back, compare
from callcenter.cli.wording import said, tell

if TYPE_CHECKING:
    from callcenter.bootstrap.restore import Restored
    from callcenter.demo.ports import PortBlock
    from callcenter.settings import Settings

_HEARD_WITHIN: Final = timedelta(seconds=20)
_CALLER: Final = "drill"
_ANY_NUMBER: Final = "4000"


class CallFailed(Exception):
    """Nobody could be heard in the restored centre; says why."""


def run_drill(
    settings: "Settings",
    file: Path,
    keys: Path | None,
    identity: Sequence[Path],
    database: str | None,
    *,
    with_call: bool,
) -> bool:
    """Restore, compare, call, and write down how it went. Raises what `explained` explains."""
    began = time.monotonic()
    keys = keys or _beside(file)
    why, heard = "", ""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="drill-", dir=settings.run_folder))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            database = database or stack.enter_context(_own_database(settings))
            done = bring_back(settings, file, folder / "centre", keys, identity, database)
            compare(done)
            why = "" if done.is_whole else "what was restored differs from what was backed up"
            if with_call:
                heard = _place_call(settings, done)
        except Exception as error:
            why = str(error).partition("\n")[0] or type(error).__name__
            _write_down(settings, file, began, why, heard)
            if not isinstance(error, CallFailed):
                raise
    seconds = _write_down(settings, file, began, why, heard)
    if heard:
        tell(f"Called there: {heard}.", f"已在恢复的中心拨打电话：{heard}。")
    if why:
        click.secho(said(f"The drill FAILED: {why}.", f"演练失败：{why}。"), fg="red", err=True)
    else:
        tell(f"The drill passed in {seconds:.1f} s.", f"演练成功，用时 {seconds:.1f} 秒。")
    return not why


def _beside(file: Path) -> Path | None:
    from callcenter.bootstrap.backup import DATA_ENDING, KEYS_ENDING

    keys = file.with_name(file.name.removesuffix(DATA_ENDING) + KEYS_ENDING)
    return keys if keys.exists() else None


@contextlib.contextmanager
def _own_database(settings: "Settings") -> Iterator[str | None]:
    """Where the centre has a PostgreSQL server, a database on it for as long as this takes."""
    from callcenter.adapters.db.copying import temporary_database
    from callcenter.adapters.db.url import read_url

    if read_url(settings.database_url).get_backend_name() == "sqlite":
        yield None
        return
    with temporary_database(settings.database_url) as url:
        yield url


def _write_down(settings: "Settings", file: Path, began: float, why: str, heard: str) -> float:
    from callcenter.private_file import write_private

    seconds = time.monotonic() - began
    record = {
        "at": datetime.now(UTC).isoformat(),
        "file": str(file.absolute()),
        "passed": not why,
        "why": why,
        "call": heard,
        "seconds": seconds,
    }
    write_private(settings.run_folder / LAST_DRILL, json.dumps(record, ensure_ascii=False))
    return seconds


# -- the call -------------------------------------------------------------------------------------


def _place_call(settings: "Settings", done: "Restored") -> str:
    """Start the restored centre and call it; what was heard. Raises: CallFailed, click.ClickException."""
    from callcenter.cli.context import load_file
    from callcenter.demo.ports import NoPorts, reserve

    try:
        import callcenter.testing.phones  # noqa: F401
    except ImportError:
        raise CallFailed(
            said(
                "a call needs the Python package baresip-python (pip install 'callcenter[demo]'), or leave"
                " it out: --no-call",
                "拨打电话需要 Python 包 baresip-python（pip install 'callcenter[demo]'），或使用 --no-call",
            )
        ) from None
    try:
        block, guard = reserve()
    except NoPorts as error:
        raise CallFailed(str(error)) from None
    config = _without_carriers(done.folder)
    with guard, _environment(settings, block):
        return asyncio.run(_call(load_file(config), config, block, _last_number(done)))


def _last_number(done: "Restored") -> int:
    number: int = done.manifest["journal"]["last_number"]
    return number


def _without_carriers(folder: Path) -> Path:
    """Settings of the restored centre that sign in nowhere."""
    import tomlkit

    document = tomllib.loads((folder / "callcenter.toml").read_text("utf-8"))
    document.pop("trunks", None)
    config = folder / "drill.toml"
    config.write_text(tomlkit.dumps(document), "utf-8")
    return config


@contextlib.contextmanager
def _environment(settings: "Settings", block: "PortBlock") -> Iterator[None]:
    """Its programs read settings from the environment too, where the real centre's may stand."""
    from callcenter.cli.demo import loopback_only

    names = [name for name in os.environ if name.startswith("CALLCENTER_")]
    before = {name: os.environ.pop(name) for name in names}
    values = {**loopback_only(block), "SWITCH_FOLDER": settings.path(settings.switch.folder)}
    ours = {f"CALLCENTER_{name}": str(value) for name, value in values.items()}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)
        os.environ.update(before)


async def _call(restored: "Settings", config: Path, block: "PortBlock", last: int) -> str:
    from callcenter.adapters.journal.reader import SegmentReader
    from callcenter.cli.start import bring_up
    from callcenter.host.processes import DidNotStart, Keeper
    from callcenter.testing.phones import PhoneError, Phones

    number = await _a_number(restored)
    try:
        async with Keeper([], lambda _event: None) as keeper:
            await bring_up(restored, config, keeper)
            async with Phones(sip_port=block.phones, rtp_ports=block.phones_rtp) as phones:
                phone = await phones.phone(_CALLER, domain=f"127.0.0.1:{restored.sip.port}")
                leg = await phone.dial(number)
                await leg.established(_HEARD_WITHIN)
                await leg.hears_anything(_HEARD_WITHIN)
                await leg.hang_up()
            new = [n for n, _ in SegmentReader(restored.journal_folder).read_after(last)]
    except (DidNotStart, PhoneError) as error:
        raise CallFailed(str(error)) from None
    if not new or new[0] != last + 1:
        raise CallFailed(f"its facts do not go on behind number {last}")
    return said(
        f"{number} answered and was heard; facts go on at number {new[0]}",
        f"{number} 已应答并听到语音；事件从编号 {new[0]} 继续",
    )


async def _a_number(restored: "Settings") -> str:
    from callcenter.adapters.db.numbers import DbNumbers
    from callcenter.adapters.db.session import Database

    database = Database(restored.database_url)
    try:
        known = [entry.did for entry in await DbNumbers(database).list()]
    finally:
        await database.close()
    # Where no number is known, callers are told so, which can be heard too.
    return str(known[0]) if known else _ANY_NUMBER
