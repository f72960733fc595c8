"""Plain data to flows, and everything that can be wrong with it."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.ids import QueueId
from callcenter.core.ivr.flow import (
    CallBack,
    Enqueue,
    HangUp,
    Language,
    Menu,
    NodeId,
    PromptName,
    Staffing,
    Utterance,
    Voicemail,
)
from callcenter.core.ivr.parse import LONGEST_TEXT, parse_flow
from callcenter.core.reading import Path, Unreadable, dotted

pytestmark = pytest.mark.core


def source() -> dict[str, Any]:
    return {
        "id": "small",
        "languages": ["zh", "en"],
        "start": "ask",
        "nodes": {
            "ask": {
                "menu": {
                    "prompt": "which",
                    "choices": {1: "sales", "*": "bye"},
                    "otherwise": "bye",
                }
            },
            "sales": {"enqueue": {"queue": "sales"}},
            "bye": {"hang_up": None},
        },
        "prompts": {
            "which": [{"zh": "销售请按 1。"}, {"en": "For sales,  press 1."}],
            "spare": {"zh": "您好。", "en": "Hello."},
        },
    }


def problems_of(data: object) -> list[tuple[str, str]]:
    with pytest.raises(Unreadable) as refused:
        parse_flow(data)
    assert all(p.text["en"] and p.text["zh"] for p in refused.value.problems)
    return [(p.code, dotted(p.path)) for p in refused.value.problems]


def test_a_flow_is_read_with_its_defaults() -> None:
    flow = parse_flow(source())
    assert flow.default_language == "zh"
    menu = flow.nodes[NodeId("ask")]
    assert isinstance(menu, Menu)
    assert menu.choices == {"1": "sales", "*": "bye"}
    assert (menu.wait, menu.tries) == (timedelta(seconds=2.5), 3)
    assert flow.nodes[NodeId("sales")] == Enqueue(QueueId("sales"), timedelta())
    assert flow.nodes[NodeId("bye")] == HangUp()


def test_a_prompt_in_parts_is_said_whole_in_every_language() -> None:
    said = parse_flow(source()).prompts[PromptName("which")]
    both = (
        Utterance(Language("zh"), "销售请按 1。"),
        Utterance(Language("en"), "For sales, press 1."),
    )
    assert said == {"zh": both, "en": both}


def test_the_version_is_that_of_the_content_whatever_the_order_and_the_kind_of_keys() -> None:
    flow = parse_flow(source())
    as_json = json.loads(json.dumps(source()))
    backwards = {key: as_json[key] for key in reversed(as_json)}
    assert parse_flow(backwards).version == flow.version
    changed = source()
    changed["prompts"]["spare"]["en"] = "Hello!"
    assert parse_flow(changed).version != flow.version


def _put(data: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    inner: Any = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


MENU: Path = ("nodes", "ask", "menu")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("id",), "../etc", "bad-name"),
        (("id",), 7, "bad-name"),
        (("start",), "begin", "unknown-node"),
        (("colour",), "red", "unknown-key"),
        (("nodes", "sales", "enqueue", "que"), "x", "unknown-key"),
        (("nodes", "sales", "enqueue", "queue"), ["sales"], "bad-name"),
        (("nodes", "sales", "enqueue", "priority_seconds"), -1, "bad-number"),
        (("nodes", "sales", "enqueue", "priority_seconds"), float("nan"), "bad-number"),
        (("nodes", "sales", "enqueue", "requires"), "english >=", "bad-need"),
        (("nodes", "sales", "enqueue", "prefers"), ["vip"], "not-text"),
        ((*MENU, "choices", 12), "sales", "bad-key"),
        ((*MENU, "choices", "A"), "sales", "bad-key"),
        ((*MENU, "choices", "1"), "bye", "key-given-twice"),
        ((*MENU, "choices", 1), "nowhere", "unknown-node"),
        ((*MENU, "choices"), {}, "no-choices"),
        ((*MENU, "otherwise"), ["bye"], "unknown-node"),
        ((*MENU, "prompt"), "whhich", "unknown-prompt"),
        ((*MENU, "on_timeout"), "nothing", "unknown-prompt"),
        ((*MENU, "wait_seconds"), 3, "bad-number"),
        ((*MENU, "wait_seconds"), True, "bad-number"),
        ((*MENU, "tries"), 0, "bad-count"),
        ((*MENU, "tries"), 2.5, "bad-count"),
        (("prompts", "spare", "zh"), "", "not-speakable"),
        (("prompts", "spare", "zh"), "。。。", "not-speakable"),
        (("prompts", "spare", "zh"), "a\x1b[2J", "not-speakable"),
        (("prompts", "spare", "zh"), "长" * (LONGEST_TEXT + 1), "too-long"),
        (("prompts", "spare", "zh"), 7, "not-text"),
        (("prompts", "spare", "fr"), "Bonjour", "unknown-language"),
        (("prompts", "which", 0), "text", "not-a-mapping"),
    ],
)
def test_a_mistake_is_told_where_it_is(path: Path, value: object, code: str) -> None:
    assert problems_of(_put(source(), path, value)) == [(code, dotted(path))]


@pytest.mark.parametrize(
    ("languages", "problem"),
    [
        ([], ("no-language", "languages")),
        (["zh", "../en"], ("bad-language", "languages.1")),
        (["zh", "zh"], ("bad-language", "languages.1")),
        ("zh", ("not-a-list", "languages")),
    ],
)
def test_a_language_that_is_none_is_told_first(languages: object, problem: tuple[str, str]) -> None:
    assert problems_of({**source(), "languages": languages})[0] == problem


def test_every_mistake_is_told_at_once() -> None:
    data = source()
    data["start"] = "aks"
    data["nodes"]["bye"] = {"hang_up": None, "play": None}
    data["nodes"]["sales"] = {"enque": {}}
    data["nodes"]["ask"]["menu"] = {"prompt": "which"}
    assert problems_of(data) == [
        ("missing-key", "nodes.ask.menu"),
        ("missing-key", "nodes.ask.menu"),
        ("unknown-node-kind", "nodes.sales.enque"),
        ("not-one-kind", "nodes.bye"),
        ("unknown-node", "start"),
    ]


def test_a_slip_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(Unreadable) as refused:
        parse_flow({**source(), "start": "slaes"})
    assert refused.value.problems[0].text == {
        "en": "There is no node called slaes. Did you mean: sales?",
        "zh": "没有名为 slaes 的节点。您是否想写：sales？",
    }


def test_a_message_repeats_only_the_beginning_of_what_it_refuses() -> None:
    with pytest.raises(Unreadable) as refused:
        parse_flow({**source(), "id": "x\n" * 10_000})
    assert len(refused.value.problems[0].text["en"]) < 200
    assert "\n" not in refused.value.problems[0].text["en"]


def test_a_flow_of_any_depth_is_refused_and_not_walked_into() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    assert ("unknown-node", "start") in problems_of({**source(), "start": deep})


KEYS = st.sampled_from([*source(), "ask", "menu", "choices", "prompt", "then", "zh", "play"])
LEAVES = st.sampled_from([None, 7, "", "ask", "which", True, 2.5])


@settings(max_examples=40, deadline=None)
@given(
    key=st.sampled_from(sorted(source())),
    value=st.recursive(
        LEAVES, lambda s: st.lists(s, max_size=3) | st.dictionaries(KEYS, s), max_leaves=8
    ),
)
def test_whatever_stands_there_is_read_or_refused(key: str, value: object) -> None:
    with suppress(Unreadable):
        flow = parse_flow({**source(), key: value})
        assert flow.start in flow.nodes


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"then": "sales"}, "nothing-asked", "nodes.look.staffing"),
        ({"then": "sales", "full": "sales"}, "nothing-asked", "nodes.look.staffing"),
        ({"then": "sales", "most_waiting": 3}, "nothing-asked", "nodes.look.staffing"),
        ({"then": "sales", "long_wait": "sales"}, "nothing-asked", "nodes.look.staffing"),
        (
            {"then": "sales", "long_wait": "sales", "longest_wait_seconds": 0},
            "bad-number",
            "nodes.look.staffing.longest_wait_seconds",
        ),
        ({"then": "sales", "nobody": "x"}, "unknown-node", "nodes.look.staffing.nobody"),
        (
            {"then": "sales", "full": "sales", "most_waiting": -1},
            "bad-count",
            "nodes.look.staffing.most_waiting",
        ),
    ],
)
def test_a_look_at_a_queue_says_what_it_asks(body: dict[str, Any], code: str, where: str) -> None:
    node = {"staffing": {"queue": "sales", **body}}
    assert problems_of(_put(source(), ("nodes", "look"), node)) == [(code, where)]


def test_a_look_at_a_queue_is_read_whole() -> None:
    body = {
        "queue": "sales",
        "then": "sales",
        "nobody": "sales",
        "full": "sales",
        "most_waiting": 9,
        "long_wait": "sales",
        "longest_wait_seconds": 600,
    }
    flow = parse_flow(_put(source(), ("nodes", "look"), {"staffing": body}))
    sales = NodeId("sales")
    assert flow.nodes[NodeId("look")] == Staffing(
        QueueId("sales"),
        sales,
        nobody=sales,
        full=sales,
        most_waiting=9,
        long_wait=sales,
        longest_wait=timedelta(minutes=10),
    )


def test_the_ends_of_a_flow_are_read() -> None:
    data = source()
    data["nodes"]["bye"] = {"hang_up": {"busy": True}}
    data["nodes"]["box"] = {"voicemail": {"prompt": "spare", "longest_seconds": 60}}
    data["nodes"]["mailbox"] = {"voicemail": {"prompt": "spare"}}
    nodes = parse_flow(data).nodes
    assert nodes[NodeId("bye")] == HangUp(busy=True)
    assert nodes[NodeId("box")] == Voicemail(PromptName("spare"), timedelta(minutes=1))
    assert nodes[NodeId("mailbox")] == Voicemail(PromptName("spare"), timedelta(minutes=2))


@pytest.mark.parametrize(
    ("node", "code", "where"),
    [
        ({"hang_up": {"busy": "perhaps"}}, "no-yes-or-no", "hang_up.busy"),
        ({"voicemail": {}}, "missing-key", "voicemail"),
        ({"voicemail": {"prompt": "x"}}, "unknown-prompt", "voicemail.prompt"),
        (
            {"voicemail": {"prompt": "spare", "longest_seconds": 121}},
            "bad-number",
            "voicemail.longest_seconds",
        ),
    ],
)
def test_an_end_that_is_none_is_told(node: dict[str, Any], code: str, where: str) -> None:
    data = _put(source(), ("nodes", "bye"), node)
    assert problems_of(data) == [(code, f"nodes.bye.{where}")]


def test_the_wait_counts_from_the_queue_unless_the_flow_says_from_arrival() -> None:
    data = source()
    data["nodes"]["sales"]["enqueue"]["wait_counts_from"] = "arrival"
    node = parse_flow(data).nodes[NodeId("sales")]
    assert node == Enqueue(QueueId("sales"), timedelta(), from_arrival=True)
    data["nodes"]["sales"]["enqueue"]["wait_counts_from"] = "birth"
    assert problems_of(data) == [("unknown-moment", "nodes.sales.enqueue.wait_counts_from")]


def test_a_callback_is_read_with_what_is_usual_and_with_all_that_can_be_said() -> None:
    short = {"queue": "sales", "prompt": "spare", "refused": "sales"}
    where = ("nodes", "later")
    node = parse_flow(_put(source(), where, {"callback": short})).nodes[NodeId("later")]
    place, spare = Enqueue(QueueId("sales")), PromptName("spare")
    assert node == CallBack(place, spare, NodeId("sales"))
    more = {
        "number": "mobile",
        "first": "caller",
        "tries": 5,
        "ring_seconds": 20,
        "retry_minutes": 3,
        "expires_hours": 2,
        "requires": "english >= 50",
    }
    whole = parse_flow(_put(source(), where, {"callback": short | more})).nodes[NodeId("later")]
    times = (timedelta(seconds=20), timedelta(minutes=3), timedelta(hours=2))
    needs = Enqueue(QueueId("sales"), requires="english >= 50")
    assert whole == CallBack(needs, spare, NodeId("sales"), "mobile", True, 5, *times)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("first", "nobody", "unknown-party"),
        ("tries", 0, "bad-count"),
        ("ring_seconds", 5, "bad-number"),
        ("expires_hours", 97, "bad-number"),
        ("prompt", "nothing", "unknown-prompt"),
        ("refused", "nowhere", "unknown-node"),
    ],
)
def test_a_callback_that_cannot_be_is_told_where_it_is(
    field: str, value: object, code: str
) -> None:
    body = {"queue": "sales", "prompt": "spare", "refused": "sales", field: value}
    found = problems_of(_put(source(), ("nodes", "later"), {"callback": body}))
    assert found == [(code, f"nodes.later.callback.{field}")]
