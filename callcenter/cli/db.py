"""`callcenter db`: the database's schema."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from callcenter.cli.context import load_settings
from callcenter.cli.wording import said, tell


@click.group()
def db() -> None:
    """The database's schema: look, upgrade, go back."""


@db.command("current")
@click.pass_context
def current(context: click.Context) -> None:
    """Say which schema the database has, and which this version needs."""
    from callcenter.adapters.db.migrations import current_revision, history, is_newer

    url = load_settings(context).database_url
    with _explained():
        has, needs = current_revision(url), history().get_current_head()
    if has == needs:
        tell(f"{has}: up to date.", f"{has}：已是最新。")
        return
    if is_newer(has):
        raise _too_new(str(has))
    shown = has or said("empty", "空")
    tell(
        f"{shown}; this version needs {needs}. Upgrade: callcenter db upgrade",
        f"{shown}；此版本需要 {needs}。升级：callcenter db upgrade",
    )


@db.command("upgrade")
@click.argument("revision", default="head")
@click.pass_context
def upgrade_schema(context: click.Context, revision: str) -> None:
    """Bring the schema to what this version needs."""
    from callcenter.adapters.db.migrations import current_revision, upgrade

    settings = load_settings(context)
    with _explained():
        upgrade(settings.database_url, revision)
        now = current_revision(settings.database_url)
    tell(f"The database is at {now}.", f"数据库版本：{now}。")


@db.command("downgrade")
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def downgrade_schema(context: click.Context, revision: str, yes: bool) -> None:
    """Take migrations back down to REVISION; `base` leaves nothing, data included."""
    from callcenter.adapters.db.migrations import current_revision, downgrade

    settings = load_settings(context)
    question = said(
        f"Going back to {revision} loses what only the newer schema can hold. Go on?",
        f"回退到 {revision} 会丢失仅新结构能保存的数据。继续吗？",
    )
    if not yes:
        click.confirm(question, abort=True)
    with _explained():
        downgrade(settings.database_url, revision)
        now = current_revision(settings.database_url)
    shown = now or said("empty", "空")
    tell(f"The database is at {shown}.", f"数据库版本：{shown}。")


def _too_new(revision: str) -> click.ClickException:
    return click.ClickException(
        said(
            f"The database is at {revision}, which this version does not know: a newer one has changed it."
            " Run that version again, or restore a backup made before it.",
            f"数据库版本为 {revision}，此版本无法识别：它已被更新的版本修改。"
            "请改用该更新版本，或恢复之前的备份。",
        )
    )


@contextmanager
def _explained() -> Iterator[None]:
    """What can go wrong, as a message and not as a trace."""
    from alembic.util import CommandError

    from callcenter.adapters.db.migrations import SchemaTooNew
    from callcenter.adapters.db.url import BadDatabaseUrl
    from callcenter.ports.store import StoreAway

    try:
        yield
    except SchemaTooNew as error:
        raise _too_new(error.revision) from None
    except (BadDatabaseUrl, CommandError) as error:
        raise click.ClickException(str(error)) from None
    except StoreAway as error:
        cure = said(
            "Is it running, and is [database] url right?", "它是否在运行？[database] url 是否正确？"
        )
        raise click.ClickException(f"{error}. {cure}") from None
