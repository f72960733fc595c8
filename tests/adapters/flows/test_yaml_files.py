"""Flows in files: read safely, told with their lines, broken ones left out."""

from pathlib import Path

import pytest

from callcenter.adapters.flows.yaml_files import FlowFolder, Loaded
from callcenter.adapters.flows.yaml_source import LARGEST_FILE, Unsafe, read_text, text_of
from callcenter.core.ids import FlowId
from callcenter.core.ivr.announcements import SYSTEM_FLOW, SYSTEM_PROMPTS
from callcenter.core.ivr.check import check

pytestmark = pytest.mark.adapter

SHIPPED = Path(__file__).parents[3] / "ivr_flows"

SMALL = """\
id: small
languages: [zh]
start: sales
nodes:
  sales: {enqueue: {queue: sales}}
prompts: {}
"""


def load(folder: Path) -> Loaded:
    return FlowFolder(folder).load()


def folder(tmp_path: Path, **files: str | bytes) -> Path:
    for stem, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / f"{stem}.yaml").write_bytes(data)
    return tmp_path


def test_the_flows_that_come_with_the_product_are_without_fault() -> None:
    loaded = load(SHIPPED)
    assert loaded.problems == ()
    assert set(loaded.flows) == {"busy", "callback", "hotline", "message", "system"}
    found = {
        flow.id: check(flow, queues={"sales", "support"}, calendars=loaded.calendars)
        for flow in loaded.flows.values()
    }
    assert found == dict.fromkeys(loaded.flows, ())


def test_the_system_flow_says_everything_the_engine_may_ask_for_in_both_languages() -> None:
    prompts = load(SHIPPED).flows[SYSTEM_FLOW].prompts
    assert set(prompts) == SYSTEM_PROMPTS
    assert {frozenset(said) for said in prompts.values()} == {frozenset({"zh", "en"})}


def test_a_broken_file_is_told_with_its_line_and_the_others_are_read(tmp_path: Path) -> None:
    broken = SMALL.replace("id: small", "id: broken").replace("start: sales", "start: slaes")
    loaded = load(folder(tmp_path, small=SMALL, broken=broken, worse="a: b: c"))
    assert set(loaded.flows) == {"small"}
    file = tmp_path / "broken.yaml"
    assert [p.told("en") for p in loaded.problems] == [
        f"{file}:3: start: There is no node called slaes. Did you mean: sales?",
        f"{tmp_path / 'worse.yaml'}:1: This is not YAML (mapping values are not allowed here): "
        "look for a missing quote, colon or indent.",
    ]
    assert loaded.problems[0].told("zh").startswith(f"{file}:3: start: 没有名为")


def test_what_the_check_finds_gets_its_line_too(tmp_path: Path) -> None:
    loaded = load(folder(tmp_path, small=SMALL))
    flow = loaded.flows[FlowId("small")]
    (problem,) = loaded.located(flow.id, check(flow, queues=["support"], calendars=[]))
    assert (problem.file.name, problem.line, problem.problem.code) == (
        "small.yaml",
        5,
        "unknown-queue",
    )


def test_of_a_folder_read_again_only_what_was_changed_is_taken_apart(tmp_path: Path) -> None:
    other = SMALL.replace("id: small", "id: other")
    flows = FlowFolder(folder(tmp_path, small=SMALL, other=other, worse="a: b: c"))
    before = flows.load()
    folder(tmp_path, other=other.replace("languages: [zh]", "languages: [en]"))
    (tmp_path / "worse.yaml").unlink()
    after = flows.load()
    assert after.flows[FlowId("small")] is before.flows[FlowId("small")]
    assert after.flows[FlowId("other")].languages == ("en",)
    assert (len(before.problems), after.problems) == (1, ())
    folder(tmp_path, other=other)
    assert flows.load().flows == before.flows


def test_a_flow_stands_in_the_file_of_its_name(tmp_path: Path) -> None:
    loaded = load(folder(tmp_path, other=SMALL))
    assert not loaded.flows
    assert [(p.line, p.problem.code) for p in loaded.problems] == [(1, "id-is-not-file")]


