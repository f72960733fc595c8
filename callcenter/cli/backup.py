"""`callcenter backup`: everything of a centre in two encrypted files, while it runs; and the drill."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcenter.cli.context import config_path, load_settings
from callcenter.cli.progress import Progress
from callcenter.cli.wording import language, said, tell

if TYPE_CHECKING:
    from callcenter.bootstrap.backup import Made, Recipients
    from callcenter.settings import Settings


class _BackupGroup(click.Group):
    """`callcenter backup FOLDER` makes one; other words are commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_BackupGroup)
def backup() -> None:
    """Back up everything into FOLDER, encrypted, while the centre runs.

    \b
    callcenter backup FOLDER        two files: the data, and the keys apart
    callcenter backup drill FILE    try whether they can be restored

    The files are age-encrypted tars: `age -d -i KEY FILE | tar -x` opens them without this program. Each
    night by cron:  0 3 * * *  callcenter backup /mnt/backups
    """


@backup.command("make")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--recipient",
    "to",
    multiple=True,
    metavar="AGE1…|FILE",
    help="Whose key opens it; default: a pair made here at the first backup.",
)
@click.option(
    "--keys-recipient",
    "keys_to",
    multiple=True,
    metavar="AGE1…|FILE",
    help="Whose key opens the keys; default: the same.",
)
@click.pass_context
def make(context: click.Context, target: Path, to: Sequence[str], keys_to: Sequence[str]) -> None:
    """Back up into TARGET: a folder, or the name of a file."""
    from callcenter.bootstrap.backup import make_backup, target_files

    settings = load_settings(context)
    with explained():
        target = target.absolute()
        target_files(target, settings.centre.name, datetime.now(UTC))
        keys = _recipients(settings, to, keys_to)
        with long_step("Backup", "备份") as say:
            made = make_backup(settings, config_path(context), target, keys, say)
    _show(made, keys, settings)


def _recipients(settings: "Settings", to: Sequence[str], keys_to: Sequence[str]) -> "Recipients":
    from callcenter.bootstrap.backup import Recipients, own_recipients
    from callcenter.host.sealing import recipients

    given = [key for text in to for key in recipients(text)]
    given_keys = [key for text in keys_to for key in recipients(text)]
    if given:
        return Recipients(given, given_keys or given)
    own = own_recipients(settings.run_folder)
    return Recipients(own.data, given_keys or own.keys, own.made)


def _show(made: "Made", keys: "Recipients", settings: "Settings") -> None:
    tell(
        f"Backed up in {made.seconds:.1f} s: {size(made.size)}, {made.files} files, {made.facts} facts,"
        f" the last is number {made.last_number}.",
        f"备份完成，用时 {made.seconds:.1f} 秒：{size(made.size)}，{made.files} 个文件，"
        f"{made.facts} 条事件，最后一条编号 {made.last_number}。",
    )
    tell(f"  data  {made.data}", f"  数据  {made.data}")
    tell(
        f"  keys  {made.keys}\n        (secrets, logins, TLS keys, whole settings; the data can be"
        " handed on without them)",
        f"  密钥  {made.keys}\n        （密码、登录、TLS 密钥、完整设置；数据文件可单独交给他人）",
    )
    for en, zh in made.warnings:
        click.secho(f"  ! {said(en, zh)}", fg="yellow", err=True)
    if keys.made:
        _advise(keys.made)


def _advise(made: Sequence[Path]) -> None:
    """Said once, in both languages: whoever misses it has no backup."""
    data, keys = made
    click.secho(
        "\nTwo keys were made. Without them nobody can open these backups, you neither:\n"
        "已生成两个密钥。没有它们，任何人（包括您）都无法打开备份：",
        bold=True,
    )
    click.echo(f"  {data}   opens the data  打开数据")
    click.echo(f"  {keys}   opens the keys  打开密钥")
    click.echo(
        "Copy both to a safe place away from this machine now: a password manager, or on paper. They may\n"
        "then be removed from here; further backups do not need them.\n"
        "请立即将两者保存到本机以外的安全位置（密码管理器或纸质）。之后可从本机删除，后续备份不需要它们。"
    )


@contextmanager
def long_step(en: str, zh: str) -> Iterator[Progress]:
    """Tell how far it is; its line is ended, whatever happens."""
    say = Progress()
    say.step(en, zh)
    try:
        yield say
    except BaseException:
        click.echo(err=True)
        raise
    say.done("")


@contextmanager
def explained() -> Iterator[None]:
    """What can go wrong with backups, in one language, with its cure."""
    from callcenter.adapters.db.url import BadDatabaseUrl
    from callcenter.host.sealing import BackupUnusable
    from callcenter.ports.store import StoreAway

    try:
        yield
    except BackupUnusable as error:
        raise click.ClickException(error.zh if language() == "zh" else error.en) from None
    except StoreAway as error:
        cure = said(
            "Is it running, was the centre ever started, and is [database] url right?",
            "它是否在运行？呼叫中心是否启动过？[database] url 是否正确？",
        )
        raise click.ClickException(
            said(f"The database cannot be used: {error}. {cure}", f"数据库不可用：{error}。{cure}")
        ) from None
    except BadDatabaseUrl as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        why = f"{place}{error.strerror or error}"
        raise click.ClickException(
            said(f"{why}. Nothing was kept of it.", f"{why}。未保留任何内容。")
        ) from None


def size(count: int) -> str:
    """Bytes, for people."""
    amount, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


@backup.command("drill")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--keys", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--identity",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The private key; default: those in the run folder.",
)
@click.option("--database", help="An empty PostgreSQL database; default: one made for the drill.")
@click.option("--no-call", is_flag=True, help="Only restore and compare.")
@click.pass_context
def drill(
    context: click.Context,
    file: Path,
    keys: Path | None,
    identity: Sequence[Path],
    database: str | None,
    no_call: bool,
) -> None:
    """Restore FILE into an empty folder, compare, and place a call there; the exit status is 1 if anything
    is not as it was. The running centre is not touched."""
    from callcenter.cli.drill import run_drill

    settings = load_settings(context)
    with explained():
        passed = run_drill(settings, file, keys, identity, database, with_call=not no_call)
    context.exit(0 if passed else 1)
