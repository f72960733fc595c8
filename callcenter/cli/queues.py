"""`callcenter queues`: their rules, who serves them, how many wait."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.wording import ago, said, show, show_json, tell

F = TypeVar("F", bound=Callable[..., Any])

_RULES = (
    ("--ring-for", "ring_for_seconds", float, "Seconds that an agent is rung."),
    ("--wrap-up", "wrap_up_seconds", str, "Seconds for work after a call; 'open': until they say."),
    ("--misses", "misses_allowed", int, "Missed calls until an agent is paused."),
    ("--announce-first", "announce_first_seconds", float, "Seconds until the first position."),
    ("--announce-every", "announce_every_seconds", float, "Seconds between positions; 0: none."),
    ("--quiet-for", "quiet_for_seconds", float, "Seconds before the music begins."),
    ("--music", "music", str, "Name of the music."),
    ("--service-level", "service_level_within_seconds", float, "Seconds that count as in time."),
    (
        *("--strategy", "strategy", str),
        "Which free agent is chosen: longest-idle, ring-all, round-robin, linear, fewest-calls,"
        " least-talk, random, weighted-random, top-down.",
    ),
    ("--tier-for", "tier_for_seconds", float, "Seconds of each tier alone, where top-down."),
    ("--rest-no-answer", "rest_no_answer_seconds", float, "Seconds of rest after a missed call."),
    ("--rest-rejected", "rest_rejected_seconds", float, "Seconds of rest after a refused call."),
    (
        *("--rest-unreachable", "rest_unreachable_seconds", float),
        "Seconds of rest after a phone was busy or failed; doubled each time it fails again.",
    ),
    (
        *("--known-for", "known_for_seconds", float),
        "Seconds that a caller waits for the agent whose customer they are, or who talked with them"
        " last; 0: not at all.",
    ),
    ("--known-within", "known_within_seconds", float, "Seconds since that talk, at most."),
    ("--resume-within", "resume_within_seconds", float, "Who calls again has the old place."),
    ("--head-start", "head_start_seconds", float, "Seconds that its callers are ahead of others."),
)
_EASE = re.compile(
    r"\s*([0-9.]+)\s*s?:?\s+(?:drop\s+(?P<drop>\S+)|add\s+(?P<add>\S+)"
    r"|(?P<skill>[^\s>]+)\s*>=\s*(?P<to>[0-9]+))\s*"
)


_LEAVE = re.compile(
    r"\s*(?:(?P<after>[0-9.]+)\s*s?|key\s+(?P<key>\S)|closing\s+(?P<calendar>\S+)"
    r"|expected\s+(?P<expected>[0-9.]+)\s*s?|(?P<nobody>nobody))"
    r"\s+(?P<kind>queue|flow)\s+(?P<target>\S+)\s*"
)


_STRATEGIES = {
    "longest-idle": ("longest idle", "空闲最久"),
    "ring-all": ("ring all", "全部振铃"),
    "round-robin": ("round robin", "轮流"),
    "linear": ("linear", "固定顺序"),
    "fewest-calls": ("fewest calls", "接听最少"),
    "least-talk": ("least talk", "通话时长最短"),
    "random": ("random", "随机"),
    "weighted-random": ("weighted random", "加权随机"),
    "top-down": ("top-down", "逐级分配"),
}


# Said when an agent answers, before the two hear each other.
_SWITCHES = (
    (
        "--greet/--no-greet",
        "greets_with_number",
        "Whether callers hear the agent's number when they are connected: an agent's id, if it is digits.",
    ),
    (
        "--brief/--no-brief",
        "briefs_agent",
        "Whether agents hear the queue and how long the caller waited when they answer.",
    ),
)


def _with_rules(command: F) -> F:
    easing = "A step, such as '30 english >= 20', '60 drop english', '90 add support', or 'none'; repeat."
    command = click.option("--ease", "easing", multiple=True, help=easing)(command)
    leave = (
        "A way out, such as '120 queue support', 'key 2 flow message', 'closing office flow closed',"
        " 'expected 600 flow message', 'nobody flow closed', or 'none'; repeat."
    )
    for flag, name, text in _SWITCHES:
        command = click.option(flag, name, default=None, help=text)(command)
    told = "Whether callers are told how long they will still wait, with their position."
    command = click.option(
        "--estimate/--no-estimate", "announce_estimate", default=None, help=told
    )(command)
    command = click.option("--leave", "ways_out", multiple=True, help=leave)(command)
    for flag, name, kind, text in reversed(_RULES):
        command = click.option(flag, name, type=kind, help=text)(command)
    return command


@click.group()
def queues() -> None:
    """Queues: rules, agents, and how many wait."""


@queues.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_queues(context: click.Context, as_json: bool) -> None:
    """All queues."""
    found = centre(context).items("/queues")
    if as_json:
        show_json(found)
        return
    columns = [
        ("queue", "队列"),
        ("waiting", "排队"),
        ("longest", "最长等待"),
        ("free", "空闲坐席"),
        ("agents", "坐席"),
        ("rings for", "振铃"),
        ("wrap-up", "话后整理"),
        ("announces", "播报间隔"),
        ("strategy", "分配策略"),
        ("eased", "逐步放宽"),
        ("ways out", "离队出口"),
    ]
    nothing = said(
        "No queue yet. Add one: callcenter queues add ID",
        "还没有队列。添加：callcenter queues add ID",
    )
    show(columns, [_row(queue) for queue in found], nothing)


@queues.command("add")
@click.argument("queue")
@_with_rules
@click.pass_context
def add_queue(context: click.Context, /, queue: str, **rules: Any) -> None:
    """Add a queue; what is left out has its default."""
    centre(context).ask("POST", "/queues", {"id": queue, **_given(rules)})
    tell(
        f"{queue} is added. Give it agents: callcenter queues assign {queue} AGENT…",
        f"已添加 {queue}。分配坐席：callcenter queues assign {queue} 坐席…",
    )


@queues.command("change")
@click.argument("queue")
@_with_rules
@click.pass_context
def change_queue(context: click.Context, /, queue: str, **rules: Any) -> None:
    """Change what is given, for those who wait already too."""
    given = _given(rules)
    if not given:
        raise click.UsageError(said("nothing to change was given", "未给出任何更改"))
    centre(context).ask("PATCH", f"/queues/{part(queue)}", given)
    tell(f"{queue} is changed.", f"已更改 {queue}。")


@queues.command("delete")
@click.argument("queue")
@click.pass_context
def delete_queue(context: click.Context, queue: str) -> None:
    """Delete a queue that no agent serves and no flow leads to."""
    centre(context).ask("DELETE", f"/queues/{part(queue)}")
    tell(f"{queue} is deleted.", f"已删除 {queue}。")


@queues.command("assign")
@click.argument("queue")
@click.argument("agents", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the queue from them instead.")
@click.option(
    "--tier", type=int, help="1 comes first; a lower tier is asked when no higher one is free."
)
@click.option("--weight", type=int, help="How often chance prefers them, where weighted-random.")
@click.pass_context
def assign(
    context: click.Context,
    queue: str,
    agents: tuple[str, ...],
    remove: bool,
    tier: int | None,
    weight: int | None,
) -> None:
    """Let AGENTS serve QUEUE too."""
    asked = centre(context)
    for agent in agents:
        path = f"/agents/{part(agent)}"
        known = asked.ask("GET", path)
        served = [one for one in known["queues"] if one != queue]
        said_of = {"tiers": tier, "weights": weight}
        ranks = {
            field: {**known[field], queue: value}
            for field, value in said_of.items()
            if value is not None and not remove
        }
        wish = {"queues": served if remove else [*served, queue], **ranks}
        asked.ask("PUT", f"{path}/queues", wish)
    names = ", ".join(agents)
    if remove:
        tell(f"{queue} is taken from {names}.", f"{names} 不再服务 {queue}。")
    else:
        tell(f"{names} now serve {queue}.", f"{names} 现在服务 {queue}。")


def _given(rules: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in rules.items() if value is not None}
    steps = given.pop("easing", ())
    if steps:
        given["easing"] = [] if steps == ("none",) else [_step(step) for step in steps]
    ways = given.pop("ways_out", ())
    if ways:
        given["ways_out"] = [] if ways == ("none",) else [_way(way) for way in ways]
    if "wrap_up_seconds" in given:
        given["wrap_up_seconds"] = _wrap_up(given["wrap_up_seconds"])
    if given.get("announce_every_seconds") == 0:
        given["announce_every_seconds"] = None
    return given


def _wrap_up(text: str) -> float | None:
    if text == "open":
        return None
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(
            said(f"'{text}': write seconds, or open", f"“{text}”：请填写秒数或 open")
        ) from None


def _step(text: str) -> dict[str, Any]:
    found = _EASE.fullmatch(text)
    try:
        after = float(found[1]) if found else None
    except ValueError:
        after = None
    if found is None or after is None:
        raise click.UsageError(
            said(
                f"'{text}': write such as '30 english >= 20', '60 drop english' or '90 add support'",
                f"“{text}”：请写成如 '30 english >= 20'、'60 drop english' 或 '90 add support'",
            )
        )
    if found["add"]:
        return {"after_seconds": after, "add": found["add"]}
    return {
        "after_seconds": after,
        "skill": found["drop"] or found["skill"],
        "to": int(found["to"] or 0),
    }


def _way(text: str) -> dict[str, Any]:
    found = _LEAVE.fullmatch(text)
    try:
        after, expected = (
            float(found[name]) if found and found[name] else None for name in ("after", "expected")
        )
    except ValueError:
        found = None
    if found is None:
        raise click.UsageError(
            said(
                f"'{text}': write such as '120 queue support', 'key 2 flow message',"
                " 'closing office flow closed', 'expected 600 flow message' or 'nobody flow closed'",
                f"“{text}”：请写成如 '120 queue support'、'key 2 flow message'、"
                "'closing office flow closed'、'expected 600 flow message' 或 'nobody flow closed'",
            )
        )
    when = {"after_seconds": after, "key": found["key"], "calendar": found["calendar"]}
    when |= {"expected_seconds": expected, "nobody": True if found["nobody"] else None}
    given = {name: value for name, value in when.items() if value is not None}
    return {**given, found["kind"]: found["target"]}


def _leaves(ways: list[dict[str, Any]]) -> str:
    return "; ".join(f"{_opens(way)} → {way['queue'] or way['flow']}" for way in ways)


def _opens(way: dict[str, Any]) -> str:
    if way["after_seconds"] is not None:
        return f"{way['after_seconds']:g} s"
    if way["expected_seconds"] is not None:
        return said(
            f"expected over {way['expected_seconds']:g} s",
            f"预计超过 {way['expected_seconds']:g} 秒",
        )
    if way["nobody"]:
        return said("nobody signed in", "无人签入")
    if way["key"]:
        return said(f"key {way['key']}", f"按键 {way['key']}")
    return said(f"closing ({way['calendar']})", f"下班（{way['calendar']}）")


def _eases(steps: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{step['after_seconds']:g} s: "
        + (
            said(f"add {step['add']}", f"加入 {step['add']}")
            if step["add"]
            else said(f"drop {step['skill']}", f"放弃 {step['skill']}")
            if not step["to"]
            else f"{step['skill']} >= {step['to']}"
        )
        for step in steps
    )


def _row(queue: dict[str, Any]) -> list[str]:
    live, every = queue["live"], queue["announce_every_seconds"]
    return [
        queue["id"],
        str(live["waiting"]),
        ago(live["longest_since"]),
        str(live["free"]),
        ", ".join(queue["agents"]),
        f"{queue['ring_for_seconds']:g} s",
        said("open", "直到完成")
        if queue["wrap_up_seconds"] is None
        else f"{queue['wrap_up_seconds']:g} s",
        said("never", "从不") if every is None else f"{every:g} s",
        said(*_STRATEGIES.get(queue["strategy"], (queue["strategy"],) * 2)),
        _eases(queue["easing"]),
        _leaves(queue["ways_out"]),
    ]
