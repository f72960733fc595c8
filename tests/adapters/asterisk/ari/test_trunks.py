"""Which carriers answer is told once, and calls go out over one that does."""

import logging

import pytest
from aiohttp import web

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.trunks import Trunks
from callcenter.ports.telephony import SwitchAway
from callcenter.testing.ari_double import Double

pytestmark = pytest.mark.adapter

NAMES = {"main": "tk-1", "second": "tk-2", "unasked": "tk-3"}


@pytest.fixture
def trunks() -> Trunks:
    return Trunks(NAMES, ["main", "second"])


def dialled(trunks: Trunks) -> list[str]:
    """The carriers over which a number is tried, in turn."""
    return [way.dial.removeprefix("PJSIP/+491@") for way in trunks.ways("+491")]


def test_calls_go_out_over_those_that_answer_in_order(trunks: Trunks) -> None:
    assert dialled(trunks) == ["tk-1", "tk-2", "tk-3"]
    trunks.heard("tk-1", False)
    assert dialled(trunks) == ["tk-2", "tk-3"]
    trunks.heard("tk-2", False)
    assert dialled(trunks) == ["tk-3"]
    trunks.heard("tk-1", True)
    assert dialled(trunks) == ["tk-1", "tk-3"]
    assert trunks.up == {"main": True, "second": False, "unasked": True}


def test_all_are_tried_when_all_are_silent() -> None:
    trunks = Trunks({"main": "tk-1", "second": "tk-2"}, ["main", "second"])
    trunks.heard("tk-1", False)
    trunks.heard("tk-2", False)
    assert dialled(trunks) == ["tk-1", "tk-2"]


def test_where_there_is_no_trunk_nothing_is_dialled() -> None:
    assert dialled(Trunks({}, [])) == []


def test_only_a_trunk_with_a_limit_counts_the_calls_over_it() -> None:
    trunks = Trunks({"main": "tk-1", "second": "tk-2"}, [], {"main": 30, "second": 0})
    limited, free = trunks.ways("+491")
    assert (limited.limit, limited.counted) == (30, {"GROUP(trunk)": "main"})
    assert (free.limit, free.counted) == (0, {})


def test_each_change_is_told_once_and_only_of_trunks_that_are_asked(
    trunks: Trunks, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    heard = [("tk-1", True), ("tk-1", False), ("tk-1", False), ("tk-3", False), ("agent-x", False)]
    for endpoint, answers in [*heard, ("tk-1", True)]:
        trunks.heard(endpoint, answers)
    told = [(record.levelname, record.message, record.trunk) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [
        ("ERROR", "trunk does not answer", "main"),
        ("WARNING", "trunk answers again", "main"),
    ]


async def test_a_look_finds_who_fell_silent_while_nobody_listened(
    trunks: Trunks, double: Double, switch: Switch
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        states = {"tk-1": "offline", "tk-2": "online", "agent-x": "offline"}
        found = [{"technology": "PJSIP", "resource": r, "state": s} for r, s in states.items()]
        return web.json_response(found)

    double.http_answer = answer
    async with PooledHttp(switch) as http:
        await trunks.look(http)
    assert trunks.up == {"main": False, "second": True, "unasked": True}


async def test_a_switch_that_cannot_be_asked_is_away(
    trunks: Trunks, double: Double, switch: Switch
) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise web.HTTPInternalServerError

    double.http_answer = refuse
    async with PooledHttp(switch) as http:
        with pytest.raises(SwitchAway):
            await trunks.look(http)
