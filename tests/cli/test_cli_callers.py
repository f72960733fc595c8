"""Customers and listed numbers from the command line, through the API to the database and back."""

import json
from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.ids import LegId

pytestmark = pytest.mark.adapter


async def test_a_customer_is_kept_listed_and_forgotten(running: Any) -> None:
    await running.type("skills", "set", "english", "--name", "English")
    await running.type("agents", "add", "ana", "--name", "Ana")
    who = ("--name", "Acme 公司", "--number", "030 123456", "--number", "+49 (40) 999999")
    what = ("--owner", "ana", "--tier", "gold", "--requires", "english >= 50", "--head-start", "60")
    assert "acme is kept" in await running.type("customers", "set", "acme", *who, *what)
    (kept,) = json.loads(await running.type("customers", "list", "--json"))
    assert kept["numbers"] == ["+4930123456", "+4940999999"]
    listed = await running.type("--lang", "zh", "customers", "list")
    assert listed.splitlines()[1].split("\t")[:4] == [
        "acme",
        "Acme 公司",
        "+4930123456, +4940999999",
        "ana",
    ]
    behind = await running.type("customers", "list", "--after", "acme", "--json")
    assert json.loads(behind) == []
    refused = await running.type("skills", "delete", "english", status=1)
    assert "customer acme" in refused
    await running.type("customers", "delete", "acme")
    assert "no such customer" in await running.type("customers", "delete", "acme", status=1)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (("--number", "nonsense"), "numbers[0]"),
        (("--owner", "nobody"), "no such agent"),
        (("--requires", "french >= 5"), "no such skill"),
        (("--requires", "and and"), "requires"),
        (("--head-start", "1e9"), "head_start_seconds"),
        (("--name", "a\nb"), "name"),
    ],
)
async def test_what_cannot_be_is_named_and_nothing_is_kept(
    running: Any, wish: tuple[str, str], said: str
) -> None:
    refused = await running.type("customers", "set", "acme", *wish, status=1)
    assert said in refused.lower()
    assert json.loads(await running.type("customers", "list", "--json")) == []


async def test_a_number_belongs_to_one_customer(running: Any) -> None:
    await running.type("customers", "set", "acme", "--number", "+4930123456")
    refused = await running.type("customers", "set", "beta", "--number", "030123456", status=1)
    assert "another customer's" in refused


async def test_numbers_are_blocked_slowed_down_favoured_and_let_go(running: Any) -> None:
    blocked = await running.type(
        "callers", "block", "030 123456", "--reason", "robot", "--days", "7"
    )
    assert "+4930123456 is blocked now" in blocked
    await running.type("callers", "slow", "+49401", "--per-hour", "3")
    await running.type("callers", "favour", "Anonymous", "--head-start", "90")
    rows = [line.split("\t") for line in (await running.type("callers", "list")).splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["+4930123456", "blocked", ""],
        ["+49401", "slowed down", "3 an hour"],
        ["anonymous", "VIP", "+90 s"],
    ]
    assert (rows[0][4], rows[0][3][:2]) == ("robot", "20")
    assert "限频" in await running.type("--lang", "zh", "callers", "list")
    await running.type("callers", "unlist", "030-123456")
    assert "on no list" in await running.type("callers", "unlist", "030123456", status=1)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (("block", "nonsense"), "number:"),
        (("block", "030123456", "--days", "-1"), "until"),
        (("slow", "030123456", "--per-hour", "0"), "per_hour"),
        (("favour", "030123456", "--head-start", "1e9"), "head_start_seconds"),
    ],
)
async def test_a_listing_that_cannot_be_is_named(
    running: Any, wish: tuple[str, ...], said: str
) -> None:
    assert said in await running.type("callers", *wish, status=1)


async def test_whom_to_call_back_is_listed_until_somebody_has(running: Any) -> None:
    call = running.desk.switch.arrive("4000", "+4930123456")
    running.desk.clock.move(timedelta(seconds=30))
    running.desk.switch.hang_up(LegId(call))
    await running.archive.step()
    (missed,) = json.loads(await running.type("callers", "missed", "--days", "366", "--json"))
    assert (missed["number"], missed["calls"], missed["queue"]) == ("+4930123456", 1, "sales")
    listed = await running.type("--lang", "zh", "callers", "missed", "--days", "366")
    assert listed.splitlines()[1].split("\t")[-3:] == ["sales", "30 s", "现在"]
    await running.type("callers", "called-back", "030 123456")
    assert json.loads(await running.type("callers", "missed", "--days", "366", "--json")) == []
    again = await running.type("callers", "called-back", "030123456", status=1)
    assert "waits to be called back" in again


async def test_whoever_does_not_want_to_be_called_is_shown_as_such(running: Any) -> None:
    assert (await running.type("callers", "may-call", "030 123456")).strip() == "now"
    said = await running.type("callers", "forbid", "030 123456", "--reason", "asked", "--days", "9")
    assert "+4930123456 is never called" in said
    assert "do not call" in await running.type("callers", "may-call", "+49 30 123456")
    rows = (await running.type("callers", "forbidden")).splitlines()[1:]
    assert [row.split("\t")[0::2] for row in rows] == [["+4930123456", "asked"]]
    await running.type("callers", "allow", "030123456")
    assert (await running.type("callers", "may-call", "030 123456")).strip() == "now"
    assert "on no list" in await running.type("callers", "allow", "030123456", status=1)
    assert "nobody knows" in await running.type("callers", "may-call", "100")
    assert "number" in await running.type("callers", "forbid", "100", status=1)
