"""`callcenter restore`: a centre out of a backup, in an empty folder, compared with what it was."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcenter.cli.backup import explained, long_step
from callcenter.cli.context import load_settings
from callcenter.cli.findings import and_more
from callcenter.cli.wording import said, show, tell

if TYPE_CHECKING:
    from callcenter.bootstrap.restore import Restored
    from callcenter.settings import Settings


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--into", required=True, type=click.Path(path_type=Path), help="An empty folder, or a new one."
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file that ends in .keys.tar.age.",
)
@click.option(
    "--identity",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The private key; default: those in the run folder.",
)
@click.option("--database", help="For a backup of PostgreSQL: the empty database to fill.")
@click.pass_context
def restore(
    context: click.Context,
    file: Path,
    into: Path,
    keys: Path | None,
    identity: Sequence[Path],
    database: str | None,
) -> None:
    """Restore the backup FILE into an empty folder and compare; exit status 1 if anything differs."""
    settings = load_settings(context)
    with explained():
        done = bring_back(settings, file, into.absolute(), keys, identity, database)
    compare(done)
    _what_next(done, keys)
    context.exit(0 if done.is_whole else 1)


def bring_back(
    settings: "Settings",
    file: Path,
    into: Path,
    keys: Path | None,
    identity: Sequence[Path],
    database: str | None,
) -> "Restored":
    """Restore, and write the settings that fit the new place. Raises what `explained` explains."""
    from callcenter.bootstrap.restore import check_database, restore_backup
    from callcenter.cli.settings_file import change
    from callcenter.host.sealing import identities

    private_keys = identities(list(identity) or own_keys(settings))
    check_database(database)
    with long_step("Restore", "恢复") as say:
        done = restore_backup(
            file, into, keys=keys, private_keys=private_keys, database_url=database, say=say
        )
    change(into / "callcenter.toml", _needed(into / "callcenter.toml", done.changes))
    return done


def _needed(
    toml: Path, changes: Mapping[tuple[str, str], str | None]
) -> dict[tuple[str, str], str | None]:
    """Without what is to be taken away and is not there."""
    written = tomllib.loads(toml.read_text("utf-8"))
    return {
        (section, key): value
        for (section, key), value in changes.items()
        if value is not None or key in written.get(section, {})
    }


def own_keys(settings: "Settings") -> list[Path]:
    """The private keys that still lie in the run folder."""
    from callcenter.bootstrap.backup import DATA_KEY, KEYS_KEY

    found = (settings.run_folder / name for name in (DATA_KEY, KEYS_KEY))
    return [path for path in found if path.exists()]


def compare(done: "Restored") -> None:
    """What was backed up beside what is there, and what is lost."""
    rows = [
        (name, str(expected), str(found), "" if expected == found else said("differs", "不同"))
        for name, (expected, found) in done.counted.items()
    ]
    rows.append((said("files", "文件"), str(len_expected(done)), str(done.files), ""))
    columns = [("what", "内容"), ("backed up", "备份"), ("restored", "恢复"), ("", "")]
    show(columns, rows, "")
    _complain(done.differing, "differ from what was backed up", "与备份时不同")
    _complain(done.missing, "are missing", "缺失")
    _complain(done.unknown, "were not part of the backup and were removed", "不属于备份，已删除")
    at = f"{done.made_at:%Y-%m-%d %H:%M:%S} UTC"
    number = done.manifest["journal"]["last_number"]
    tell(
        f"Lost: whatever happened after {at} (facts after number {number}).",
        f"丢失：{at} 之后发生的一切（编号 {number} 之后的事件）。",
    )


def len_expected(done: "Restored") -> int:
    """How many files the backup says it holds, of those that were restored."""
    return done.files + len(done.missing) - len(done.unknown)


def _complain(names: Sequence[str], en: str, zh: str) -> None:
    if names:
        shown = and_more(list(names))
        click.secho(said(f"{shown} {en}.", f"{shown} {zh}。"), fg="red", err=True)


def _what_next(done: "Restored", keys: Path | None) -> None:
    toml = done.folder / "callcenter.toml"
    if done.is_whole:
        tell(
            f"Restored in {done.seconds:.1f} s, everything as it was backed up.",
            f"恢复完成，用时 {done.seconds:.1f} 秒，与备份完全一致。",
        )
    else:
        click.secho(
            said(
                f"Restored in {done.seconds:.1f} s, NOT as it was backed up.",
                f"恢复完成，用时 {done.seconds:.1f} 秒，但与备份不一致。",
            ),
            fg="red",
            err=True,
        )
    if keys is None:
        tell(
            "Without the keys (--keys): nobody can sign in until `callcenter users add NAME --role admin`,"
            f" and passwords in {toml} say kept-apart.",
            "未恢复密钥（--keys）：需先执行 callcenter users add NAME --role admin 才能登录，"
            f"且 {toml} 中的密码为 kept-apart。",
        )
    tell(
        f"Look through {toml}, then: callcenter --config {toml} start",
        f"请检查 {toml}，然后执行：callcenter --config {toml} start",
    )
