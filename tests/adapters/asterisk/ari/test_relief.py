"""Whom the fallback takes over from the engine, and whom the engine takes back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.relief import AriRelief
from callcenter.core.ids import LegId
from callcenter.ports.telephony import SwitchAway
from callcenter.testing.ari_double import Double

pytestmark = pytest.mark.adapter

Leg = dict[str, Any]


def leg(name: str, app: str = "Stasis", data: str = "cc,inbound,4000", **more: Any) -> Leg:
    context = more.pop("context", "inbound")
    return {
        "id": name,
        "name": f"PJSIP/{name}",
        "creationtime": more.pop("created", "2026-11-22T10:00:00.000+0000"),
        "dialplan": {"context": context, "app_name": app, "app_data": data},
        "channelvars": {"CC_SINCE": more.pop("since", "100")},
    }


def fallen(name: str, app: str = "Queue") -> Leg:
    return leg(name, app, "fallback", context="fallback")


class Exchange:
    """Legs and bridges, and what was ordered."""

    def __init__(self, double: Double) -> None:
        self.legs: list[Leg] = []
        self.bridged: list[str] = []
        self.others: list[Leg] = []
        self.refuses: dict[str, int] = {}
        self.after_redirect: list[list[Leg]] = []
        self.went: list[str] = []
        self.globals = {"CC_HB": "1796000000", "CC_BACK": ""}
        self.lists: list[tuple[str, list[str]]] = []
        double.http_answer = self.answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        what = request.path.removeprefix("/ari/")
        if what in self.refuses:
            raise _status(self.refuses[what])
        if what == "bridges":
            return web.json_response([{"id": "br-1", "channels": self.bridged}, *self.others])
        if what == "asterisk/variable" and request.method == "POST":
            self.globals[request.query["variable"]] = request.query["value"]
            return web.Response(status=204)
        if what == "asterisk/variable":
            return web.json_response({"value": self.globals[request.query["variable"]]})
        if request.method == "DELETE":
            self.went.append(what)
            return web.Response(status=204)
        if what.endswith("/continue"):
            self.went.append(what.split("/")[1])
            return web.Response(status=204)
        if request.method == "POST":
            named = (await request.json())["variables"]["CC_LIST"].split("&")
            self.lists.append((request.query["endpoint"], named))
            self.legs = [leg for leg in self.legs if leg["name"] not in named]
            return web.json_response({})
        if self.lists and self.after_redirect:
            self.legs = self.after_redirect.pop(0)
        return web.json_response(self.legs)


def _status(status: int) -> web.HTTPException:
    return {404: web.HTTPNotFound(), 500: web.HTTPInternalServerError()}[status]


@pytest.fixture
def exchange(double: Double) -> Exchange:
    return Exchange(double)


@pytest.fixture
async def relief(exchange: Exchange, switch: Switch) -> AsyncIterator[AriRelief]:
    async with PooledHttp(switch) as http:
        yield AriRelief(http)


async def test_callers_alone_with_the_engine_are_handed_over_in_the_order_they_came(
    exchange: Exchange, relief: AriRelief
) -> None:
    exchange.legs = [
        leg("third", since="102"),
        leg("second", since="101", created="2026-11-22T10:00:01.700+0000"),
        leg("first", since="101", created="2026-11-22T10:00:01.200+0000"),
        leg("talking"),
        leg("ag-first-1", data="cc,agent,ana"),
        leg("elsewhere", data="other,inbound"),
        leg("beeping", app="Playback", data="demo"),
        leg(
            "test-call-ab12-1-centre", data="cc,test"
        ),  # nobody's, and the fallback would ring somebody
    ]
    exchange.bridged = ["talking"]
    assert await relief.hand_over() == 3
    assert exchange.went == ["first", "second", "third"]


async def test_one_who_hung_up_meanwhile_keeps_nobody(
    exchange: Exchange, relief: AriRelief
) -> None:
    exchange.legs = [leg("gone", since="1"), leg("there", since="2")]
    exchange.refuses = {"channels/gone/continue": 404}
    assert await relief.hand_over() == 2
    assert exchange.went == ["there"]


async def test_who_waits_in_the_fallback_is_called_back_and_who_talks_or_speaks_is_not(
    exchange: Exchange, relief: AriRelief
) -> None:
    exchange.legs = [fallen("waiting"), fallen("talking"), fallen("speaking", "Record"), leg("new")]
    exchange.bridged = ["talking"]
    assert await relief.call_back() == 1
    assert exchange.lists == [("Local/back@lifeboat/n", ["PJSIP/waiting"])]


async def test_a_caller_on_the_way_back_is_waited_for(
    exchange: Exchange, relief: AriRelief
) -> None:
    on_the_way = leg("waiting", "ChannelRedirect", "", context="adopt")
    exchange.after_redirect = [[on_the_way], [on_the_way], [leg("waiting")]]
    exchange.legs = [fallen("waiting")]
    assert await relief.call_back() == 1
    assert exchange.after_redirect == [] and exchange.legs == [leg("waiting")]


async def test_who_comes_back_says_so_first_for_the_lifeboat_to_see(
    exchange: Exchange, relief: AriRelief
) -> None:
    exchange.legs = [fallen("waiting")]
    before = await relief.heartbeat()
    await relief.call_back()
    assert await relief.heartbeat() != before


async def test_nobody_in_the_fallback_costs_no_call(exchange: Exchange, relief: AriRelief) -> None:
    exchange.legs = [leg("new")]
    assert await relief.call_back() == 0
    assert exchange.lists == []


async def test_phones_go_in_and_out_in_portions_that_a_variable_holds(
    exchange: Exchange, relief: AriRelief
) -> None:
    phones = [f"agent-{number:03}" for number in range(90)]
    await relief.fill(phones)
    await relief.empty(phones[:1])
    assert [(to, len(named)) for to, named in exchange.lists] == [
        ("Local/fill@lifeboat/n", 40),
        ("Local/fill@lifeboat/n", 40),
        ("Local/fill@lifeboat/n", 10),
        ("Local/empty@lifeboat/n", 1),
    ]
    filled = [name for _, named in exchange.lists[:3] for name in named]
    assert filled == [f"PJSIP/{phone}" for phone in phones]


async def test_the_heartbeat_is_what_is_written_or_nothing_yet(
    exchange: Exchange, relief: AriRelief
) -> None:
    assert await relief.heartbeat() == "1796000000"
    exchange.refuses = {"asterisk/variable": 404}
    assert await relief.heartbeat() == ""
    exchange.refuses = {"asterisk/variable": 500}
    with pytest.raises(SwitchAway):
        await relief.heartbeat()


async def test_whose_partner_has_hung_up_is_deserted_and_let_go(
    exchange: Exchange, relief: AriRelief
) -> None:
    exchange.bridged = ["left-alone"]
    exchange.others = [
        {"id": "br-2", "channels": ["talking", "too"]},
        {"id": "br-3", "channels": []},
        {"id": "the-queues-own", "channels": ["enters"]},
    ]
    assert await relief.deserted() == {"left-alone"}
    exchange.refuses = {"channels/gone": 404}
    await relief.let_go([LegId("gone"), LegId("left-alone")])
    assert exchange.went == ["channels/left-alone"]
