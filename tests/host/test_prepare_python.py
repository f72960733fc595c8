"""`scripts/prepare-python`, with a Python that makes environments as we tell it to."""

import hashlib
import subprocess
import sys
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
# As on a Debian without python3-venv: it makes environments, but puts no pip into them.
PYTHON_WITHOUT_PIP = """\
#!/bin/sh
case "$*" in *--without-pip*) exec "$REAL" "$@" ;; esac
echo "ensurepip is not available" >&2
exit 1
"""
NO_ARCHIVE = 'Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts "/dev/null";\n'
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


def archive_with_pip(folder: Path) -> str:
    """What tells apt to take packages from here: there is one, the real pip as Debian packs it."""
    wheels = folder / "package/usr/share/python-wheels"
    wheels.mkdir(parents=True)
    fetch = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
    subprocess.run([*fetch, "--no-deps", "-d", str(wheels), "pip"], check=True)
    about = (
        "Package: python3-pip-whl\nVersion: 1\nArchitecture: all\nMaintainer: us <us@localhost>\n"
    )
    (folder / "package/DEBIAN").mkdir()
    (folder / "package/DEBIAN/control").write_text(f"{about}Description: pip\n")
    package = folder / "pip.deb"
    pack = ["dpkg-deb", "-Znone", "-b", str(folder / "package"), str(package)]
    subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    entry = f"{about}Filename: ./pip.deb\nSize: {package.stat().st_size}\nSHA256: {digest}\n"
    (folder / "Packages").write_text(entry)
    (folder / "sources.list").write_text(f"deb [trusted=yes] copy:{folder} ./\n")
    return NO_ARCHIVE.replace("/dev/null", f"{folder}/sources.list", 1)


def prepare_without_pip(project: Path, apt: str) -> "subprocess.CompletedProcess[str]":
    """Prepare it with a Python that has no pip to give, beside an apt that is told this."""
    (project / "python").write_text(PYTHON_WITHOUT_PIP)
    # No list of packages yet, as on a machine that was just installed.
    (project / "apt.conf").write_text(f'{apt}Dir::State::Lists "{project}/none";\n')
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "REAL": sys.executable,
        "APT_CONFIG": str(project / "apt.conf"),
    }
    words = ["sh", "-c", RUN, "sh", str(SCRIPT)]
    return subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True)


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


def test_where_python_has_no_pip_to_give_it_is_fetched_for_this_environment_alone(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    apt = archive_with_pip(tmp_path_factory.mktemp("archive"))
    ended = prepare_without_pip(project, apt)
    assert ended.returncode == 0, ended.stderr
    assert "pip is fetched privately" in ended.stderr
    assert ended.stdout.startswith("pip ") and f"{project}/.venv/lib/" in ended.stdout
    assert not (project / ".venv/fetched").exists()


def test_where_pip_cannot_be_fetched_the_one_package_to_install_is_named(project: Path) -> None:
    ended = prepare_without_pip(project, NO_ARCHIVE)
    assert ended.returncode == 1
    assert ended.stderr.count("apt-get install python3-venv") == 2  # in both languages
    assert not (project / ".venv").exists()
