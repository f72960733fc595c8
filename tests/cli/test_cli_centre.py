"""Commands that change a running centre, as somebody types them."""

import json
from typing import Any

import pytest

from callcenter.core.access import Actor, Role
from callcenter.core.acd.strategy import Strategy
from callcenter.core.ids import AgentId, FlowId, LegId
from callcenter.testing.desk import LINE

pytestmark = pytest.mark.adapter

ROOT = Actor("root", Role.ADMIN)


async def test_an_agent_is_added_assigned_changed_and_listed(running: Any) -> None:
    added = await running.type("agents", "add", "ana", "--name", "Ana", "--queue", "sales")
    assert "ana is added" in added
    listed = await running.type("agents", "list")
    assert listed.splitlines()[1].split("\t") == [
        "ana",
        "Ana",
        "sales",
        "signed-out",
        "",
        "",
        "",
        "",
    ]
    await running.type("agents", "change", "ana", "--name-zh", "安娜", "--outside", "030 23125 001")
    chinese = await running.type("--lang", "zh", "agents", "list")
    assert chinese.splitlines()[1].split("\t")[1:4] == ["安娜", "sales", "未签入"]
    (shown,) = json.loads(await running.type("agents", "list", "--json"))
    assert shown["outside_number"] == "+493023125001"
    await running.type("queues", "assign", "sales", "ana", "--remove")
    assert running.desk.door.agent(AgentId("ana"))["queues"] == []
    await running.type("queues", "assign", "sales", "ana")
    assert running.desk.door.agent(AgentId("ana"))["queues"] == ["sales"]
    await running.type("agents", "delete", "ana")
    assert await running.type("agents", "list") == ""


async def test_signing_in_says_what_to_type_into_the_phone(running: Any) -> None:
    await running.type("agents", "add", "ana", "--name", "Ana", "--outside", "+493023125001")
    said = await running.type("agents", "sign-in", "ana")
    password, browser = running.desk.endpoints.accounts["agent-ana"]
    lines = [line.strip().split("\t") for line in said.splitlines()[1:-1]]
    assert lines == [
        ["server", "pbx.example:5060 (UDP or TCP)"],
        ["or by TLS", "pbx.example:5061"],
        ["user", "agent-ana"],
        ["password", password],
    ]
    assert not browser
    assert "话机" in await running.type("--lang", "zh", "agents", "sign-in", "ana")
    assert "number outside" in await running.type("agents", "sign-in", "ana", "--outside")
    assert running.desk.endpoints.accounts == {}


async def test_people_are_let_in_and_given_new_passwords(running: Any) -> None:
    added = await running.type("users", "add", "eva", "--role", "supervisor")
    first = added.splitlines()[-1].split("\t")[1]
    again = await running.type("users", "password", "eva")
    second = again.splitlines()[-1].split("\t")[1]
    assert len({first, second}) == 2
    listed = await running.type("users", "list")
    assert listed.splitlines()[1:] == ["eva\tsupervisor\t\tyes"]
    await running.type("users", "change", "eva", "--off")
    (shown,) = json.loads(await running.type("users", "list", "--json"))
    assert (shown["role"], shown["enabled"]) == ("supervisor", False)
    assert "用户" in await running.type("--lang", "zh", "users", "delete", "nobody", status=1)
    await running.type("users", "delete", "eva")
    assert await running.type("users", "list") == ""


async def test_presence_is_set_and_ended(running: Any) -> None:
    await running.type("agents", "add", "ana", "--name", "Ana")
    refused = await running.type("agents", "presence", "ana", "ready", status=1)
    assert "not signed in" in refused
    await running.desk.desk.sign_in(ROOT, AgentId("ana"))
    await running.type("agents", "presence", "ana", "paused", "--reason", "lunch")
    row = (await running.type("agents", "list")).splitlines()[1].split("\t")
    assert (row[3], row[6]) == ("paused (lunch)", "not there")
    await running.type("agents", "sign-out", "ana")
    assert running.desk.endpoints.accounts == {}


