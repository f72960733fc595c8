"""`scripts/test` where something is missing that only root may install."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.service

SCRIPT = Path(__file__).parents[2] / "scripts/test"


@pytest.fixture
def poor_path(tmp_path: Path) -> Path:
    """A PATH with what a shell script needs, and somebody who is not root."""
    for name in ("sh", "dirname", "date", "ls"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    return tmp_path


def test_who_may_install_nothing_is_told_exactly_what_is_missing(poor_path: Path) -> None:
    command, path = [poor_path / "sh", SCRIPT], {"PATH": str(poor_path)}
    ended = subprocess.run(command, env=path, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    # PostgreSQL is looked for beside the PATH too: it may be there.
    packages = "(?: postgresql)? chromium coturn npm gpg faketime"
    said = rf"Missing for the tests:({packages})\. As root:  apt-get install\1\n"
    assert re.fullmatch(said, ended.stderr), ended.stderr
    assert ended.stdout == "== Debian packages\n"
