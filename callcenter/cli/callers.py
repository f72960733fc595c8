"""`callcenter customers` and `callcenter callers`: who calls, and how their calls are treated."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from callcenter.cli.centre import centre, number_part, part
from callcenter.cli.wording import ago, said, show, show_json, tell

_KINDS = {"block": ("blocked", "拒接"), "grey": ("slowed down", "限频"), "vip": ("VIP", "贵宾")}


@click.group()
def customers() -> None:
    """Customers: their numbers, whose they are, and what they need."""


@customers.command("list")
@click.option("--after", default="", help="Those behind this id.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_customers(context: click.Context, after: str, as_json: bool) -> None:
    """A page of customers, by id."""
    found = centre(context).items("/customers", after=after)
    if as_json:
        show_json(found)
        return
    columns = [
        ("customer", "客户"),
        ("name", "姓名"),
        ("numbers", "号码"),
        ("owner", "专属坐席"),
        ("tier", "等级"),
        ("requires", "必需技能"),
        ("prefers", "优先技能"),
        ("head start", "提前"),
    ]
    nothing = said(
        "No customer here. Add one: callcenter customers set ID --number NUMBER",
        "没有客户。添加：callcenter customers set ID --number 号码",
    )
    show(columns, [_customer_row(one) for one in found], nothing)


@customers.command("set")
@click.argument("customer")
@click.option("--name", default="", help="Who they are.")
@click.option("--number", "numbers", multiple=True, help="A number they call from; repeat.")
@click.option("--owner", help="The agent whose customer they are.")
@click.option("--tier", default="", help="Your own word for how much they matter.")
@click.option("--requires", default="", help="Skills an agent must have.")
@click.option("--prefers", default="", help="Skills an agent had better have.")
@click.option("--head-start", "head_start_seconds", type=float, default=0.0, help="In seconds.")
@click.pass_context
def set_customer(context: click.Context, /, customer: str, **wish: Any) -> None:
    """Add CUSTOMER, or say anew who they are, for their next call."""
    wish["numbers"] = list(wish["numbers"])
    centre(context).ask("PUT", f"/customers/{part(customer)}", wish)
    tell(f"{customer} is kept.", f"已保存 {customer}。")


@customers.command("delete")
@click.argument("customer")
@click.pass_context
def delete_customer(context: click.Context, customer: str) -> None:
    """Forget a customer."""
    centre(context).ask("DELETE", f"/customers/{part(customer)}")
    tell(f"{customer} is forgotten.", f"已删除 {customer}。")


@click.group()
def callers() -> None:
    """Numbers that are blocked, slowed down or favoured; `anonymous` is whoever withholds theirs."""


@callers.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_callers(context: click.Context, as_json: bool) -> None:
    """All listed numbers."""
    found = centre(context).items("/listed-numbers")
    if as_json:
        show_json(found)
        return
    columns = [
        ("number", "号码"),
        ("is", "名单"),
        ("how", "方式"),
        ("until", "有效期至"),
        ("reason", "原因"),
    ]
    show(columns, [_listed_row(one) for one in found], said("No number is listed.", "名单为空。"))


def _reasons(command: Any) -> Any:
    command = click.option("--days", type=float, help="For so long; left out: for good.")(command)
    return click.option("--reason", default="", help="Why, for who reads the list.")(command)


@callers.command("block")
@click.argument("number")
@_reasons
@click.pass_context
def block(context: click.Context, number: str, reason: str, days: float | None) -> None:
    """Turn calls from NUMBER away."""
    _list(context, number, {"kind": "block", "reason": reason}, days)


@callers.command("slow")
@click.argument("number")
@click.option("--per-hour", type=int, required=True, help="So many calls are taken.")
@_reasons
@click.pass_context
def slow(
    context: click.Context, number: str, per_hour: int, reason: str, days: float | None
) -> None:
    """Take only so many calls from NUMBER."""
    _list(context, number, {"kind": "grey", "per_hour": per_hour, "reason": reason}, days)


@callers.command("favour")
@click.argument("number")
@click.option("--head-start", type=float, required=True, help="In seconds.")
@_reasons
@click.pass_context
def favour(
    context: click.Context, number: str, head_start: float, reason: str, days: float | None
) -> None:
    """Give calls from NUMBER a head start."""
    wish = {"kind": "vip", "head_start_seconds": head_start, "reason": reason}
    _list(context, number, wish, days)


@callers.command("unlist")
@click.argument("number")
@click.pass_context
def unlist(context: click.Context, number: str) -> None:
    """Treat NUMBER as any other."""
    centre(context).ask("DELETE", f"/listed-numbers/{number_part(number)}")
    tell(f"{number} is treated as any other.", f"{number} 已移出名单。")


@callers.command("missed")
@click.option("--days", type=int, default=7, show_default=True, help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def missed(context: click.Context, days: int, as_json: bool) -> None:
    """Who called and talked with nobody since: whom to call back."""
    found = centre(context).items("/missed-callers", days=str(days))
    if as_json:
        show_json(found)
        return
    columns = [
        ("number", "号码"),
        ("customer", "客户"),
        ("calls", "次数"),
        ("last", "最近"),
        ("queue", "队列"),
        ("waited", "等待"),
        ("may be called", "可回电"),
    ]
    show(columns, [_missed_row(one) for one in found], said("Nobody.", "没有。"))


@callers.command("called-back")
@click.argument("number")
@click.pass_context
def called_back(context: click.Context, number: str) -> None:
    """NUMBER has been seen to; who calls again in vain is there again."""
    centre(context).ask("DELETE", f"/missed-callers/{number_part(number)}")
    tell(f"{number} has been seen to.", f"{number} 已处理。")


@callers.command("forbid")
@click.argument("number")
@_reasons
@click.pass_context
def forbid(context: click.Context, number: str, reason: str, days: float | None) -> None:
    """Never call NUMBER: put it on the do-not-call list."""
    wish: dict[str, Any] = {"reason": reason, **_until(days)}
    shown = centre(context).ask("PUT", f"/do-not-call/{number_part(number)}", wish)
    tell(f"{shown['number']} is never called now.", f"{shown['number']} 已加入禁止呼叫名单。")


@callers.command("allow")
@click.argument("number")
@click.pass_context
def allow(context: click.Context, number: str) -> None:
    """Take NUMBER off the do-not-call list."""
    centre(context).ask("DELETE", f"/do-not-call/{number_part(number)}")
    tell(f"{number} may be called again.", f"{number} 可以再次呼叫。")


@callers.command("forbidden")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def forbidden(context: click.Context, as_json: bool) -> None:
    """The do-not-call list."""
    found = centre(context).items("/do-not-call")
    if as_json:
        show_json(found)
        return
    columns = [("number", "号码"), ("until", "有效期至"), ("reason", "原因")]
    rows = [[one["number"], (one["until"] or "")[:10], one["reason"]] for one in found]
    show(columns, rows, said("Nobody is on it.", "名单为空。"))


@callers.command("may-call")
@click.argument("number")
@click.pass_context
def may_call(context: click.Context, number: str) -> None:
    """Whether NUMBER may be called now, by the list and the hours of their own clock, and else when."""
    verdict = centre(context).ask("GET", f"/may-call/{number_part(number)}")
    click.echo(_may_call(verdict))


def _until(days: float | None) -> dict[str, str]:
    if days is None:
        return {}
    return {"until": (datetime.now(UTC) + timedelta(days=days)).isoformat()}


def _list(context: click.Context, number: str, wish: dict[str, Any], days: float | None) -> None:
    listed = {**wish, **_until(days)}
    shown = centre(context).ask("PUT", f"/listed-numbers/{number_part(number)}", listed)
    is_now = said(*_KINDS[shown["kind"]])
    tell(f"{shown['number']} is {is_now} now.", f"{shown['number']} 现在为：{is_now}。")


def _listed_row(one: dict[str, Any]) -> list[str]:
    how = ""
    if one["kind"] == "grey":
        how = said(f"{one['per_hour']} an hour", f"每小时 {one['per_hour']} 通")
    if one["kind"] == "vip":
        how = f"{one['head_start_seconds']:+g} s"
    until = (one["until"] or "")[:16].replace("T", " ")
    return [one["number"], said(*_KINDS[one["kind"]]), how, until, one["reason"]]


def _missed_row(one: dict[str, Any]) -> list[str]:
    waited = one["waited_seconds"]
    return [
        one["number"],
        one["customer"],
        str(one["calls"]),
        ago(one["last"]),
        one["queue"] or "",
        "" if waited is None else f"{waited:.0f} s",
        _may_call(one["may_call"]),
    ]


def _may_call(verdict: dict[str, Any]) -> str:
    if verdict["bar"] is None:
        return said("now", "现在")
    if verdict["bar"] == "do-not-call":
        return said("never: do not call", "禁止呼叫")
    if verdict["at"] is None:
        return said("never: nobody knows their hours", "不可：时区未知")
    return f"{verdict['at'][:16]} UTC".replace("T", " ", 1)


def _customer_row(one: dict[str, Any]) -> list[str]:
    return [
        one["id"],
        one["name"],
        ", ".join(one["numbers"]),
        one["owner"] or "",
        one["tier"],
        one["requires"],
        one["prefers"],
        f"{one['head_start_seconds']:+g} s" if one["head_start_seconds"] else "",
    ]
