"""Agents, queues, numbers, flows and calls over a real server, a real database and the real engine."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from callcenter.adapters.db.agents import DbEndpoints
from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.history import DbHistory
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.session import Database
from callcenter.adapters.http.document import changes_of
from callcenter.adapters.http.routes.agents import Registrar, agent_routes
from callcenter.adapters.http.routes.calls import call_routes
from callcenter.adapters.http.routes.flows import flow_routes
from callcenter.adapters.http.routes.numbers import number_routes
from callcenter.adapters.http.routes.queues import queue_routes
from callcenter.adapters.http.routes.skills import skill_routes
from callcenter.adapters.prometheus.engine import EngineMetrics
from callcenter.bootstrap.database import stores_on
from callcenter.core.access import Role
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import AgentId, FlowId, LegId, QueueId
from callcenter.core.ivr.flow import Enqueue, Flow, Language, NodeId
from callcenter.ports.store import NumberEntry
from callcenter.testing.desk import LINE, DeskHouse

pytestmark = pytest.mark.adapter

SALES = QueueId("sales")
HOTLINE = FlowId("hotline")
ENGLISH = Language("en")
PASSWORD = "correct horse battery"


def hotline(version: str = "v1", queue: QueueId = SALES) -> Flow:
    nodes = {NodeId("wait"): Enqueue(queue)}
    return Flow(HOTLINE, version, NodeId("wait"), nodes, {}, (ENGLISH,), ENGLISH)


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
async def database(empty_database: bytes, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "centre.db"
    path.write_bytes(empty_database)
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
async def desk(database: Database) -> DeskHouse:
    """A centre with one queue, one flow and one number."""
    stores = stores_on(database)
    desk = DeskHouse(stores, DbEndpoints(database), changes_of=changes_of)
    await stores.queues.add(QueueRules(SALES))
    await stores.numbers.add(NumberEntry("4000", HOTLINE))
    desk.folder.hold(hotline())
    await desk.configuration.load()
    return desk


class Asking:
    """Somebody with a browser: asks, and says what came back."""

    def __init__(self, client: aiohttp.ClientSession, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with self._client.request(
            method, f"/api/v1{path}", json=body, headers=self._headers
        ) as response:
            text = await response.text()
            return response.status, await response.json(content_type=None) if text else None


@pytest.fixture
async def with_routes(house: Any, desk: DeskHouse, database: Database) -> None:
    house.routes += [
        agent_routes(
            desk.configuration,
            desk.desk,
            desk.door,
            Registrar("pbx.example:5060", "pbx.example:5061"),
        ),
        queue_routes(desk.configuration, desk.door),
        number_routes(desk.configuration),
        skill_routes(desk.configuration),
        flow_routes(desk.configuration),
        call_routes(desk.door, DbHistory(database)),
    ]
    await house.accounts.admit("bo", PASSWORD, Role.AGENT, AgentId("bo"))


@pytest.fixture
async def ask(
    with_routes: None, served: Any, client: aiohttp.ClientSession
) -> Mapping[str, Asking]:
    """root the admin, sue the supervisor, ana (agent a1) and bo (agent bo)."""
    names = ("root", "sue", "ana", "bo")
    return {name: Asking(client, await served.bearer(name)) for name in names}


@pytest.fixture
async def staffed(ask: Mapping[str, Asking]) -> Mapping[str, Asking]:
    """Both agents serve the queue."""
    for agent, name in (("a1", "Ana"), ("bo", "Bo")):
        new = {"id": agent, "name_en": name, "queues": ["sales"]}
        assert (await ask["root"]("POST", "/agents", new))[0] == 201
    return ask


async def make_ready(asking: Asking, desk: DeskHouse, agent: str) -> None:
    await asking("POST", f"/agents/{agent}/login", {"phone": "browser"})
    desk.door.set_reachable(AgentId(agent), True)
    assert (await asking("PUT", f"/agents/{agent}/presence", {"presence": "ready"}))[0] == 200


# -- agents ---------------------------------------------------------------------------------------


async def test_an_agent_is_added_read_changed_and_deleted(ask: Mapping[str, Asking]) -> None:
    root = ask["root"]
    new = {"id": "chen", "name_zh": "陈伟", "outside_number": "030 23125 001", "queues": ["sales"]}
    status, shown = await root("POST", "/agents", new)
    assert status == 201
    assert shown["outside_number"] == "+493023125001"
    assert shown["live"]["presence"] == "signed-out"
    assert (await root("POST", "/agents", new))[1]["code"] == "name-taken"
    _, changed = await root("PATCH", "/agents/chen", {"name_en": "Chen", "outside_number": None})
    assert (changed["name_zh"], changed["name_en"]) == ("陈伟", "Chen")
    assert (changed["outside_number"], changed["queues"]) == (None, ["sales"])
    _, closed = await root("PATCH", "/agents/chen", {"enabled": False})
    assert closed["live"] is None
    assert await root("DELETE", "/agents/chen") == (204, None)
    assert (await root("GET", "/agents/chen"))[1]["code"] == "no-such-agent"


async def test_colleagues_see_presence_but_no_private_number_and_no_call(
    staffed: Mapping[str, Asking], desk: DeskHouse
) -> None:
    await staffed["root"]("PATCH", "/agents/a1", {"outside_number": "+493023125001"})
    await make_ready(staffed["ana"], desk, "a1")
    call = desk.switch.arrive("4000")
    _, seen = await staffed["bo"]("GET", "/agents/a1")
    assert (seen["live"]["presence"], seen["live"]["activity"]) == ("ready", "ringing")
    assert (seen["live"]["call"], seen["outside_number"]) == (None, None)
    for name in ("ana", "sue"):
        assert (await staffed[name]("GET", "/agents/a1"))[1]["live"]["call"] == call
    assert (await staffed["ana"]("GET", "/agents/a1"))[1]["outside_number"] == "+493023125001"


@pytest.mark.parametrize(
    "new",
    [
        {"id": "../x", "name_en": "X"},
        {"id": "x", "name_en": "X", "enabled": "yes"},
        {"id": "x", "name_en": "X", "colour": "red"},
        {"id": "x", "name_en": "x" * 81},
        {"id": "x", "name_en": "X", "outside_number": "call me"},
        {"id": "x" * 300, "name_en": "X"},
        {"name_en": "X"},
    ],
)
async def test_agents_that_cannot_be_are_refused_with_a_reason(
    ask: Mapping[str, Asking], new: dict[str, Any]
) -> None:
    status, problem = await ask["root"]("POST", "/agents", new)
    assert status == 422
    assert problem.get("detail") or problem["errors"][0]["field"]


async def test_agents_and_supervisors_hire_nobody(ask: Mapping[str, Asking]) -> None:
    for name in ("ana", "sue"):
        assert (await ask[name]("POST", "/agents", {"id": "x", "name_en": "X"}))[0] == 403
        assert (await ask[name]("DELETE", "/agents/a1"))[0] == 403


async def test_signing_in_gives_an_account_and_signing_out_ends_it(
    staffed: Mapping[str, Asking], desk: DeskHouse
) -> None:
    ana = staffed["ana"]
    status, seat = await ana("POST", "/agents/a1/login", {"phone": "desk-phone"})
    assert (status, seat["phone"], seat["account"]["endpoint"]) == (200, "desk-phone", "agent-a1")
    assert desk.endpoints.accounts["agent-a1"] == (seat["account"]["password"], False)
    at = (seat["account"]["registrar"], seat["account"]["registrar_tls"])
    assert at == ("pbx.example:5060", "pbx.example:5061")
    assert await ana("DELETE", "/agents/a1/login") == (204, None)
    assert (await ana("DELETE", "/agents/a1/login"))[1]["code"] == "not-signed-in"


async def test_figures_tell_who_is_at_work_from_who_went_home(
    staffed: Mapping[str, Asking], desk: DeskHouse
) -> None:
    await make_ready(staffed["ana"], desk, "a1")
    registry = CollectorRegistry()
    registry.register(EngineMetrics(desk.door, lambda: {"carrier": False}))
    figures = generate_latest(registry).decode()
    assert 'callcenter_agents{activity="idle",presence="ready"} 1.0' in figures
    assert 'callcenter_agents{activity="idle",presence="signed-out"} 1.0' in figures
    assert 'callcenter_free_agents{queue="sales"} 1.0' in figures
    assert 'callcenter_trunk_up{trunk="carrier"} 0.0' in figures


async def test_figures_tell_why_offers_led_to_nothing(
    staffed: Mapping[str, Asking], desk: DeskHouse
) -> None:
    await make_ready(staffed["ana"], desk, "a1")
    await staffed["root"]("DELETE", f"/calls/{desk.switch.arrive('4000')}")
    registry = CollectorRegistry()
    registry.register(EngineMetrics(desk.door, dict))
    figures = generate_latest(registry).decode()
    assert 'callcenter_offers_ended_total{why="caller-gone"} 1.0' in figures


async def test_an_outside_phone_has_no_account(staffed: Mapping[str, Asking]) -> None:
    await staffed["root"]("PATCH", "/agents/a1", {"outside_number": "+493023125001"})
    _, seat = await staffed["ana"]("POST", "/agents/a1/login", {"phone": "outside"})
    assert seat == {"phone": "outside", "account": None}


async def test_nobody_moves_a_colleague(staffed: Mapping[str, Asking]) -> None:
    ana = staffed["ana"]
    for method, path, body in (
        ("POST", "/agents/bo/login", {"phone": "browser"}),
        ("DELETE", "/agents/bo/login", None),
        ("PUT", "/agents/bo/presence", {"presence": "ready"}),
        ("DELETE", "/agents/bo/wrap", None),
        ("PUT", "/agents/a1/queues", {"queues": []}),
    ):
        assert (await ana(method, path, body))[1]["code"] == "not-permitted"
    assert (await staffed["sue"]("POST", "/agents/bo/login", {}))[0] == 200


async def test_presence_is_set_with_a_reason(staffed: Mapping[str, Asking]) -> None:
    ana = staffed["ana"]
    refused = await ana("PUT", "/agents/a1/presence", {"presence": "ready"})
    assert refused[1]["code"] == "not-signed-in"
    await ana("POST", "/agents/a1/login", {})
    _, live = await ana("PUT", "/agents/a1/presence", {"presence": "paused", "reason": "lunch"})
    assert (live["presence"], live["reason"]) == ("paused", "lunch")
    for wrong in ({"presence": "signed-out"}, {"presence": "paused", "reason": "x" * 41}):
        assert (await ana("PUT", "/agents/a1/presence", wrong))[0] == 422
    _, problem = await ana("PUT", "/agents/a1/presence", {"presence": "gone"})
    assert problem["errors"][0]["detail"] == "Input should be 'ready' or 'paused'"


async def test_wrap_up_is_finished_once(staffed: Mapping[str, Asking], desk: DeskHouse) -> None:
    ana = staffed["ana"]
    await make_ready(ana, desk, "a1")
    call = desk.switch.arrive("4000")
    desk.switch.answer(AgentId("a1"))
    desk.switch.hang_up(LegId(call))
    status, live = await ana("POST", "/agents/a1/wrap", {"seconds": 60})
    assert (status, live["activity"]) == (200, "wrapping")
    assert live["activity_until"] > live["activity_since"]
    assert (await ana("POST", "/agents/a1/wrap", {"seconds": 0}))[0] == 422
    assert await ana("DELETE", "/agents/a1/wrap") == (204, None)
    assert (await ana("DELETE", "/agents/a1/wrap"))[1]["code"] == "nothing-to-wrap"


# -- queues ---------------------------------------------------------------------------------------


async def test_a_queue_is_added_read_changed_and_deleted(ask: Mapping[str, Asking]) -> None:
    sue = ask["sue"]
    status, shown = await sue("POST", "/queues", {"id": "night", "ring_for_seconds": 12})
    assert (status, shown["ring_for_seconds"], shown["wrap_up_seconds"]) == (201, 12, 10)
    _, changed = await sue("PATCH", "/queues/night", {"announce_every_seconds": None})
    assert (changed["announce_every_seconds"], changed["ring_for_seconds"]) == (None, 12)
    assert changed["strategy"] == "longest-idle"
    _, changed = await sue("PATCH", "/queues/night", {"strategy": "fewest-calls"})
    assert (changed["strategy"], changed["ring_for_seconds"]) == ("fewest-calls", 12)
    _, changed = await sue("PATCH", "/queues/night", {"wrap_up_seconds": None})
    assert (changed["wrap_up_seconds"], changed["ring_for_seconds"]) == (None, 12)
    _, changed = await sue("PATCH", "/queues/night", {"head_start_seconds": 45})
    assert (changed["wrap_up_seconds"], changed["head_start_seconds"]) == (None, 45)
    step = {"after_seconds": 20, "add": "sales", "skill": None, "to": 0}
    _, changed = await sue("PATCH", "/queues/night", {"easing": [step]})
    assert changed["easing"] == [step]
    nothing: dict[str, Any] = dict.fromkeys(("after_seconds", "key", "calendar", "flow"))
    nothing |= {"expected_seconds": None, "nobody": False}
    ways = [
        {**nothing, **when, "queue": "sales"}
        for when in ({"key": "2"}, {"expected_seconds": 600.0}, {"nobody": True})
    ]
    _, changed = await sue("PATCH", "/queues/night", {"ways_out": ways})
    assert changed["ways_out"] == ways
    assert await sue("DELETE", "/queues/night") == (204, None)
    assert (await sue("GET", "/queues/night"))[1]["code"] == "no-such-queue"
    assert (await sue("DELETE", "/queues/sales"))[1]["code"] == "still-in-use"


@pytest.mark.parametrize(
    "change",
    [
        {"ring_for_seconds": 0},
        {"quiet_for_seconds": 3},
        {"music": "a/b"},
        {"misses_allowed": 1.5},
        {"strategy": "best"},
        {"easing": [{"after_seconds": 5}]},
        {"easing": [{"after_seconds": 5, "add": "sales", "skill": "english"}]},
        {"easing": [{"after_seconds": -5, "skill": "english"}]},
        {"ways_out": [{"after_seconds": -5, "queue": "sales"}]},
        {"ways_out": [{"key": "1", "queue": "sales", "unknown": 1}]},
    ],
)
async def test_rules_that_cannot_be_are_refused(
    ask: Mapping[str, Asking], change: dict[str, Any]
) -> None:
    status, problem = await ask["sue"]("PATCH", "/queues/sales", change)
    field = problem["errors"][0]["field"]
    assert (status, field.partition("[")[0].partition(".")[0]) == (422, next(iter(change)))


async def test_figures_and_entries_show_who_waits(
    staffed: Mapping[str, Asking], desk: DeskHouse
) -> None:
    first = desk.switch.arrive("4000", "+493012345")
    second = desk.switch.arrive("4000", "+493067890", "<b>Eve</b>")
    _, listed = await staffed["ana"]("GET", "/queues")
    assert listed["items"][0]["live"]["waiting"] == 2
    assert listed["items"][0]["agents"] == ["a1", "bo"]
    _, entries = await staffed["sue"]("GET", "/queues/sales/entries")
    assert [entry["call"] for entry in entries["items"]] == [first, second]
    assert entries["items"][1]["name"] == "<b>Eve</b>"
    assert (await staffed["ana"]("GET", "/queues/sales/entries"))[0] == 403
    assert (await staffed["sue"]("GET", "/queues/nowhere/entries"))[0] == 404


async def test_a_supervisor_assigns(staffed: Mapping[str, Asking]) -> None:
    _, shown = await staffed["sue"]("PUT", "/agents/a1/queues", {"queues": []})
    assert shown["queues"] == shown["live"].get("queues", []) == []
    refused = await staffed["sue"]("PUT", "/agents/a1/queues", {"queues": ["nowhere"]})
    assert refused[1]["code"] == "no-such-queue"
    ranked = {"queues": ["sales"], "tiers": {"sales": 3}, "weights": {"sales": 7}}
    _, shown = await staffed["sue"]("PUT", "/agents/a1/queues", ranked)
    assert (shown["tiers"], shown["weights"]) == ({"sales": 3}, {"sales": 7})
    elsewhere = {"queues": [], "tiers": {"sales": 3}}
    assert (await staffed["sue"]("PUT", "/agents/a1/queues", elsewhere))[1]["code"] == "invalid"
    _, shown = await staffed["sue"]("PUT", "/agents/a1/queues", {"queues": ["sales"]})
    assert (shown["queues"], shown["tiers"]) == (["sales"], {"sales": 3})
    _, shown = await staffed["sue"]("PUT", "/agents/a1/queues", {"queues": []})
    assert shown["tiers"] == {}


# -- numbers and flows ----------------------------------------------------------------------------


async def test_a_number_is_put_listed_and_deleted(
    ask: Mapping[str, Asking], desk: DeskHouse
) -> None:
    root = ask["root"]
    status, shown = await root("PUT", "/numbers/03023125000", {"flow": "hotline"})
    assert (status, shown["did"]) == (200, "+493023125000")
    assert desk.door.directory.flow_for("+493023125000").id == HOTLINE
    _, listed = await ask["sue"]("GET", "/numbers")
    assert [number["did"] for number in listed["items"]] == ["+493023125000", "4000"]
    assert await root("DELETE", "/numbers/+493023125000") == (204, None)
    refused = await root("PUT", "/numbers/4001", {"flow": "nowhere"})
    assert refused[1]["code"] == "no-such-flow"
    assert (await root("PUT", "/numbers/sales", {"flow": "hotline"}))[0] == 422
    assert (await ask["sue"]("PUT", "/numbers/4001", {"flow": "hotline"}))[0] == 403


async def test_flows_are_checked_and_reloaded(ask: Mapping[str, Asking], desk: DeskHouse) -> None:
    desk.folder.hold(hotline("v2", QueueId("sale")))
    _, found = await ask["sue"]("POST", "/flows/check")
    (problem,) = found["problems"]
    assert (problem["file"], problem["line"], problem["code"]) == (
        "hotline.yaml",
        LINE,
        "unknown-queue",
    )
    assert "sales" in problem["text"]["en"] and "sales" in problem["text"]["zh"]
    assert (await ask["root"]("POST", "/flows/reload"))[1] == found
    listed = {flow["id"]: flow for flow in (await ask["sue"]("GET", "/flows"))[1]["items"]}
    assert listed["hotline"]["version"] == "v1"
    assert listed["hotline"]["problems"] == [problem]
    desk.folder.hold(hotline("v3"))
    assert (await ask["root"]("POST", "/flows/reload"))[1] == {"problems": []}
    assert desk.door.directory.flows[HOTLINE].version == "v3"
    assert (await ask["sue"]("POST", "/flows/reload"))[0] == 403
    assert (await ask["ana"]("GET", "/flows"))[0] == 403


# -- calls ----------------------------------------------------------------------------------------


async def test_agents_see_their_own_calls_and_supervisors_all(
    staffed: Mapping[str, Asking], desk: DeskHouse
) -> None:
    await make_ready(staffed["ana"], desk, "a1")
    mine, waiting = desk.switch.arrive("4000"), desk.switch.arrive("4000")
    _, everybody = await staffed["sue"]("GET", "/calls")
    assert [call["id"] for call in everybody["items"]] == [mine, waiting]
    _, own = await staffed["ana"]("GET", "/calls")
    assert [(call["id"], call["phase"]) for call in own["items"]] == [(mine, "offered")]
    assert (await staffed["bo"]("GET", "/calls"))[1]["items"] == []
    assert (await staffed["ana"]("GET", f"/calls/{mine}"))[1]["queue"] == "sales"
    assert (await staffed["ana"]("GET", f"/calls/{waiting}"))[0] == 403
    assert (await staffed["ana"]("GET", f"/calls/{waiting}/facts"))[0] == 403
    _, queued = await staffed["sue"]("GET", "/calls?phase=queued&queue=sales")
    assert [call["id"] for call in queued["items"]] == [waiting]
    assert (await staffed["sue"]("GET", "/calls?phase=lost"))[0] == 422


async def test_a_call_is_hung_up_by_whom_it_belongs_to(
    staffed: Mapping[str, Asking], desk: DeskHouse
) -> None:
    await make_ready(staffed["ana"], desk, "a1")
    call = desk.switch.arrive("4000")
    desk.switch.answer(AgentId("a1"))
    assert (await staffed["bo"]("DELETE", f"/calls/{call}"))[0] == 403
    assert await staffed["ana"]("DELETE", f"/calls/{call}") == (204, None)
    assert desk.switch.legs == {}
    assert (await staffed["sue"]("DELETE", f"/calls/{call}"))[1]["code"] == "no-such-call"


async def test_what_is_written_down_about_a_call_can_be_read_afterwards(
    staffed: Mapping[str, Asking], desk: DeskHouse, database: Database
) -> None:
    await make_ready(staffed["ana"], desk, "a1")
    call = desk.switch.arrive("4000", "+493012345")
    assert await staffed["ana"]("GET", f"/calls/{call}/facts") == (200, {"items": []})
    desk.switch.answer(AgentId("a1"))
    desk.switch.hang_up(LegId(call))
    await Archive(database, desk.journal, keep_days=90).step()
    _, past = await staffed["ana"]("GET", f"/calls/{call}")
    assert (past["phase"], past["outcome"], past["agent"]) == ("ended", "answered", "a1")
    _, facts = await staffed["ana"]("GET", f"/calls/{call}/facts")
    kinds = [fact["kind"] for fact in facts["items"]]
    assert kinds[0] == "call.arrived"
    assert kinds.index("call.agent_answered") < kinds.index("call.ended")
    assert facts["items"][0]["body"]["ani"] == "+493012345"
    assert (await staffed["bo"]("GET", f"/calls/{call}/facts"))[0] == 403
    assert (await staffed["bo"]("GET", "/calls/cc1-1.1"))[0] == 403
    assert (await staffed["sue"]("GET", "/calls/cc1-1.1/facts"))[1]["code"] == "no-such-call"


async def test_why_a_call_went_to_whom_it_went_to_is_told_while_it_is_and_afterwards(
    staffed: Mapping[str, Asking], desk: DeskHouse, database: Database
) -> None:
    await staffed["root"]("PUT", "/skills/vip", {"name_en": "VIP"})
    await make_ready(staffed["ana"], desk, "a1")
    call = desk.switch.arrive("4000", "+493012345")
    desk.switch.decline(AgentId("a1"))
    _, why = await staffed["sue"]("GET", f"/calls/{call}/explanation")
    kinds = [step["kind"] for step in why["steps"]]
    assert kinds == ["call.queue_joined", "call.agent_offered", "call.offer_ended"]
    assert why["steps"][1]["why"]["en"].startswith("a1: longest idle of 1 free")
    assert {one["agent"]: one["can"] for one in why["agents"]} == {"a1": False, "bo": False}
    assert "rests for" in why["agents"][0]["why"]["en"]
    change = {"requires": "vip", "priority_seconds": 60}
    assert await staffed["sue"]("PATCH", f"/calls/{call}/needs", change) == (204, None)
    refused = await staffed["sue"]("PATCH", f"/calls/{call}/needs", {"requires": "french"})
    assert refused[1]["code"] == "no-such-skill"
    _, why = await staffed["sue"]("GET", f"/calls/{call}/explanation")
    assert why["agents"][0]["why"]["zh"] == "不具备 vip（现有：无）"
    assert (await staffed["bo"]("GET", f"/calls/{call}/explanation"))[0] == 403
    desk.switch.hang_up(LegId(call))
    assert (await staffed["sue"]("PATCH", f"/calls/{call}/needs", change))[0] == 404
    await Archive(database, desk.journal, keep_days=90).step()
    _, past = await staffed["sue"]("GET", f"/calls/{call}/explanation")
    assert past == {"steps": why["steps"], "agents": []}


async def test_without_a_login_nothing_is_shown(
    with_routes: None, client: aiohttp.ClientSession
) -> None:
    for path in ("agents", "queues", "numbers", "flows", "calls", "agents/a1", "calls/cc1-1.1"):
        async with client.get(f"/api/v1/{path}") as response:
            assert response.status == 401
