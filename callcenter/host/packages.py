"""Debian packages unpacked into a private tree, without root and without touching the system.

apt does what it is good at (signatures, dependencies, downloads) with its own directories and an
empty list of installed packages; `dpkg-deb -x` unpacks. What was fetched is written down with its
SHA-256 in `manifest.json` inside the tree and reused until an explicit upgrade.

A tree is built beside its final place and appears there by one rename, under a lock, so that a
killed or a doubled first start leaves either nothing or the whole.

Release signatures are always checked against the machine's own Debian keyring. There is no way to
switch that off.
"""

import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from callcenter.host.mending import Mendable

SUITE = "sid"  # The only suite that carries an Asterisk new enough (22.5) at the time of writing.
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)
MANIFEST_FORMAT = 1
# Not used by a running switch: what packages need to install themselves, and papers. Together it is
# a third of the tree and of the time that the first start takes.
INSTALL_TIME = re.compile(r"perl|libperl|python3|libpython3|gnupg|gpg|dirmngr|pinentry")
USELESS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")

Progress = Callable[[str, float | None], None]
"""Called with what is being done and, where known, the share done (0 to 1)."""


class PackagesUnavailable(Mendable):
    """Packages could not be fetched; the text says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Package:
    """One fetched package as the signed index names it."""

    name: str
    version: str
    architecture: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a tree was made of, and enough about its contents to notice that it was damaged."""

    architecture: str
    mirror: str
    wanted: tuple[str, ...]
    packages: tuple[Package, ...]
    files: int
    bytes: int

    def version_of(self, name: str) -> str | None:
        """The Debian version of one package, or None when the tree does not hold it."""
        return next((package.version for package in self.packages if package.name == name), None)


@dataclass(frozen=True, slots=True)
class Tree:
    """An unpacked set of packages that is ready to use."""

    path: Path
    manifest: Manifest


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the lock of a package home; the kernel lets go of it when we are killed."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def find_tree(home: Path, wanted: Sequence[str]) -> Tree | None:
    """The tree in `home`, if it is whole and holds all of `wanted`; never touches the network."""
    path = (home / "prefix").resolve()
    try:
        manifest = _read_manifest(path / "manifest.json")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not set(wanted) <= set(manifest.wanted) or manifest.architecture != architecture():
        return None
    if _count(path) != (manifest.files, manifest.bytes):
        return None
    return Tree(path, manifest)


def fetch_tree(
    home: Path, wanted: Sequence[str], *, mirror: str | None, progress: Progress
) -> Tree:
    """Return the tree in `home`, fetching it first when it is not there or not whole.

    Raises:
        PackagesUnavailable: no mirror, no keyring, no network, a bad signature or checksum.
    """
    with locked(home):
        found = find_tree(home, wanted)
        return found if found else _build(home, wanted, mirror, progress)


def upgrade_tree(
    home: Path, wanted: Sequence[str], *, mirror: str | None, progress: Progress
) -> Tree:
    """Fetch what is newest now and make it the tree; the one before stays for who still runs it."""
    with locked(home):
        return _build(home, wanted, mirror, progress)


@functools.cache
def architecture() -> str:
    """The Debian name of this machine's architecture, as dpkg says it."""
    return _run(["dpkg", "--print-architecture"]).strip()


def find_mirrors() -> tuple[str, ...]:
    """Archives that this machine's own apt configuration names, the likeliest to be Debian's first.

    Asked by `update --print-uris`, which needs neither root nor package lists: `indextargets` is
    silent on a machine, such as a fresh container, whose lists were never fetched.
    """
    return rank_mirrors(_run(["apt-get", "update", "--print-uris"]))


def rank_mirrors(uris: str) -> tuple[str, ...]:
    """Order the archives in `apt-get update --print-uris` output; the signature decides in the end."""
    found = dict.fromkeys(re.findall(r"^'((?:mirror\+)?(?:https?|file):\S+?)dists/", uris, re.M))
    return tuple(sorted(found, key=lambda uri: ("security" in uri, "debian" not in uri)))


