"""What every command shares: which settings file it was started with."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import click

from callcenter.cli.wording import language, said, tell
from callcenter.private_file import write_private
from callcenter.settings import Settings, SettingsError, load, read, text_of


def config_path(context: click.Context) -> Path:
    """The settings file; need not exist."""
    return Path(context.ensure_object(dict).get("config", "callcenter.toml")).absolute()


def load_settings(context: click.Context) -> Settings:
    """The settings as they are written. Raises: click.ClickException, with every problem and its place."""
    return load_file(config_path(context))


def settings_in_force(context: click.Context) -> Settings:
    """What a program of a centre works by that may be running: the settings as they are written or, while
    they are broken, as they could last be used. Who starts anew after a death must not stumble over what
    somebody is just writing. Raises: click.ClickException, as above, if they never could be used."""
    path = config_path(context)
    kept = _kept(path)
    try:
        text = text_of(path)
        settings = read(path, text, os.environ)
    except SettingsError as error:
        if not kept.exists():
            raise click.ClickException(_told(error)) from None
        click.echo(_told(error), err=True)
        tell("Going on with what was in force.", "继续使用此前生效的设置。", error=True)
        return _in_force(path, kept)
    if not text.strip() and kept.exists():  # An editor's way of writing is to empty it first.
        return _in_force(path, kept)
    with contextlib.suppress(OSError):  # Where we may not write, there is nothing to fall back on.
        if text and not (kept.exists() and kept.read_text("utf-8") == text):
            write_private(kept, text)
    return settings


def begin_anew(path: Path) -> None:
    """Whoever starts the whole centre goes by what is written, and by nothing if nothing is."""
    with contextlib.suppress(OSError):
        _kept(path).unlink()


def _kept(path: Path) -> Path:
    return path.with_name(f".{path.name}.in-force")


def _in_force(path: Path, kept: Path) -> Settings:
    with _explained():
        return read(path, text_of(kept), os.environ)


def load_file(path: Path) -> Settings:
    """The settings of one file and the environment. Raises: click.ClickException, as above."""
    with _explained():
        return load(path, os.environ)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(_told(error)) from None


def _told(error: SettingsError) -> str:
    head = said("The settings cannot be used:", "设置无法使用：")
    return f"{head}\n{error.text(language())}"