async def test_a_refusal_is_said_in_the_readers_language_with_its_field(running: Any) -> None:
    refused = await running.type(
        "--lang", "zh", "queues", "change", "sales", "--ring-for", "1", status=1
    )
    assert "部分字段无效" in refused
    assert "ring_for_seconds" in refused
    assert "没有这位坐席" in await running.type("--lang", "zh", "agents", "delete", "x", status=1)
    odd = await running.type("agents", "delete", "../../keys", status=1)
    assert "nothing at this address" in odd


async def test_queues_are_added_changed_and_deleted(running: Any) -> None:
    await running.type("queues", "add", "night", "--ring-for", "12", "--announce-every", "0")
    listed = await running.type("queues", "list")
    assert listed.splitlines()[1].split("\t") == [
        "night",
        "0",
        "",
        "0",
        "",
        "12 s",
        "10 s",
        "never",
        "longest idle",
        "",
        "",
    ]
    ways = ("--leave", "120 queue sales", "--leave", "key 9 flow hotline")
    await running.type("queues", "change", "night", *ways)
    assert "120 s → sales; key 9 → hotline" in await running.type("queues", "list")
    assert "按键 9" in await running.type("--lang", "zh", "queues", "list")
    ways = ("--leave", "expected 600 queue sales", "--leave", "nobody flow hotline")
    await running.type("queues", "change", "night", *ways)
    told = await running.type("queues", "list")
    assert "expected over 600 s → sales; nobody signed in → hotline" in told
    odd = await running.type("queues", "change", "night", "--leave", "soon sales", status=2)
    assert "120 queue support" in odd
    nowhere = ("--leave", "closing mars queue sales")
    assert "ways_out[0].calendar" in await running.type(
        "queues", "change", "night", *nowhere, status=1
    )
    await running.type("queues", "change", "night", "--leave", "none")
    await running.type("queues", "change", "night", "--music", "jazz", "--strategy", "round-robin")
    assert "轮流" in await running.type("--lang", "zh", "queues", "list")
    await running.type("queues", "change", "night", "--wrap-up", "open", "--head-start", "30")
    assert "直到完成" in await running.type("--lang", "zh", "queues", "list")
    await running.type("queues", "change", "night", "--wrap-up", "long", status=2)
    wrong = await running.type("queues", "change", "night", "--strategy", "best", status=1)
    assert "strategy" in wrong
    await running.type("queues", "delete", "night")
    assert "still in use" in await running.type("queues", "delete", "sales", status=1)
    assert "nothing to change" in await running.type("queues", "change", "sales", status=2)


async def test_skills_are_given_asked_for_and_eased(running: Any) -> None:
    await running.type("skills", "set", "english", "--name", "English", "--name-zh", "英语")
    await running.type("agents", "add", "ana", "--name", "Ana", "--queue", "sales")
    await running.type("agents", "change", "ana", "--skill", "english=80")
    await running.type("queues", "assign", "sales", "ana", "--tier", "2", "--weight", "3")
    (ana,) = json.loads(await running.type("agents", "list", "--json"))
    assert (ana["skills"], ana["tiers"], ana["weights"]) == (
        {"english": 80},
        {"sales": 2},
        {"sales": 3},
    )
    listed = (await running.type("agents", "list")).splitlines()[1].split("\t")
    assert (listed[2], listed[-1]) == ("sales (2)", "english 80")
    assert "英语\tana 80" in await running.type("--lang", "zh", "skills", "list")
    await running.type("numbers", "set", "4000", "hotline", "--requires", "english >= 50")
    assert "english >= 50" in await running.type("numbers", "list")
    steps = ("--ease", "30 english >= 20", "--ease", "60 drop english")
    await running.type("queues", "change", "sales", *steps)
    assert "30 s: english >= 20; 60 s: drop english" in await running.type("queues", "list")
    assert "asked for by" in await running.type("skills", "delete", "english", status=1)
    await running.type("queues", "change", "sales", "--ease", "none")
    await running.type("numbers", "set", "4000", "hotline")
    assert "agents have it" in await running.type("skills", "delete", "english", status=1)
    await running.type("agents", "change", "ana", "--skill", "english=0")
    await running.type("skills", "delete", "english")
    assert await running.type("skills", "list") == ""


