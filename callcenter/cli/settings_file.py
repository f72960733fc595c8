"""Changes to the settings file that leave everything else in it, comments too, as it was.

A change is tried on the text first: only settings that the centre would start with are written, by one
rename, so that nobody ever reads half a file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from callcenter.cli.wording import language, said
from callcenter.settings import Settings, SettingsError, read


def change(path: Path, values: Mapping[tuple[str, str], Any]) -> Settings:
    """Set `values`, by section and key (None: take it away), and return the settings as they are now.

    Raises: click.ClickException, and the file is as it was.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    except (OSError, ValueError, TOMLKitError) as error:
        raise click.ClickException(f"{path}: {error}") from None
    for (section, key), value in values.items():
        table: Any = document.setdefault(section, tomlkit.table())
        if value is None:
            table.pop(key, None)
        else:
            table[key] = list(value) if isinstance(value, tuple) else value
    return _write(path, tomlkit.dumps(document))


def _write(path: Path, text: str) -> Settings:
    from callcenter.private_file import write_private

    try:
        settings = read(path, text, {})
        # What a link names is meant, not the link.
        write_private(path.resolve(), text, mode=_mode(path, text))
    except SettingsError as error:
        problems = error.text(language())
        raise click.ClickException(
            said(f"Nothing was written:\n{problems}", f"未写入任何内容：\n{problems}")
        ) from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror or error}") from None
    return settings


def _mode(path: Path, text: str) -> int:
    """A new file is its owner's alone, an old one keeps its mode. Where a secret is in it now, what
    everybody may read becomes its owner's; a group that was let in deliberately stays."""
    if not path.exists():
        return 0o600
    mode = path.stat().st_mode & 0o777
    return 0o600 if "secret" in text and mode & 0o007 else mode
