"""The tests' page, bundled from its parts once and kept until one of them changes."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
KEPT: Final = HERE.parents[2] / "run/test-page"
_PARTS: Final = ("package.json", "package-lock.json", "phone.js", "index.html", ".npmrc")
_INSTALL: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_BUNDLE: Final = ("node_modules/.bin/esbuild", "phone.js", "--bundle", "--format=iife")


def needed(command: str, package: str) -> str:
    """The full name of a command; fails the test with the package to install where there is none."""
    found = shutil.which(command)
    if found is None:
        pytest.fail(f"{command} is missing. As root:  apt-get install {package}", pytrace=False)
    return found


def built_page() -> Path:
    """The folder that an edge can serve."""
    digest = hashlib.sha256(b"".join((HERE / part).read_bytes() for part in _PARTS)).hexdigest()
    site = KEPT / digest[:16]
    if not (site / "index.html").exists():
        needed("npm", "npm")
        workshop = KEPT / "workshop"
        shutil.rmtree(KEPT, ignore_errors=True)
        workshop.mkdir(parents=True)
        site.mkdir()
        for part in _PARTS:
            shutil.copy(HERE / part, workshop)
        subprocess.run(_INSTALL, cwd=workshop, check=True)
        subprocess.run([*_BUNDLE, f"--outfile={site / 'phone.js'}"], cwd=workshop, check=True)
        shutil.rmtree(workshop)
        shutil.copy(HERE / "index.html", site)  # last: it says that all is there
    return site