def test_a_broken_calendar_leaves_the_others_open(tmp_path: Path) -> None:
    calendars = """\
office: {zone: Asia/Shanghai, weekly: {mon-fri: ["09:00-18:00"]}}
night:
  zone: Asia/Shanghai
  weekly:
    daily: [late]
"""
    loaded = load(folder(tmp_path, small=SMALL, calendars=calendars))
    assert set(loaded.calendars) == {"office"}
    assert [(p.line, p.problem.path) for p in loaded.problems] == [
        (5, ("night", "weekly", "daily", 0))
    ]


def test_calendars_that_are_a_list_are_told(tmp_path: Path) -> None:
    loaded = load(folder(tmp_path, small=SMALL, calendars="- a\n"))
    assert [p.problem.code for p in loaded.problems] == ["not-a-mapping"]


def test_a_folder_without_flows_is_told(tmp_path: Path) -> None:
    assert [p.problem.code for p in load(tmp_path).problems] == ["no-flows"]
    assert [p.problem.code for p in load(tmp_path / "nowhere").problems] == ["no-flows"]


def test_words_that_other_readers_take_for_truth_or_time_stay_words() -> None:
    source = read_text('on: no\nyes: 09:30\nday: 2026-01-01\nhash: "1"\nnumber: 1\nnothing:\n')
    assert source.data == {
        "on": "no",
        "yes": "09:30",
        "day": "2026-01-01",
        "hash": "1",
        "number": 1,
        "nothing": None,
    }


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (BOMB, "yaml-magic", 1),
        ("a: b\nc: *d\n", "yaml-magic", 2),
        ("a: !!python/object/apply:os.system [x]", "yaml-magic", 1),
        ("%YAML 1.2\n---\na: b\n", "yaml-magic", 1),
        ("a: 1\nb: 2\na: 3\n", "key-given-twice", 3),
        ("a:\n  b: 1\n  b: 2\n", "key-given-twice", 3),
        ("? [a]\n: b\n", "bad-yaml-key", 1),
        ("a: b\n--- \nc: d\n", "too-much", 2),
        ("- " * 5000, "too-much", 1),
        ("- x\n" * 15_000, "too-much", 9_999),
        ("", "empty-file", 1),
        ("# nothing\n", "empty-file", 1),
        ("a: 'b\n", "not-yaml", 2),
        ("a: \0\n", "not-yaml", 1),
        ("\ta: b\n", "not-yaml", 1),
    ],
)
def test_what_is_not_plain_data_is_refused_where_it_stands(text: str, code: str, line: int) -> None:
    with pytest.raises(Unsafe) as refused:
        read_text(text)
    assert (refused.value.problem.code, refused.value.line) == (code, line)
    assert set(refused.value.problem.text) == {"en", "zh"}


@pytest.mark.parametrize("sign", "[{!%")
def test_what_would_take_long_to_scan_is_refused_at_its_beginning(sign: str) -> None:
    """Each of these cost seconds: to refuse them on the first line is to have read no further."""
    with pytest.raises(Unsafe) as refused:
        read_text(f"{sign * 30}\n" * (LARGEST_FILE // 31))
    assert (refused.value.problem.code in {"too-much", "yaml-magic"}, refused.value.line) == (
        True,
        1,
    )


def test_a_file_of_another_encoding_is_refused_at_its_line(tmp_path: Path) -> None:
    data = SMALL.encode() + "# 您好\n".encode("gb18030")
    with pytest.raises(Unsafe) as refused:
        read_text(text_of(folder(tmp_path, small=data) / "small.yaml"))
    assert (refused.value.problem.code, refused.value.line) == ("not-utf-8", 7)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert load(folder(tmp_path, small=b"\xef\xbb\xbf" + SMALL.encode())).problems == ()


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(Unsafe) as refused:
        text_of(folder(tmp_path, small="#" * (LARGEST_FILE + 1)) / "small.yaml")
    assert refused.value.problem.code == "file-too-large"


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").mkdir()
    assert [p.problem.code for p in load(tmp_path).problems] == ["not-readable"]
