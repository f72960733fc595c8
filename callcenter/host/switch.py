"""Finds the telephone switch, Asterisk 22.5 or newer, and the two tools that go with it.

What the machine has on its PATH is used where it is new enough; the rest comes from a private tree
(see `packages`) that is run by its own dynamic loader, so that it neither sees nor disturbs the
libraries of the system.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from callcenter.host.mending import Mendable
from callcenter.host.packages import Progress, Tree, fetch_tree, find_tree, upgrade_tree

OLDEST = (22, 5)  # Persistent outbound websockets and bridge variables; see the house's papers.
ASTERISK_PACKAGES = ("asterisk", "asterisk-core-sounds-en-wav")
SIPP_PACKAGE = "sip-tester"
ESPEAK_PACKAGE = "espeak-ng"


class SwitchUnusable(Mendable):
    """There is an Asterisk, but it cannot be used; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Program:
    """How to start one program: the words before its own arguments, and its environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """Only what must be added to the environment that the caller passes on."""

    def environment(self) -> dict[str, str]:
        """The whole environment to start it with."""
        return {**os.environ, **self.env}


@dataclass(frozen=True, slots=True)
class Switch:
    """A usable Asterisk with its tools. Paths are absolute and stay valid while it runs."""

    version: str
    private: bool
    asterisk: Program
    sipp: Program
    espeak: Program
    modules_dir: Path
    data_dir: Path
    """Holds `documentation/`, without which Asterisk does not load its configuration rules."""
    sounds_dir: Path
    moh_dir: Path
    note: str
    """One sentence for the operator: which Asterisk, and why this one."""

    def asterisk_argv(self, conf: Path) -> list[str]:
        """Run in the foreground with this `asterisk.conf`."""
        return [*self.asterisk.argv, "-C", str(conf), "-f"]

    def asterisk_cli_argv(self, conf: Path, command: str) -> list[str]:
        """Run one command on the console of the instance that uses this `asterisk.conf`."""
        return [*self.asterisk.argv, "-C", str(conf), "-rx", command]

    def sipp_argv(self) -> list[str]:
        """SIPp, to be followed by its own arguments."""
        return list(self.sipp.argv)

    def espeak_argv(self) -> list[str]:
        """espeak-ng with its voices found, to be followed by its own arguments."""
        return list(self.espeak.argv)


def prepare_switch(home: Path, *, mirror: str | None, progress: Progress) -> Switch:
    """Find or fetch everything; offline and quick from the second time on.

    `home` is shared by all instances of one clone (`<project>/run/switch`).

    Raises:
        PackagesUnavailable: something is missing and cannot be fetched.
        SwitchUnusable: what was found or fetched does not run here.
    """
    return _assemble(home, mirror, progress, fetch=fetch_tree)


def upgrade_switch(home: Path, *, mirror: str | None, progress: Progress) -> Switch:
    """Fetch the newest packages even though there are some; a running switch keeps its own."""
    return _assemble(home, mirror, progress, fetch=upgrade_tree)


def find_switch(home: Path) -> Switch | None:
    """The switch that `prepare_switch` would give without fetching, or None."""
    system, note = find_system_asterisk()
    wanted = _missing(system)
    tree = find_tree(home, wanted) if wanted else None
    if wanted and tree is None:
        return None
    return _switch(home, system, tree, note)


def find_system_asterisk() -> tuple[str | None, str]:
    """Path of an Asterisk on the PATH that is new enough, or None; and the sentence why."""
    path = shutil.which("asterisk", path=_search_path())
    if path is None:
        return None, "No Asterisk on this machine: a private one is used."
    said = _version_text((path,))
    version = parse_version(said)
    oldest = ".".join(map(str, OLDEST))
    if version is None or version < OLDEST:
        return None, f"{path} is too old ({said}; {oldest} is needed): a private one is used."
    return path, f"Asterisk of this machine: {said}."


def parse_version(said: str) -> tuple[int, int] | None:
    """Major and minor from `asterisk -V`, which is `Asterisk 22.10.1~dfsg…` or `Asterisk GIT-…`."""
    match = re.search(r"\b(?:certified[/-])?(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else None


def _assemble(home: Path, mirror: str | None, progress: Progress, fetch: "_Fetch") -> Switch:
    system, note = find_system_asterisk()
    wanted = _missing(system)
    tree = fetch(home, wanted, mirror=mirror, progress=progress) if wanted else None
    return _switch(home, system, tree, note)


def _missing(system_asterisk: str | None) -> tuple[str, ...]:
    """Packages to fetch privately: what the machine itself does not have."""
    wanted: list[str] = [] if system_asterisk else list(ASTERISK_PACKAGES)
    wanted += [] if shutil.which("sipp", path=_search_path()) else [SIPP_PACKAGE]
    wanted += [] if shutil.which("espeak-ng", path=_search_path()) else [ESPEAK_PACKAGE]
    return tuple(wanted)


def _switch(home: Path, system: str | None, tree: Tree | None, note: str) -> Switch:
    # Brings numpy along, which an engine that only starts again would pay for.
    from callcenter.host.music import ensure_music

    asterisk = Program((system,)) if system else private_program(tree, "usr/sbin/asterisk")
    said = _version_text(asterisk.argv)
    if parse_version(said) is None:
        raise SwitchUnusable(
            f"the private Asterisk does not run on this machine ({said}). "
            "Remove the folder run/switch and start again; if it stays so, install "
            "Asterisk 22.5 or newer with the machine's own means."
        )
    modules = _system_modules() if system else _the_one(tree, "usr/lib/*/asterisk/modules")
    data = _system_data() if system else _the_one(tree, "usr/share/asterisk")
    return Switch(
        version=said.removeprefix("Asterisk ").strip(),
        private=system is None,
        asterisk=asterisk,
        sipp=_tool("sipp", "usr/bin/sipp", tree),
        espeak=_espeak(tree),
        modules_dir=modules,
        data_dir=data,
        sounds_dir=data / "sounds",
        moh_dir=ensure_music(home / "music"),
        note=note,
    )


def _tool(name: str, where: str, tree: Tree | None) -> Program:
    path = shutil.which(name, path=_search_path())
    return Program((path,)) if path else private_program(tree, where)


def _espeak(tree: Tree | None) -> Program:
    program = _tool("espeak-ng", "usr/bin/espeak-ng", tree)
    if len(program.argv) == 1:
        return program
    data = _the_one(tree, "usr/lib/*/espeak-ng-data")
    return Program(program.argv, {"ESPEAK_DATA_PATH": str(data.parent)})


def private_program(tree: Tree | None, where: str) -> Program:
    """A program of the tree, started by the tree's own dynamic loader.

    `--library-path` and not LD_LIBRARY_PATH: programs that it starts itself must get the
    libraries of the system.
    """
    libc = _the_one(tree, "usr/lib/*/libc.so.6")
    loaders = sorted({*libc.parent.glob("ld-linux*.so*"), *libc.parent.glob("ld64.so*")})
    if tree is None or not loaders:
        raise SwitchUnusable("the private tree has no dynamic loader: remove run/switch")
    libraries = ":".join(map(str, (libc.parent, *_own_corners(libc.parent), tree.path / "usr/lib")))
    path = str(tree.path / where)
    return Program((str(loaders[0]), "--library-path", libraries, "--argv0", path, path))


def _own_corners(libraries: Path) -> list[Path]:
    """Folders where one library keeps those that only it uses, such as `pulseaudio`.

    It knows them by their place in a whole system, where a private tree is not.
    """
    return sorted({library.parent for library in libraries.glob("*/lib*.so*")})


def _the_one(tree: Tree | None, pattern: str) -> Path:
    found = sorted(tree.path.glob(pattern)) if tree else []
    if not found:
        raise SwitchUnusable(f"the private tree has no {pattern}: remove run/switch")
    return found[0]


def _system_modules() -> Path:
    folders = [*Path("/usr/lib").glob("*/asterisk/modules")]
    folders += [Path(f"/usr/{lib}/asterisk/modules") for lib in ("lib", "lib64", "local/lib")]
    return _first_with(folders, "chan_pjsip.so")


def _system_data() -> Path:
    return _first_with(
        (Path("/usr/share/asterisk"), Path("/var/lib/asterisk"), Path("/usr/local/share/asterisk")),
        "documentation",
    )


def _first_with(folders: Sequence[Path], name: str) -> Path:
    for folder in folders:
        if (folder / name).exists():
            return folder
    raise SwitchUnusable(
        f"Asterisk is installed, but {name} was found in none of {', '.join(map(str, folders))}. "
        "Install Asterisk's modules, or take it off the PATH so that a private one is used."
    )


def _version_text(argv: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            [*argv, "-V"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"asterisk -V failed: {type(error).__name__}"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else f"asterisk -V ended with status {done.returncode} and no word"


def _search_path() -> str:
    """The PATH with the sbin folders, which an ordinary user's PATH often lacks."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class _Fetch(Protocol):
    """Type of `fetch_tree` and `upgrade_tree`."""

    def __call__(
        self, home: Path, wanted: Sequence[str], *, mirror: str | None, progress: Progress
    ) -> Tree: ...
