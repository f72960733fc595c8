"""Pause reasons and dispositions from the command line, through the API to the database and back."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.adapter


async def test_pause_reasons_are_kept_in_force_and_forgotten(running: Any) -> None:
    lunch = ("--name", "Lunch", "--name-zh", "午餐", "--unpaid", "--longest", "1800")
    assert "may pause for lunch" in await running.type("codes", "set-pause", "lunch", *lunch)
    await running.type("codes", "set-pause", "lunch", *lunch[:2], "--longest", "900")
    await running.type("codes", "set-pause", "training", "--name-zh", "培训")
    rows = [one.split("\t") for one in (await running.type("codes", "pauses")).splitlines()[1:]]
    assert rows == [["lunch", "Lunch", "paid", "900 s"], ["training", "培训", "paid", ""]]
    await running.type("agents", "add", "ana", "--name", "Ana")
    await running.type("agents", "sign-in", "ana")
    refused = await running.type(
        "agents", "presence", "ana", "paused", "--reason", "smoking", status=1
    )
    assert "lunch, training" in refused
    await running.type("agents", "presence", "ana", "paused", "--reason", "lunch")
    await running.type("codes", "delete-pause", "lunch")
    assert "no such code" in await running.type("codes", "delete-pause", "lunch", status=1)


async def test_dispositions_are_a_tree(running: Any) -> None:
    await running.type("codes", "set-disposition", "sale", "--name", "Sale", "--flag", "sale")
    await running.type("codes", "set-disposition", "new", "--name", "New", "--under", "sale")
    await running.type("codes", "set-disposition", "no", "--name", "No")
    listed = await running.type("codes", "dispositions")
    assert [line.split("\t")[0] for line in listed.splitlines()[1:]] == ["no", "sale", "  new"]
    assert "others under it" in await running.type("codes", "delete-disposition", "sale", status=1)
    ring = ("set-disposition", "sale", "--name", "Sale", "--under", "new")
    assert "a ring: new → sale → new" in await running.type("codes", *ring, status=1)
    found = json.loads(await running.type("codes", "dispositions", "--json"))
    assert {one["id"]: one["parent"] for one in found} == {"sale": None, "new": "sale", "no": None}


@pytest.mark.parametrize(
    ("command", "wish", "said"),
    [
        ("set-disposition", ("--name", "X", "--under", "nowhere"), "no disposition nowhere"),
        ("set-disposition", ("--name", "X", "--flag", "odd"), "flags: odd"),
        ("set-disposition", (), "name_en"),
        ("set-pause", (), "name_en"),
        ("set-pause", ("--name", "X", "--longest", "-1"), "longest_seconds"),
    ],
)
async def test_what_cannot_be_is_named(
    running: Any, command: str, wish: tuple[str, ...], said: str
) -> None:
    assert said in await running.type("codes", command, "x", *wish, status=1)


async def test_nobody_files_a_call_that_is_not_there(running: Any) -> None:
    await running.type("codes", "set-disposition", "sold", "--name", "Sold")
    await running.type("agents", "add", "ana", "--name", "Ana")
    refused = await running.type("agents", "file", "ana", "sold", status=1)
    assert "no call to wrap up" in refused
