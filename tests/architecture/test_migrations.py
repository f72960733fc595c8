"""The history of migrations is one line, and each file's name says when it stands in it."""

import re
from pathlib import Path

import pytest

from callcenter.adapters.db.migrations import history

pytestmark = pytest.mark.architecture

NAME = re.compile(r"(\d{4}_\d{2}_\d{2}_\d{4})_(pre|post)_[a-z0-9_]+\.py")
SCRIPTS = list(history().walk_revisions())[::-1]


def test_history_is_linear() -> None:
    assert len(history().get_heads()) == 1
    assert [script.down_revision for script in SCRIPTS] == [
        None,
        *(script.revision for script in SCRIPTS[:-1]),
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_a_file_is_named_after_its_revision_and_says_pre_or_post(script: object) -> None:
    name = NAME.fullmatch(Path(getattr(script, "path", "")).name)
    assert name is not None
    assert name[1] == getattr(script, "revision", "")


def test_files_sorted_by_name_are_in_order_of_history() -> None:
    names = [Path(script.path).name for script in SCRIPTS]
    assert names == sorted(names)


def test_every_migration_can_be_taken_back() -> None:
    assert all(callable(script.module.downgrade) for script in SCRIPTS)
