"""Fetching packages, by the real apt from a tiny archive of our own that is really signed."""

import copy
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callcenter.host import packages
from callcenter.host.packages import (
    PackagesUnavailable,
    Tree,
    architecture,
    fetch_tree,
    find_tree,
    parse_uris,
    rank_mirrors,
    upgrade_tree,
)

pytestmark = pytest.mark.service

HASH = "ab" * 32


class Archive:
    """A Debian archive with one package, `tiny`, that needs another, `ground`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"file:{folder}"
        self.keys = folder.parent / "keys"
        self.keys.mkdir(mode=0o700)
        self.keyring = folder.parent / "keyring.gpg"
        self._gpg("--quick-gen-key", "--passphrase", "", "archive@example.test", "rsa2048")
        self._gpg("--output", str(self.keyring), "--export")
        self.publish("1.0")

    def copy_to(self, folder: Path) -> "Archive":
        twin = copy.copy(self)
        twin.folder, twin.url = folder, f"file:{folder}"
        shutil.copytree(self.folder, folder)
        return twin

    def publish(self, version: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "pool").mkdir(parents=True)
        index = self._package("ground", version, "") + self._package("tiny", version, "ground")
        where = self.folder / f"dists/sid/main/binary-{architecture()}"
        where.mkdir(parents=True)
        (where / "Packages").write_text(index)
        digest = hashlib.sha256(index.encode()).hexdigest()
        release = (
            f"Origin: Debian\nLabel: Debian\nSuite: unstable\nCodename: sid\n"
            f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nArchitectures: {architecture()}\n"
            f"Components: main\nSHA256:\n"
            f" {digest} {len(index)} main/binary-{architecture()}/Packages\n"
        )
        (self.folder / "Release").write_text(release)
        self.sign()

    def sign(self) -> None:
        signed = self.folder / "dists/sid/InRelease"
        self._gpg("--yes", "--output", str(signed), "--clearsign", str(self.folder / "Release"))

    def file(self, name: str) -> Path:
        [path] = self.folder.glob(f"pool/{name}_*.deb")
        return path

    def _package(self, name: str, version: str, needs: str) -> str:
        build = self.folder.parent / "build"
        shutil.rmtree(build, ignore_errors=True)
        (build / "DEBIAN").mkdir(parents=True)
        (build / "usr/share/doc").mkdir(parents=True)
        (build / f"usr/share/{name}").write_text(f"{name} {version}")
        (build / f"usr/share/doc/{name}").write_text("papers")
        fields = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: us\n"
        fields += f"Description: {name}\n" + (f"Depends: {needs}\n" if needs else "")
        (build / "DEBIAN/control").write_text(fields)
        target = self.folder / f"pool/{name}_{version}_all.deb"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-b", str(build), str(target)],
            check=True,
            capture_output=True,
        )
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        size = target.stat().st_size
        return fields + f"Filename: pool/{target.name}\nSize: {size}\nSHA256: {digest}\n\n"

    def _gpg(self, *arguments: str) -> None:
        command = ["gpg", "--homedir", str(self.keys), "--batch", "--no-tty", "--quiet"]
        subprocess.run([*command, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return Archive(tmp_path_factory.mktemp("archive") / "debian")


@pytest.fixture
def archive(pristine: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    # The one thing that has to be replaced: nobody but Debian can sign as Debian.
    monkeypatch.setattr(packages, "KEYRINGS", (pristine.keyring,))
    return pristine.copy_to(tmp_path / "archive/debian")


Get = Callable[..., Tree]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "switch"


@pytest.fixture
def get(archive: Archive, home: Path) -> Get:
    def fetch(how: Get = fetch_tree) -> Tree:
        return how(home, ("tiny",), mirror=archive.url, progress=lambda *_: None)

    return fetch


@pytest.fixture(scope="module")
def fetched_once(pristine: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fetched")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packages, "KEYRINGS", (pristine.keyring,))
        fetch_tree(home, ("tiny",), mirror=pristine.url, progress=lambda *_: None)
    return home


@pytest.fixture
def tree(fetched_once: Path, home: Path) -> Tree:
    """A tree that was fetched before, in the home of this test."""
    shutil.copytree(fetched_once, home, symlinks=True)
    found = find_tree(home, ("tiny",))
    assert found is not None
    return found


class Enough(Exception):
    """Somebody pressed Ctrl-C."""


@pytest.mark.parametrize("when", ["Downloading", "Unpacking"])
def test_it_ends_when_it_is_told_to_and_leaves_nothing_half_done(
    archive: Archive, home: Path, get: Get, when: str
) -> None:
    def tell(what: str, share: float | None) -> None:
        if what.startswith(when) and share:
            raise Enough

    with pytest.raises(Enough):
        fetch_tree(home, ("tiny",), mirror=archive.url, progress=tell)
    assert leftovers(home) == []
    assert get().manifest.version_of("tiny") == "1.0"


def leftovers(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob(".building-*"))


def test_a_package_comes_with_what_it_needs_and_without_papers(tree: Tree, home: Path) -> None:
    assert (tree.path / "usr/share/tiny").read_text() == "tiny 1.0"
    assert (tree.path / "usr/share/ground").read_text() == "ground 1.0"
    assert not (tree.path / "usr/share/doc").exists()
    assert tree.manifest.version_of("ground") == "1.0"
    assert leftovers(home) == []


def test_the_manifest_names_what_was_fetched_with_its_checksum(
    tree: Tree, pristine: Archive
) -> None:
    [tiny] = [package for package in tree.manifest.packages if package.name == "tiny"]
    assert tiny.sha256 == hashlib.sha256(pristine.file("tiny").read_bytes()).hexdigest()


def test_the_second_time_needs_no_archive(tree: Tree, get: Get, archive: Archive) -> None:
    shutil.rmtree(archive.folder)
    assert get() == tree


def test_nothing_changes_until_an_upgrade_and_then_the_old_one_stays_for_who_runs_it(
    tree: Tree, get: Get, archive: Archive
) -> None:
    archive.publish("2.0")
    assert get() == tree
    new = get(upgrade_tree)
    assert (new.path / "usr/share/tiny").read_text() == "tiny 2.0"
    assert (tree.path / "usr/share/tiny").read_text() == "tiny 1.0"
    archive.publish("3.0")
    get(upgrade_tree)
    assert not tree.path.exists()
    assert new.path.exists()


def test_a_tree_stays_while_anything_runs_from_it(tree: Tree, get: Get, archive: Archive) -> None:
    shutil.copy("/bin/sleep", tree.path / "usr/share/sleep")
    with subprocess.Popen([tree.path / "usr/share/sleep", "600"]) as running:
        for version in ("2.0", "3.0"):
            archive.publish(version)
            get(upgrade_tree)
        assert (tree.path / "usr/share/tiny").read_text() == "tiny 1.0"
        running.kill()
    archive.publish("4.0")
    get(upgrade_tree)
    assert not tree.path.exists()


def test_a_process_runs_from_a_tree_by_its_program_or_by_its_words(tmp_path: Path) -> None:
    processes, trees = tmp_path / "proc", tmp_path / "switch"
    loader = trees / "tree-1/usr/lib/ld-linux-x86-64.so.2"
    for number, program, words in (
        ("7", loader, b"asterisk\0"),
        ("8", Path("/usr/bin/sh"), f"sh\0{trees}/tree-2/usr/sbin/asterisk\0".encode()),
    ):
        (processes / number).mkdir(parents=True)
        (processes / number / "cmdline").write_bytes(words)
        (processes / number / "exe").symlink_to(program)
    (processes / "9").mkdir()  # It has just ended.
    at_work = packages._at_work(processes)
    runs = [packages._runs_from(trees / name, at_work) for name in ("tree-1", "tree-2", "tree-12")]
    assert runs == [True, True, False]


def test_an_upgrade_to_the_same_leaves_the_tree_untouched(get: Get) -> None:
    before = get()
    stamp = (before.path / "usr/share/tiny").stat().st_ino
    assert get(upgrade_tree) == before
    assert (before.path / "usr/share/tiny").stat().st_ino == stamp


def test_a_damaged_tree_is_fetched_again(tree: Tree, get: Get, home: Path) -> None:
    (tree.path / "usr/share/ground").unlink()
    assert find_tree(home, ("tiny",)) is None
    assert (get().path / "usr/share/ground").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"format": 0}', "{"])
def test_a_manifest_that_cannot_be_read_counts_as_none(
    tree: Tree, home: Path, content: str
) -> None:
    (tree.path / "manifest.json").write_text(content)
    assert find_tree(home, ("tiny",)) is None


def test_a_tree_without_what_is_wanted_now_does_not_count(tree: Tree, home: Path) -> None:
    assert find_tree(home, ("tiny", "more")) is None


def test_an_index_that_was_changed_after_signing_is_refused(get: Get, archive: Archive) -> None:
    signed = archive.folder / "dists/sid/InRelease"
    signed.write_text(signed.read_text().replace("Suite: unstable", "Suite: unstably"))
    with pytest.raises(PackagesUnavailable, match="no Debian archive"):
        get()


def test_an_index_without_a_signature_is_refused(get: Get, archive: Archive) -> None:
    (archive.folder / "dists/sid/InRelease").unlink()
    shutil.copy(archive.folder / "Release", archive.folder / "dists/sid/Release")
    with pytest.raises(PackagesUnavailable, match="no Debian archive"):
        get()


def test_a_package_that_was_changed_is_refused_and_nothing_stays(
    get: Get, archive: Archive, home: Path
) -> None:
    data = archive.file("ground").read_bytes()
    archive.file("ground").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(PackagesUnavailable):
        get()
    assert not (home / "prefix").exists()
    assert leftovers(home) == []


def test_what_a_killed_start_left_is_cleared_away(get: Get, home: Path) -> None:
    (home / ".building-dead/tree/usr").mkdir(parents=True)
    get()
    assert leftovers(home) == []


def test_two_first_starts_at_once_share_one_tree(get: Get, home: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: get(), range(2))
    assert one == two
    assert len(list(home.glob("tree-*"))) == 1


def test_without_a_keyring_nothing_is_fetched(
    get: Get, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(packages, "KEYRINGS", (tmp_path / "none",))
    with pytest.raises(PackagesUnavailable, match="debian-archive-keyring"):
        get()


@pytest.mark.parametrize("mirror", ["debian", "http://a b/debian", "http://a/\nTrusted: yes"])
def test_a_mirror_that_is_no_address_is_refused(home: Path, mirror: str) -> None:
    with pytest.raises(PackagesUnavailable, match=r"switch\.mirror"):
        fetch_tree(home, ("tiny",), mirror=mirror, progress=lambda *_: None)


def test_an_archive_that_is_not_there_says_the_line_to_write(home: Path, tmp_path: Path) -> None:
    with pytest.raises(PackagesUnavailable, match=r'\[switch\]\n  mirror = "http'):
        fetch_tree(home, ("tiny",), mirror=f"file:{tmp_path}/no", progress=lambda *_: None)


def test_a_machine_without_apt_is_told_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackagesUnavailable):
        fetch_tree(home, ("tiny",), mirror=None, progress=lambda *_: None)


def test_debians_own_archive_comes_first_and_security_last() -> None:
    uris = """\