async def test_what_is_said_of_skills_wrongly_is_refused_with_its_place(running: Any) -> None:
    await running.type("skills", "set", "english", "--name", "English")
    await running.type("agents", "add", "ana", "--name", "Ana", "--queue", "sales")
    wrong: list[tuple[tuple[str, ...], str, int]] = [
        (
            ("agents", "change", "ana", "--skill", "english=101"),
            "skills.english: write 1 to 100",
            1,
        ),
        (("agents", "change", "ana", "--skill", "french=5"), "french", 1),
        (("agents", "change", "ana", "--skill", "english"), "write SKILL=LEVEL", 2),
        (("numbers", "set", "4000", "hotline", "--requires", "french"), "requires: french", 1),
        (("numbers", "set", "4000", "hotline", "--prefers", "english >="), "prefers: ", 1),
        (
            ("queues", "change", "sales", "--ease", "30 drop french"),
            "easing[0].skill: There is no skill called french",
            1,
        ),
        (("queues", "change", "sales", "--ease", "30 add sales"), "easing[0].add: ", 1),
        (
            ("queues", "change", "sales", "--ease", "30 add nowhere"),
            "easing[0].add: There is no queue called nowhere",
            1,
        ),
        (("queues", "change", "sales", "--ease", "soon"), "'30 english >= 20'", 2),
        (("skills", "set", "and", "--name", "And"), "not 'and' or 'or'", 1),
        (("skills", "set", "english"), "give --name", 2),
    ]
    for command, says, status in wrong:
        assert says in await running.type(*command, status=status), command
    (ana,) = json.loads(await running.type("agents", "list", "--json"))
    assert ana["skills"] == {}


async def test_the_command_names_every_strategy(running: Any) -> None:
    shown = "".join((await running.type("queues", "change", "--help")).split())  # however wrapped
    assert [one.value for one in Strategy if one.value not in shown] == []


async def test_numbers_are_written_as_people_write_them(running: Any) -> None:
    said = await running.type("numbers", "set", "(030) 23125-000", "hotline")
    assert "+493023125000" in said
    listed = await running.type("numbers", "list")
    rows = [line.rstrip("\t") for line in listed.splitlines()[1:]]
    assert rows == ["+493023125000\thotline", "4000\thotline"]
    await running.type("numbers", "delete", "+49 30 23125000")
    assert "+49" not in await running.type("numbers", "list")


async def test_flows_are_reloaded_and_what_stays_out_is_named(running: Any) -> None:
    assert "in force" in await running.type("flows", "reload")
    running.desk.folder.spoil(FlowId("hotline"))
    said = await running.type("flows", "reload", status=1)
    assert f"hotline.yaml:{LINE}: This is not YAML." in said
    assert "goes on running" in said
    listed = [line.split("\t") for line in (await running.type("flows", "list")).splitlines()]
    assert listed[1] == ["hotline", "v1", "4000", "1"]


async def test_a_call_is_listed_told_and_hung_up(running: Any) -> None:
    call = running.desk.switch.arrive("4000", "+493012345", "Eve\x1b[2J\u202e")
    listed = await running.type("call", "list")
    assert listed.splitlines()[1].startswith(f"{call}\t+493012345 Eve")
    assert "\x1b" not in listed
    told = await running.type("call", "show", call)
    assert "phase\tqueued" in told
    assert "\x1b" not in told
    await running.type("call", "hang-up", call)
    assert LegId(call) not in running.desk.switch.legs
    await running.archive.step()
    past = await running.type("call", "show", call)
    assert "outcome\tdismissed" in past
    kinds = [line.split("\t")[1] for line in past.splitlines() if line[0:1] in "+-" and line]
    assert kinds[0] == "call.arrived"
    assert "call.ended" in kinds
    assert "no such call" in await running.type("call", "show", "cc1-9.9", status=1)


