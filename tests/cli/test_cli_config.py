"""`callcenter config`: a file is planned, applied, kept, and read back."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from callcenter.cli.centre import Centre, Refused

pytestmark = pytest.mark.adapter

FILE = """\
skills:
  english: {name_en: English}
queues:
  sales:
    ring_for_seconds: 15
    easing:
      - {after_seconds: 30, skill: english, to: 20}
agents:
  ana:
    name_en: Ana
    queues: [sales]
    skills: {english: 80}
    tiers: {sales: 2}
numbers:
  "4000": {flow: hotline, prefers: english}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "centre.yaml"
    put(path, FILE)
    return path


def put(file: Path, text: str) -> None:
    file.write_text(text)


async def test_a_file_is_planned_applied_and_exported(running: Any, file: Path) -> None:
    first = await running.type("config", "export")
    assert first == (
        "skills: {}\n\nqueues:\n  sales: {}\n\nagents: {}\n\n"
        'numbers:\n  "4000":\n    flow: hotline\n\n'
        "pause_reasons: {}\n\ndispositions: {}\n"
    )
    planned = await running.type("config", "plan", str(file), status=2)
    assert "~ queues.sales\n    ring_for_seconds: 20 -> 15\n" in planned
    assert "+ agents.ana\n" in planned
    assert json.loads(await running.type("agents", "list", "--json")) == []
    assert "--version 1" in await running.type("config", "apply", "--yes", str(file))
    (ana,) = json.loads(await running.type("agents", "list", "--json"))
    assert (ana["queues"], ana["skills"], ana["tiers"]) == (
        ["sales"],
        {"english": 80},
        {"sales": 2},
    )

    now = await running.type("config", "export")
    put(file, now)
    assert "nothing to change" in await running.type("config", "plan", "--prune", str(file))
    assert "没有需要更改" in await running.type("--lang", "zh", "config", "apply", str(file))
    assert "version\tin force until\tchanged by\n1\t" in await running.type("config", "history")
    assert await running.type("config", "export", "--version", "1") == first
    assert "number" in await running.type("config", "export", "--version", "9", status=1)

    put(file, first)
    assert "- agents.ana" in await running.type("config", "plan", "--prune", str(file), status=2)
    await running.type("config", "apply", "--prune", "--yes", str(file))
    assert await running.type("config", "export") == first
    kept = json.loads(await running.type("config", "history", "--json"))
    assert [one["number"] for one in kept] == [2, 1]


async def test_each_change_is_told_with_whoever_made_it(running: Any, file: Path) -> None:
    assert "Nothing was changed" in await running.type("config", "changes")
    await running.type("queues", "change", "sales", "--ring-for", "12")
    await running.type("config", "apply", "--yes", str(file))
    told = await running.type("config", "changes", "--section", "queues", "--id", "sales")
    assert "~ queues.sales\n    ring_for_seconds: 20 -> 12\n" in told
    assert told.index("12 -> 15") < told.index("20 -> 12")
    (first,) = json.loads(await running.type("config", "changes", "--before", "2", "--json"))
    assert (first["number"], first["section"], first["id"]) == (1, "queues", "sales")
    assert "section" in await running.type("config", "changes", "--section", "cats", status=1)


async def test_every_mistake_has_its_line_in_both_languages(running: Any, file: Path) -> None:
    put(file, FILE.replace("to: 20", "to: 200").replace("{english: 80}", "{inglish: -1}"))
    told = await running.type("config", "plan", str(file), status=1)
    assert f"{file}:7: queues.sales.easing[0].to: Write 100 or less." in told
    assert f"{file}:12: agents.ana.skills.inglish: There is no skill called inglish." in told
    assert f"{file}:12: agents.ana.skills.inglish: write 1 to 100" in told
    assert "请填写不大于 100" in await running.type(
        "--lang", "zh", "config", "apply", "--yes", str(file), status=1
    )
    assert json.loads(await running.type("agents", "list", "--json")) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: The file is empty"),
        ("- queues\n", ":1: Write sections"),
        ("queues: &a\n  b: *a\n", ":1: Anchors"),
        ("queues:\n  sales: {}\n  sales: {}\n", ":3: The key sales is given twice"),
        ("numbers:\n  4000: {flow: hotline}\n", ':2: Put the key in quotes: "4000"'),
        ("queues: [\n", "This is not YAML"),
        ("[" * 40, "Too much"),
        ("queue: {}\n", ":1: queue: There is no key called queue. Did you mean: queues?"),
        ("queues: 5\n", ":1: queues: Expected"),
        ("queues:\n  sales:\n", ":2: queues.sales: Nothing is said"),
        ("# " + "x" * 800_000, "larger than 768 KiB"),
    ],
)
async def test_what_is_no_such_file_is_refused_with_its_line(
    running: Any, file: Path, text: str, says: str
) -> None:
    put(file, text)
    assert says in await running.type("config", "plan", str(file), status=1)


async def test_nothing_is_done_without_a_yes(running: Any, file: Path) -> None:
    before = await running.type("config", "export")
    assert "Do it?" in await running.type("config", "apply", str(file), status=1)
    assert await running.type("config", "export") == before


@pytest.mark.parametrize(
    ("document", "digest", "code", "says"),
    [
        ({"queues": {"night": {}}}, "0" * 64, "configuration-changed", "changed meanwhile"),
        ({"queues": {"night": {"musik": "x"}}}, None, "invalid-request", "queues.night.musik: "),
        ([], None, "invalid-request", "document"),
    ],
)
async def test_the_api_changes_nothing_that_it_refuses(
    running: Any, document: Any, digest: str | None, code: str, says: str
) -> None:
    known = json.loads((running.folder / "run/cli.json").read_text())
    asked = Centre(known["url"], known["key"].removeprefix("ApiKey "))
    before = await asyncio.to_thread(asked.ask, "GET", "/config")
    change = {"document": document, "digest": digest or before["digest"]}
    with pytest.raises(Refused, match=says) as refused:
        await asyncio.to_thread(asked.ask, "POST", "/config/apply", change)
    assert refused.value.code == code
    assert await asyncio.to_thread(asked.ask, "GET", "/config") == before
    papers = await asyncio.to_thread(asked.ask, "GET", "/openapi.json")
    assert "/api/v1/config/apply" in papers["paths"]
