"""Changes to the settings file that leave everything else in it, comments too, as it was.

A change is tried on the text first: only settings that the centre would start with are written, by one
rename, so that nobody ever reads half a file.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from callcenter.cli.wording import said
from callcenter.settings import Settings, SettingsError, load


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
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        settings = load(fresh, {})
        # A new file is its owner's alone (mkstemp); an old one keeps its mode, but for secrets.
        if path.exists() and "secret" not in text:
            fresh.chmod(path.stat().st_mode & 0o777)
        fresh.rename(path)
    except SettingsError as error:
        problems = str(error).replace(str(fresh), str(path))
        raise click.ClickException(
            said(f"Nothing was written:\n{problems}", f"未写入任何内容：\n{problems}")
        ) from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror or error}") from None
    finally:
        fresh.unlink(missing_ok=True)
    return settings