async def test_work_after_a_call_is_given_time_and_ended(running: Any) -> None:
    await running.type("agents", "add", "ana", "--name", "Ana", "--queue", "sales")
    await running.type("queues", "change", "sales", "--wrap-up", "30")
    assert "no call to wrap up" in await running.type("agents", "wrap", "ana", status=1)
    await running.desk.desk.sign_in(ROOT, AgentId("ana"))
    running.desk.door.set_reachable(AgentId("ana"), True)
    await running.type("agents", "presence", "ana", "ready")
    call = running.desk.switch.arrive("4000")
    running.desk.switch.answer(AgentId("ana"))
    running.desk.switch.hang_up(LegId(call))
    assert "60 s more" in await running.type("agents", "wrap", "ana", "--more", "60")
    assert "in all" in await running.type("agents", "wrap", "ana", "--more", "3599", status=1)
    assert "已完成" in await running.type("--lang", "zh", "agents", "wrap", "ana")
    (ana,) = json.loads(await running.type("agents", "list", "--json"))
    assert ana["live"]["activity"] == "idle"


async def test_why_nobody_has_a_call_yet_is_told_in_both_languages(running: Any) -> None:
    await running.type("agents", "add", "ana", "--name", "Ana", "--queue", "sales")
    call = running.desk.switch.arrive("4000", "+493012345")
    told = (await running.type("explain", call)).splitlines()
    assert told[1].split("\t")[1:] == ["", "waits in sales"]
    assert told[-1].split("\t") == ["ana", "is signed out"]
    assert "未签入" in await running.type("--lang", "zh", "explain", call)
    assert json.loads(await running.type("explain", call, "--json"))["agents"][0]["can"] is False
    assert "no such call" in await running.type("explain", "cc1-9.9", status=1)


async def test_an_app_queues_queues_are_taken_over_once(running: Any) -> None:
    file = running.folder / "queues.conf"
    file.write_text(
        "[night]\ntimeout = 15\nstrategy = rrmemory\nweight = 2\n"
        "member => PJSIP/1001,1,Ana\n[sales]\nmember => PJSIP/1001,0,Ana\n"
    )
    planned = await running.type("import", str(file))
    assert "night\tnew\tring_for 15.0, strategy round-robin\tana * (2)" in planned
    assert f"{file}:4: [night] weight = 2" in planned
    assert "add --apply" in planned
    assert "night" not in await running.type("queues", "list")
    for _ in range(2):
        assert "Done." in await running.type("import", str(file), "--apply")
    (ana,) = json.loads(await running.type("agents", "list", "--json"))
    assert (ana["queues"], ana["tiers"]) == (["night", "sales"], {"night": 2})
    assert "\t轮流" in await running.type("--lang", "zh", "queues", "list")
    file.write_text("[general]\n")
    assert "no queue" in await running.type("import", str(file), status=1)


async def test_a_centre_that_is_not_running_is_said_not_to_run(running: Any) -> None:
    path = running.folder / "run/cli.json"
    path.write_text(json.dumps({"url": "http://127.0.0.1:26099", "key": "cck_x"}))
    assert "scripts/start" in await running.type("agents", "list", status=1)
    path.write_text("{")
    assert "damaged" in await running.type("agents", "list", status=1)
    path.unlink()
    said = await running.type("--lang", "zh", "queues", "list", status=1)
    assert "尚未运行过" in said


async def test_the_doctor_names_queues_that_nobody_serves(running: Any) -> None:
    await running.type("queues", "add", "night")
    await running.type("agents", "add", "ana", "--name", "Ana", "--queue", "sales")
    found = json.loads(await running.type("doctor", "--json", status=1))
    (queues,) = [one for one in found if one["topic"] == "queues"]
    assert "night" in queues["found"]
    assert "sales" not in queues["found"]
    await running.type("queues", "assign", "night", "ana")
    found = json.loads(await running.type("doctor", "--json", status=1))
    assert "all 2 have agents" in json.dumps(found)
