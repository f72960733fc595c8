"""Which Asterisk is used, and the music that goes with it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from callcenter.host.music import FORMATS, NAME, ensure_music
from callcenter.host.packages import Manifest, Tree
from callcenter.host.switch import (
    Program,
    find_system_asterisk,
    parse_version,
    private_program,
)

pytestmark = pytest.mark.service

NOTHING_KNOWN = Manifest("amd64", "", (), (), files=0, bytes=0)

Install = Callable[[str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a program called asterisk in front of everything else, which runs these shell lines."""

    def write(lines: str) -> Path:
        program = tmp_path / "asterisk"
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return program

    return write


@pytest.mark.parametrize(
    "said, version",
    [
        ("Asterisk 22.10.1~dfsg+~cs6.17-1", (22, 10)),
        ("Asterisk 20.6.0", (20, 6)),
        ("Asterisk certified/22.8-cert1", (22, 8)),
        ("Asterisk certified-20.7-cert2", (20, 7)),
        ("Asterisk GIT-master-abc", None),
        ("", None),
    ],
)
def test_the_version_is_read(said: str, version: tuple[int, int] | None) -> None:
    assert parse_version(said) == version


def test_an_asterisk_of_the_machine_that_is_new_enough_is_used(install: Install) -> None:
    program = install("echo Asterisk 22.5.0")
    assert find_system_asterisk() == (str(program), "Asterisk of this machine: Asterisk 22.5.0.")


@pytest.mark.parametrize("lines", ["echo Asterisk 22.4.9", "echo broken >&2; exit 1", "exit 1"])
def test_one_that_is_too_old_or_broken_is_named_and_passed_over(
    install: Install, lines: str
) -> None:
    program = install(lines)
    path, why = find_system_asterisk()
    assert path is None
    assert str(program) in why
    assert "22.5 is needed" in why


def test_private_programs_find_what_their_libraries_keep_apart(tmp_path: Path) -> None:
    libraries = tmp_path / "usr/lib/x86_64-linux-gnu"
    for name in ("libc.so.6", "ld-linux-x86-64.so.2", "pulseaudio/libpulsecommon-17.0.so"):
        (libraries / name).parent.mkdir(parents=True, exist_ok=True)
        (libraries / name).touch()
    argv = private_program(Tree(tmp_path, NOTHING_KNOWN), "usr/bin/espeak-ng").argv
    searched = argv[argv.index("--library-path") + 1].split(":")
    assert searched == [str(libraries), str(libraries / "pulseaudio"), str(tmp_path / "usr/lib")]


def test_a_program_adds_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    environment = Program(("x",), {"ADDED": "2"}).environment()
    assert (environment["KEPT"], environment["ADDED"]) == ("1", "2")


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_music(tmp_path_factory.mktemp("music"))


@pytest.mark.parametrize("law", FORMATS)
def test_the_music_is_long_lively_and_never_too_loud(music: Path, law: str) -> None:
    data, _ = soundfile.read(
        music / f"{NAME}.{law}",
        dtype="float64",
        samplerate=8000,
        channels=1,
        format="RAW",
        subtype=FORMATS[law],
    )
    assert 30 <= len(data) / 8000 <= 120
    assert 0.25 < abs(data).max() < 0.5
    # Half-second windows all differ, and only the very end is silent.
    windows = [data[start : start + 4000] for start in range(0, len(data) - 4000, 4000)]
    assert len({window.tobytes() for window in windows}) == len(windows)
    assert min(abs(window).max() for window in windows[:-3]) > 0.02


def test_music_that_is_there_is_left_alone(music: Path) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in music.iterdir()}
    ensure_music(music)
    assert {path: path.stat().st_mtime_ns for path in music.iterdir()} == stamps
    assert {path.suffix for path in stamps} == {".ulaw", ".alaw"}