'http://other.example.test/node/dists/nodistro/InRelease' other 0
'http://archive.example.test/debian-security/dists/bookworm-security/InRelease' a 0
'http://archive.example.test/debian/dists/bookworm/InRelease' b 0
'http://archive.example.test/debian/dists/bookworm/main/binary-amd64/Packages.xz' c 0
'cdrom://disc/dists/bookworm/InRelease' d 0
"""
    assert rank_mirrors(uris) == (
        "http://archive.example.test/debian/",
        "http://other.example.test/node/",
        "http://archive.example.test/debian-security/",
    )


def test_a_package_without_a_checksum_is_refused() -> None:
    with pytest.raises(PackagesUnavailable, match="no SHA-256"):
        parse_uris("'http://h/a_1_all.deb' a_1_all.deb 10 MD5Sum:abc")


def test_epochs_are_read_from_file_names() -> None:
    line = f"'http://h/x.deb' asterisk_1%3a22.10.1+dfsg-1_amd64.deb 10 SHA256:{HASH}"
    [package] = parse_uris(line).values()
    assert (package.name, package.version) == ("asterisk", "1:22.10.1+dfsg-1")


def test_the_environment_of_the_tools_speaks_english() -> None:
    assert packages._environment()["LC_ALL"] == "C"
    assert packages._environment()["PATH"] == os.environ["PATH"]
