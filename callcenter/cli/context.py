"""What every command shares: which settings file it was started with."""

import os
from pathlib import Path

import click

from callcenter.settings import Settings, SettingsError, load


def config_path(context: click.Context) -> Path:
    """The settings file; need not exist."""
    return Path(context.ensure_object(dict).get("config", "callcenter.toml")).absolute()


def load_settings(context: click.Context) -> Settings:
    """The settings in force. Raises: click.ClickException, with every problem and its place."""
    try:
        return load(config_path(context), os.environ)
    except SettingsError as error:
        raise click.ClickException(f"The settings cannot be used:\n{error}") from None
