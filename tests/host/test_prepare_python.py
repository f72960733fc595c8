"""`scripts/prepare-python`, with a Python that makes environments as we tell it to."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.service

SCRIPT = Path(__file__).parents[2] / "scripts/prepare-python"

# Makes an environment whose pip works or not, and may be killed, with its caller, before it is done.
PYTHON = """\
#!/bin/sh
echo made >> made
mkdir -p .venv/bin
printf '#!/bin/sh\\n%s\\n' "$PIP" > .venv/bin/python
chmod +x .venv/bin/python
eval "$END"
"""
RUN = """\
set -eu
. "$1"
find_python() { echo ./python; }
install_libraries() { .venv/bin/python -m pip --version; }
prepare_python .
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def prepare(project: Path, *, pip: str = "true", end: str = "true") -> int:
    """Prepare the project; the exit status, or minus the signal that ended it."""
    words = ["sh", "-c", RUN, "sh", str(SCRIPT)]
    environment = {"PATH": "/usr/bin:/bin", "PIP": pip, "END": end}
    return subprocess.run(words, cwd=project, env=environment, stderr=subprocess.DEVNULL).returncode


def times_made(project: Path) -> int:
    return len((project / "made").read_text().split())


@pytest.mark.parametrize("pip", ["exit 1", "true"], ids=["without pip", "in the midst of pip"])
def test_an_environment_that_was_not_finished_is_made_again(project: Path, pip: str) -> None:
    assert prepare(project, pip=pip, end="kill -9 $PPID") == -9
    assert prepare(project) == 0
    assert times_made(project) == 2
    assert (project / ".venv/prepared").exists()


def test_an_environment_without_pip_is_made_again(project: Path) -> None:
    assert prepare(project) == 0
    (project / ".venv/prepared").unlink()
    (project / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    assert prepare(project) == 0
    assert times_made(project) == 2


def test_an_environment_that_is_whole_is_kept(project: Path) -> None:
    assert prepare(project) == 0
    assert prepare(project) == 0
    (project / "pyproject.toml").write_text("[project]\nname = 'more'\n")
    assert prepare(project) == 0
    assert times_made(project) == 1
