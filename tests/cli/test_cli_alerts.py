"""`callcenter alerts` against a running centre."""

import json
from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.watch import KINDS, Bounds
from callcenter.services.watch import Figures, Post, of_subjects

pytestmark = pytest.mark.adapter

FINE = timedelta(0)


async def sees(running: Any, code: str, bounds: Bounds, figures: Figures) -> None:
    await running.dogs.look(Post(code, bounds, FINE, of_subjects(lambda: figures)))


async def test_nothing_is_listed_while_nothing_is_wrong(running: Any) -> None:
    assert await running.type("alerts") == ""
    await sees(running, "trunk-silent", Bounds(1, 0), {"main": 0})
    assert await running.type("alerts") == ""
    assert json.loads(await running.type("alerts", "--json")) == []


async def test_what_is_wrong_is_listed_with_its_mend_in_both_languages(running: Any) -> None:
    await sees(running, "disk-low", Bounds(5e8, 6e8), {"run": 4e8})
    kind = KINDS["disk-low"]
    heading, row = (await running.type("alerts")).splitlines()
    assert heading.split("\t") == ["alert", "of", "severity", "for", "value", "meaning", "mend"]
    assert row.split("\t")[:3] == ["disk-low", "run", "critical"]
    assert row.split("\t")[4:] == ["0.4 GB", kind.title["en"], kind.mend["en"]]
    heading, row = (await running.type("--lang", "zh", "alerts")).splitlines()
    assert heading.split("\t") == ["告警", "对象", "级别", "持续", "数值", "说明", "处理"]
    assert row.split("\t")[2] == "严重"
    assert row.split("\t")[5:] == [kind.title["zh"], kind.mend["zh"]]


async def test_all_shows_what_is_fine_too_each_figure_in_its_unit(running: Any) -> None:
    await sees(running, "trunk-silent", Bounds(1, 0), {"main": 1, "second": 0})
    await sees(running, "disk-filling", Bounds(0.1, 0.2), {"run": 0.5})
    await sees(running, "switch-slow", Bounds(1, 0.5), {"": 0.00123})
    await sees(running, "archive-behind", Bounds(100, 50), {"": 12})
    await sees(running, "archive-behind", Bounds(100, 50), {})
    rows = [line.split("\t") for line in (await running.type("alerts", "--all")).splitlines()[1:]]
    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        ("trunk-silent", "main", "critical", "yes"),
        ("switch-slow", "", "fine", "0.00123 s"),
        ("trunk-silent", "second", "fine", "no"),
        ("archive-behind", "", "fine", "unknown"),
        ("disk-filling", "run", "fine", "50%"),
    ]
