"""The rules of the house that a machine can check: imports, sizes, words, names, clocks."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.architecture

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "callcenter"
MODULES = {str(path.relative_to(ROOT)): path.read_text() for path in PACKAGE.rglob("*.py")}
TREES = {path: ast.parse(text) for path, text in MODULES.items()}
EXCEPTIONS = tomllib.loads(Path(__file__).with_name("exceptions.toml").read_text())

LONGEST_FILE = 500
LONGEST_FUNCTION = 50
EMPTY_NAMES = {"utils", "helpers", "common", "manager", "base", "misc"}
# Inside an identifier a word ends where another begins: `queue_members`, `QueueMember`.
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
BANNED_EVERYWHERE = {"member", "members"}
BANNED_INSIDE = {"channel", "channels"}
MAY_SAY_CHANNEL = ("callcenter/adapters/", "callcenter/host/", "callcenter/testing/")


def long_files() -> Iterator[str]:
    for path, text in MODULES.items():
        if len(text.splitlines()) > LONGEST_FILE:
            yield path


def long_functions() -> Iterator[str]:
    for path, tree in TREES.items():
        if path in EXCEPTIONS["long-files"]:
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and _length(node) > LONGEST_FUNCTION
            ):
                yield f"{path}:{node.name}"


def _length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def banned_words() -> Iterator[str]:
    for path, text in MODULES.items():
        if path in EXCEPTIONS["long-files"]:
            continue
        said = {word.lower() for word in WORDS.findall(text)}
        banned = set(BANNED_EVERYWHERE)
        if not path.startswith(MAY_SAY_CHANNEL):
            banned |= BANNED_INSIDE
        for word in sorted(said & banned):
            yield f"{path}:{word.removesuffix('s') if word.startswith('channel') else word}"


@pytest.mark.parametrize(
    ("rule", "breaches"),
    [
        ("long-files", set(long_files())),
        ("long-functions", set(long_functions())),
        ("banned-words", set(banned_words())),
    ],
    ids=["long-files", "long-functions", "banned-words"],
)
def test_a_rule_is_kept_except_where_a_reason_is_given(rule: str, breaches: set[str]) -> None:
    excused = EXCEPTIONS[rule]
    assert sorted(breaches - set(excused)) == [], f"mend these, or give a reason under [{rule}]"
    assert sorted(set(excused) - breaches) == [], "no longer needed in exceptions.toml"
    assert all(len(reason) > 10 for reason in excused.values())


def test_every_module_says_what_it_owns() -> None:
    mute = [path for path, tree in TREES.items() if not ast.get_docstring(tree)]
    assert mute == []


def test_no_module_is_named_after_nothing() -> None:
    parts = {path: set(Path(path).with_suffix("").parts) for path in MODULES}
    assert [path for path, names in parts.items() if names & EMPTY_NAMES] == []


@pytest.mark.parametrize(
    "command",
    [
        ["importlinter", "--config", "pyproject.toml"],
        [
            "ruff",
            "check",
            "-q",
            "--config",
            "ruff-core.toml",
            "callcenter/core",
            "callcenter/engine",
        ],
    ],
    ids=["imports point inward", "no clock inside"],
)
def test_the_contracts_hold(command: list[str]) -> None:
    program = [sys.executable, "-m", *command]
    if command[0] == "importlinter":
        check = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
        program = [sys.executable, "-c", check]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_clock_in_the_core_would_be_found(tmp_path: Path) -> None:
    sinner = tmp_path / "sinner.py"
    sinner.write_text(
        '"""Reads the clock."""\nfrom datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n'
    )
    program = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "-q",
        "--config",
        str(ROOT / "ruff-core.toml"),
    ]
    done = subprocess.run([*program, str(sinner)], capture_output=True, text=True, check=False)
    assert "TID251" in done.stdout
