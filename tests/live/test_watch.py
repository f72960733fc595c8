"""Watchdogs over a real switch: the centre's call to itself, and a leg that nobody owns."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from callcenter.adapters.asterisk.trial import is_trial
from callcenter.adapters.journal.reader import SegmentReader
from tests.live.live_centre import FIGURES, LONG, LONGER, House, until

pytestmark = pytest.mark.live

RECONCILED = timedelta(seconds=90)


async def watch(house: House, code: str) -> list[dict[str, Any]]:
    """How the watches of a kind stand."""
    found = (await house.admin.ask("GET", "/alerts?all=true"))["items"]
    return [one for one in found if one["code"] == code]


async def test_the_centre_answers_its_own_call_and_nobody_else_hears_of_it(house: House) -> None:
    async def answered() -> dict[str, Any] | None:
        return next((one for one in await watch(house, "test-call-failed") if one["value"]), None)

    call = await until(answered, LONGER, "a test call", every=1)
    FIGURES.append(f"watch: test call answered after {call['value'] * 1000:.0f} ms")
    assert call["raised_at"] is None
    reader = SegmentReader(house.centre.run_folder / "journal")
    calls = {getattr(fact, "call", "") or "" for _, fact in reader.read_after(0)}
    assert not [one for one in calls if is_trial(one)]
    assert not [one for one in await house.calls() if is_trial(one["id"])]


async def test_everything_else_is_seen_and_fine(house: House) -> None:
    async def all_seen() -> bool:
        seen = (await house.admin.ask("GET", "/alerts?all=true"))["items"]
        return {one["code"] for one in seen if one["value"] is not None} >= {
            *("switch-away", "switch-slow", "switch-backlog", "trunk-silent", "orphan-legs"),
            *("journal-away", "database-away", "archive-behind", "disk-low", "disk-filling"),
        }

    await until(all_seen, LONGER, "every watch to look", every=1)
    calm = ["switch-away", "switch-backlog", "orphan-legs", "journal-away", "database-away"]
    raised = (await house.admin.ask("GET", "/alerts"))["items"]
    assert [one["code"] for one in raised if one["code"] in calm] == []
    # Nobody is where these two carriers are expected; the third is not asked.
    silent = {one["subject"] for one in raised if one["code"] == "trunk-silent"}
    assert silent == {"provider", "carrier"}


async def test_a_leg_that_nobody_owns_is_told_and_seen_to(house: House) -> None:
    numbers = itertools.count(1)

    async def raised() -> bool:
        # Each is seen to when all is compared, which may be a moment later: so one after the other.
        leg = f"orphan-leg-{next(numbers)}-x"
        to = "endpoint=Local/*43@from-agent/n&app=cc&appArgs=nobody-knows-this"
        await house.ari(f"/channels/{leg}?otherChannelId={leg[:-1]}y&{to}", "POST")
        return any(one["raised_at"] for one in await watch(house, "orphan-legs"))

    await until(raised, RECONCILED, "the orphan to be told", every=4)

    async def cleared() -> bool:
        [orphans] = await watch(house, "orphan-legs")
        return orphans["raised_at"] is None and orphans["value"] == 0

    await until(cleared, RECONCILED, "the orphans to be seen to", every=1)

    async def gone() -> bool:
        return not [one for one in await house.ari("/channels") if "orphan" in one["id"]]

    await until(gone, RECONCILED + LONG, "the orphans to be hung up", every=1)
