"""Deciding a journal's offers again, for the commands that ask for it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcenter.cli.wording import said

if TYPE_CHECKING:
    from callcenter.core.acd.verify import Difference, Verification

SHOWN = 10


def verified(folder: Path, call: str | None = None) -> "Verification":
    """What came of the offers in a journal, or of one call's. Ends the command where there is none."""
    found = decided_again(folder, call)
    if not found.offers:
        raise click.ClickException(_nothing(folder, call))
    return found


def decided_again(folder: Path, call: str | None = None) -> "Verification":
    """The same, where there may be none. Ends the command if the journal cannot be read."""
    from callcenter.adapters.journal.lines import DamagedJournal
    from callcenter.adapters.journal.reader import SegmentReader, carried_into
    from callcenter.core.acd.verify import verify
    from callcenter.core.ids import CallId

    only = None if call is None else CallId(call)
    try:
        facts, carried = SegmentReader(folder).read_after(0), carried_into(folder)
        return verify(facts, carried=carried, only=only)
    except (DamagedJournal, OSError) as error:
        raise click.ClickException(str(error)) from None


def tell_verified(found: "Verification") -> bool:
    """Say it; whether everything came out as it is written, but for chance."""
    click.echo(
        said(
            f"{found.offers} offers decided again: {found.same} the same,"
            f" {len(found.differences)} otherwise",
            f"重新判定 {found.offers} 次分配：{found.same} 次相同，{len(found.differences)} 次不同",
        )
    )
    if found.unknown:
        click.echo(
            said(
                f"{found.unknown} are older than the first configuration that is written down",
                f"其中 {found.unknown} 次早于日志中的首个配置，无法判定",
            )
        )
    for difference in found.differences[:SHOWN]:
        click.echo(f"  {_line(difference)}")
    return all(one.by_chance for one in found.differences)


def _line(one: "Difference") -> str:
    written = one.written
    mine = f"{one.call} → {one.agent}" if one.call else said("nothing", "无")
    chance = said(" (by chance)", "（随机）") if one.by_chance else ""
    return f"#{one.number} {written.call} → {written.agent} | {mine}{chance}"


def _nothing(folder: Path, call: str | None) -> str:
    if call is None:
        return said(f"There is no offer in {folder}.", f"{folder} 中没有分配记录。")
    return said(
        f"The journal holds no offer of {call}: it had none, or its segment was archived and is gone.",
        f"日志中没有 {call} 的分配记录：可能没有分配过，或所在分段已归档清除。",
    )
