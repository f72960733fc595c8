"""What the programs of a running centre work by while its settings are being written."""

from pathlib import Path

import click
import pytest

from callcenter.cli.context import begin_anew, settings_in_force
from callcenter.cli.main import main

pytestmark = pytest.mark.adapter

BROKEN = "[centre\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "callcenter.toml"


def name_by(file: Path) -> str:
    """Of the centre, for a program that starts now."""
    context = click.Context(main, obj={"config": str(file)})
    return settings_in_force(context).centre.name


def test_what_was_in_force_serves_while_the_file_is_broken(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('[centre]\nname = "first"\n')
    assert name_by(file) == "first"
    file.write_text('[centre]\nname = "second"\n')
    assert name_by(file) == "second"
    file.write_text(BROKEN)
    assert name_by(file) == "second"
    said = capsys.readouterr().err
    assert f"{file}:1" in said
    assert "Going on with what was in force." in said


@pytest.mark.parametrize("writing", ["", "\n"])
def test_a_file_that_was_just_emptied_is_being_written(file: Path, writing: str) -> None:
    file.write_text('[centre]\nname = "first"\n')
    name_by(file)
    file.write_text(writing)
    assert name_by(file) == "first"
    file.unlink()
    assert name_by(file) == "first"
    begin_anew(file)
    assert name_by(file) == "demo"


def test_what_was_never_in_force_is_refused_with_its_place(file: Path) -> None:
    file.write_text(BROKEN)
    with pytest.raises(click.ClickException, match=r"callcenter\.toml:1"):
        name_by(file)


def test_what_is_kept_is_its_owners_alone_and_a_file_that_never_was_leaves_none(file: Path) -> None:
    assert name_by(file) == "demo"
    assert list(file.parent.iterdir()) == []
    file.write_text('[centre]\nname = "first"\n')
    name_by(file)
    kept = file.with_name(".callcenter.toml.in-force")
    assert kept.stat().st_mode & 0o077 == 0


def test_a_folder_that_may_not_be_written_is_no_reason_to_stop(file: Path) -> None:
    file.write_text('[centre]\nname = "first"\n')
    file.with_name(".callcenter.toml.in-force").mkdir()
    assert name_by(file) == "first"