def _build(home: Path, wanted: Sequence[str], mirror: str | None, progress: Progress) -> Tree:
    for leftover in home.glob(".building-*"):
        shutil.rmtree(leftover)
    _require_tools()
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
    try:
        used = _configure_apt(work, mirror, progress)
        packages = _download(work, wanted, progress)
        _unpack(work, progress)
        return _publish(home, work, used, tuple(wanted), packages)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _require_tools() -> None:
    missing = [tool for tool in ("apt-get", "dpkg", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise PackagesUnavailable(
            f"{', '.join(missing)} not found: this is not a Debian-like machine. "
            "Install Asterisk 22.5 or newer with its own means so that `asterisk -V` works."
        )


def _configure_apt(work: Path, mirror: str | None, progress: Progress) -> str:
    """Write a private apt and fetch the signed index from the first archive that has one."""
    keyring = next((path for path in KEYRINGS if path.exists()), None)
    if keyring is None:
        raise PackagesUnavailable(
            "the Debian archive keyring is missing, so nothing that is fetched could be trusted. "
            "Install the package debian-archive-keyring."
        )
    candidates = (mirror,) if mirror else find_mirrors()
    for part in ("etc/empty", "state/lists/partial", "cache/archives/partial"):
        (work / "apt" / part).mkdir(parents=True)
    (work / "apt/status").touch()
    (work / "apt/apt.conf").write_text(_apt_conf(work / "apt"))
    failures = []
    for candidate in candidates:
        progress(f"Reading the package index ({SUITE}) from {candidate}", None)
        (work / "apt/etc/private.sources").write_text(_source(candidate, keyring))
        try:
            _apt(work, "update", "--error-on=any")
        except PackagesUnavailable as error:
            failures.append(f"{candidate}: {error}")
        else:
            return candidate
    raise PackagesUnavailable(_no_mirror_text(failures))


def _no_mirror_text(failures: Sequence[str]) -> str:
    tried = "".join(f"\n  tried {failure}" for failure in failures)
    return (
        f"no Debian archive with the suite {SUITE} could be read.{tried}\n"
        "Write the address of a Debian archive that this machine reaches into the settings:\n"
        '  [switch]\n  mirror = "http://<archive host>/debian"\n'
        'or install Asterisk 22.5 or newer so that "asterisk -V" works.'
    )


def _apt_conf(apt: Path) -> str:
    return f"""\
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Pre-Invoke;
#clear APT::Architectures;
#clear APT::Default-Release;
Dir "{apt}";
Dir::State "{apt}/state";
Dir::State::status "{apt}/status";
Dir::State::lists "lists";
Dir::Cache "{apt}/cache";
Dir::Cache::archives "archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc "{apt}/etc";
Dir::Etc::sourcelist "private.sources";
Dir::Etc::sourceparts "empty";
Dir::Etc::preferences "none";
Dir::Etc::preferencesparts "empty";
APT::Architecture "{architecture()}";
APT::Architectures {{ "{architecture()}"; }};
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
APT::Get::Assume-Yes "true";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::ForceHash "SHA256";
Acquire::GzipIndexes "false";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
"""


def _source(mirror: str, keyring: Path) -> str:
    if not re.fullmatch(r"(mirror\+)?(https?|file):[^\s]+", mirror):
        raise PackagesUnavailable(
            f"switch.mirror is {mirror!r}, which is not an address. "
            'Write for example mirror = "http://<archive host>/debian"'
        )
    # apt leaves the packages of a file: archive where they are; with copy: they come to us.
    uri = re.sub(r"^file:", "copy:", mirror)
    return (
        f"Types: deb\nURIs: {uri}\nSuites: {SUITE}\nComponents: main\n"
        f"Architectures: {architecture()}\nSigned-By: {keyring}\n"
    )


def _download(work: Path, wanted: Sequence[str], progress: Progress) -> tuple[Package, ...]:
    listing = _apt(work, "install", "--print-uris", "-qq", *wanted)
    packages = parse_uris(listing)
    megabytes = sum(package.size for package in packages.values()) // 1_000_000
    what = f"Downloading {len(packages)} packages ({megabytes} MB)"
    progress(what, 0.0)
    _apt(work, "install", "--download-only", *wanted, progress=lambda done: progress(what, done))
    archives = work / "apt/cache/archives"
    for filename, package in packages.items():
        with (archives / filename).open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        if digest != package.sha256:
            raise PackagesUnavailable(f"{filename} is not the file that the signed index names")
    return tuple(packages.values())


def parse_uris(listing: str) -> dict[str, Package]:
    """Read `apt-get --print-uris` into packages by file name.

    Raises:
        PackagesUnavailable: an entry has no SHA-256, so it could not be checked.
    """
    packages = {}
    for line in listing.splitlines():
        match = re.fullmatch(r"'([^']+)' (\S+\.deb) (\d+) SHA256:([0-9a-f]{64})", line.strip())
        if match is None:
            if line.startswith("'"):
                raise PackagesUnavailable("the archive gives no SHA-256 for a package")
            continue
        filename = match[2]
        name, version, arch = unquote(filename.removesuffix(".deb")).split("_")
        packages[filename] = Package(name, version, arch, match[4], int(match[3]))
    return packages


def _unpack(work: Path, progress: Progress) -> None:
    tree = work / "tree"
    tree.mkdir()
    archives = [
        archive
        for archive in sorted((work / "apt/cache/archives").glob("*.deb"))
        if not INSTALL_TIME.match(archive.name)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        unpacked = pool.map(lambda file: _run(["dpkg-deb", "-x", str(file), str(tree)]), archives)
        try:
            for number, _ in enumerate(unpacked, 1):
                progress(f"Unpacking {len(archives)} packages", number / len(archives))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for part in USELESS:
        shutil.rmtree(tree / part, ignore_errors=True)


def _publish(
    home: Path, work: Path, mirror: str, wanted: tuple[str, ...], packages: tuple[Package, ...]
) -> Tree:
    """Move the finished tree into place and point `prefix` at it, each by one rename."""
    tree = work / "tree"
    files, size = _count(tree)
    manifest = Manifest(architecture(), mirror, wanted, packages, files, size)
    text = json.dumps({"format": MANIFEST_FORMAT, **asdict(manifest)}, indent=1)
    (tree / "manifest.json").write_text(text + "\n")
    identity = hashlib.sha256(text.encode()).hexdigest()[:12]
    final = home / f"tree-{identity}"
    current = (home / "prefix").resolve()
    at_work = _at_work()
    for old in home.glob("tree-*"):
        # The current tree is about to run for whoever has just looked it up.
        keep = old.resolve() == current or _runs_from(old.resolve(), at_work)
        if old == final:
            keep = _count(old) == (files, size)
        if not keep:
            shutil.rmtree(old)
    if not final.exists():
        os.rename(tree, final)
    pointer = work / "prefix"
    pointer.symlink_to(final.name)
    os.rename(pointer, home / "prefix")
    return Tree(final.resolve(), manifest)


def _at_work(processes: Path = Path("/proc")) -> list[str]:
    """The program and the words of every process, as far as we may look. The words of other users'
    processes can be read too, and name the program that our own loader runs."""
    found = []
    for process in processes.glob("[0-9]*"):
        with suppress(OSError):  # It has ended, or is not ours to look at.
            found += (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            found.append(os.readlink(process / "exe"))
    return found


def _runs_from(tree: Path, at_work: Sequence[str]) -> bool:
    return any(f"{tree}/" in word for word in at_work)


def _read_manifest(path: Path) -> Manifest:
    data = json.loads(path.read_text())
    if data.pop("format") != MANIFEST_FORMAT:
        raise ValueError("another manifest format")
    data["packages"] = tuple(Package(**package) for package in data["packages"])
    data["wanted"] = tuple(data["wanted"])
    return Manifest(**data)


def _count(tree: Path) -> tuple[int, int]:
    """Number and bytes of the regular files of a tree, its manifest excepted."""
    files = size = 0
    pending = [os.fspath(tree)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and entry.name != "manifest.json":
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_size
    return files, size


def _apt(work: Path, *arguments: str, progress: Callable[[float], None] | None = None) -> str:
    """Run the private apt-get; its status lines feed `progress`."""
    command = ["apt-get", "-c", str(work / "apt/apt.conf")]
    if progress is None:
        return _run([*command, *arguments])
    read_end, write_end = os.pipe()
    with (work / "apt/log").open("w+") as log:
        process = subprocess.Popen(
            [*command, "-o", f"APT::Status-Fd={write_end}", *arguments],
            pass_fds=(write_end,),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=_environment(),
        )
        os.close(write_end)
        try:
            with os.fdopen(read_end) as status:
                for line in status:
                    kind, _, rest = line.partition(":")
                    percent = rest.split(":")[1:2]
                    if kind == "dlstatus" and percent:
                        progress(float(percent[0]) / 100)
        except BaseException:  # `progress` may tell us to stop.
            process.terminate()
            process.wait()
            raise
        if process.wait() != 0:
            log.seek(0)
            raise PackagesUnavailable(_complaint(log.read()))
    return ""


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        raise PackagesUnavailable(f"{command[0]} is not installed") from None
    if done.returncode != 0:
        raise PackagesUnavailable(_complaint(done.stderr or done.stdout))
    return done.stdout


def _complaint(output: str) -> str:
    """The lines of a tool's output that say what went wrong, short enough for one message."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"E:|Err:|W: .*(GPG|signature|Fail)|dpkg", line)]
    return "; ".join((telling or lines)[-4:])


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
