"""What every command shares: which settings file it was started with."""

import os
from pathlib import Path

import click

from callcenter.cli.wording import language, said
from callcenter.settings import Settings, SettingsError, load


def config_path(context: click.Context) -> Path:
    """The settings file; need not exist."""
    return Path(context.ensure_object(dict).get("config", "callcenter.toml")).absolute()


def load_settings(context: click.Context) -> Settings:
    """The settings in force. Raises: click.ClickException, with every problem and its place."""
    return load_file(config_path(context))


def load_file(path: Path) -> Settings:
    """The settings of one file and the environment. Raises: click.ClickException, as above."""
    try:
        return load(path, os.environ)
    except SettingsError as error:
        head = said("The settings cannot be used:", "设置无法使用：")
        raise click.ClickException(f"{head}\n{error.text(language())}") from None
