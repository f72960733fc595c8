"""Whose turn it is: two engines never act at once while the database answers, nor wait too long."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callcenter.core.leadership import (
    DEATH,
    LOOK,
    RENEW,
    SILENCE,
    SURE,
    TORN,
    Lead,
    LeaseRow,
    Watch,
)

pytestmark = pytest.mark.core

TICK = 0.05
LENGTH = 14.0


def row(
    stamp: str = "1", *, holder: str = "a", epoch: int = 1, has_session: bool = True, j: str = "ja"
) -> LeaseRow:
    return LeaseRow(epoch, holder, "host", j, stamp, 0.0, has_session)


# -- what the one at work believes ----------------------------------------------------------------


def test_a_lead_is_sure_for_a_while_after_each_renewal_was_asked_for() -> None:
    lead = Lead(10.0)
    assert lead.may_act(10.0 + SURE)
    assert not lead.may_act(10.1 + SURE)
    lead.renewed(11.0)
    assert lead.may_act(11.0 + SURE)
    assert lead.age(11.5) == 0.5


def test_an_answer_that_was_asked_for_long_ago_says_nothing_about_now() -> None:
    lead = Lead(10.0)
    lead.renewed(10.2)
    assert not lead.may_act(20.0)


def test_a_lead_goes_on_while_the_database_is_away() -> None:
    lead = Lead(0.0)
    for tenth in range(1, 600):
        lead.database_away(tenth / 10)
        assert lead.may_act(tenth / 10)


def test_a_lead_goes_on_while_the_database_is_slow() -> None:
    lead = Lead(0.0)
    for tenth in range(1, 600):
        lead.unanswered(tenth / 10)
        assert lead.may_act(tenth / 10)


def test_who_stood_still_while_the_database_was_away_is_not_sure_any_more() -> None:
    lead = Lead(0.0)
    lead.database_away(1.0)
    lead.database_away(1.0 + SURE + 0.1)
    assert not lead.may_act(1.0 + SURE + 0.1)


def test_a_lease_that_is_anothers_is_lost_at_once_and_for_good() -> None:
    lead = Lead(0.0)
    lead.lost()
    lead.renewed(0.1)
    assert not lead.may_act(0.1)


def test_a_session_that_has_ended_leaves_a_moment_to_be_heard_again() -> None:
    lead = Lead(0.0)
    lead.session_open(0.4)
    lead.session_ended(0.5)
    assert lead.may_act(0.4 + TORN)
    assert not lead.may_act(0.5 + TORN)
    lead.renewed(0.55)
    assert lead.may_act(0.5 + SURE)


def test_who_stood_still_while_the_session_ended_has_no_moment_left() -> None:
    lead = Lead(0.0)
    lead.session_open(0.1)
    lead.session_ended(1.0)
    assert not lead.may_act(1.0)


# -- what one who stands by has seen --------------------------------------------------------------


@dataclass
class Looks:
    """A watch that looks each `LOOK`."""

    watch: Watch = field(default_factory=lambda: Watch("jb"))
    now: float = 0.0

    def until_free(self, seen: LeaseRow, within: float) -> float | None:
        """How long until it may be taken while this is seen."""
        began = self.now
        while self.now <= began + within:
            if self.watch.sees(seen, self.now, self.now):
                return self.now - began
            self.now += LOOK
        return None


@pytest.mark.parametrize("seen", [row(holder=""), row(j="jb"), row(holder="", epoch=0, j="")])
def test_what_is_free_or_can_only_be_ours_is_taken_at_once(seen: LeaseRow) -> None:
    assert Looks().until_free(seen, 0) == 0


def test_a_row_that_stands_still_is_taken_after_its_silence() -> None:
    took = Looks().until_free(row(), 10)
    assert took is not None
    assert SILENCE <= took < SILENCE + 2 * LOOK


def test_a_row_that_is_renewed_is_never_taken() -> None:
    looks = Looks()
    for renewal in range(50):
        assert looks.until_free(row(str(renewal)), 2 * RENEW) is None


def test_a_session_that_ends_is_a_death() -> None:
    looks = Looks()
    assert looks.until_free(row(), 0.3) is None
    took = looks.until_free(row(has_session=False), 10)
    assert took is not None
    assert DEATH <= took < DEATH + 2 * LOOK


def test_a_session_that_was_never_seen_says_nothing() -> None:
    took = Looks().until_free(row(has_session=False), 10)
    assert took is not None
    assert took >= SILENCE


def test_a_renewal_without_a_session_is_life() -> None:
    looks = Looks()
    looks.until_free(row(), 0.3)
    assert looks.until_free(row("2", has_session=False), DEATH / 2) is None
    assert looks.until_free(row("3"), 1) is None


def test_what_was_seen_before_the_database_was_away_does_not_count() -> None:
    looks = Looks()
    looks.until_free(row(), SILENCE - 0.3)
    looks.watch.unanswered()
    assert looks.until_free(row(has_session=False), SILENCE - 0.3) is None


def test_one_who_stood_still_looks_anew() -> None:
    looks = Looks()
    looks.until_free(row(), 0.5)
    looks.now += 5
    assert looks.until_free(row(), SILENCE - 0.3) is None


# -- both together --------------------------------------------------------------------------------


@dataclass
class Database:
    """The row, and whose lock is held. It always answers."""

    epoch: int = 0
    holder: str = ""
    renewals: int = 0
    sessions: set[str] = field(default_factory=set)

    def look(self) -> LeaseRow:
        held = f"{self.holder}{self.epoch}" in self.sessions
        stamp, journal = str(self.renewals), f"journal of {self.holder}"
        return LeaseRow(self.epoch, self.holder, "host", journal, stamp, 0.0, held)

    def take(self, who: str, seen: LeaseRow) -> int | None:
        if (seen.epoch, seen.holder, seen.stamp) != (self.epoch, self.holder, str(self.renewals)):
            return None
        self.epoch, self.holder, self.renewals = self.epoch + 1, who, self.renewals + 1
        self.sessions.add(f"{who}{self.epoch}")
        return self.epoch

    def renew(self, who: str, epoch: int) -> bool:
        self.sessions.add(f"{who}{epoch}")
        if (self.holder, self.epoch) != (who, epoch):
            return False
        self.renewals += 1
        return True


class Process:
    """An engine, moved by ticks. What it asks is done at once and heard at its next tick."""

    def __init__(self, name: str, database: Database) -> None:
        self.name, self.database = name, database
        self.lives = 0
        self.restart()

    def restart(self) -> None:
        """Another process in its place: it has forgotten everything, and its sessions have ended."""
        self.tear()
        self.lives += 1
        self.me = f"{self.name}.{self.lives}."
        self.watch, self.epoch = Watch("of nobody"), 0
        self.lead: Lead | None = None
        self.asked: tuple[float, LeaseRow | bool] | None = None
        self.next = 0.0

    def tear(self) -> None:
        """Its sessions end."""
        mine = f"{self.name}."
        self.database.sessions -= {s for s in self.database.sessions if s.startswith(mine)}

    def tick(self, now: float) -> bool:
        """Whether it acts in this moment."""
        if self.lead is None:
            self._stand_by(now)
            return False
        is_open = f"{self.me}{self.epoch}" in self.database.sessions
        (self.lead.session_open if is_open else self.lead.session_ended)(now)
        acts = self.lead.may_act(now)
        if not acts:
            self.restart()
            return False
        self._keep(now, self.lead, is_open)
        return True

    def _stand_by(self, now: float) -> None:
        if self.asked is not None:
            (began, seen), self.asked = self.asked, None
            assert isinstance(seen, LeaseRow)
            if self.watch.sees(seen, began, now):
                epoch = self.database.take(self.me, seen)
                if epoch is not None:
                    self.lead, self.epoch, self.next = Lead(now), epoch, now + RENEW
                return
        self.asked = now, self.database.look()

    def _keep(self, now: float, lead: Lead, is_open: bool) -> None:
        if self.asked is not None:
            (began, still_ours), self.asked = self.asked, None
            (lead.renewed(began) if still_ours else lead.lost())
            self.next = now + RENEW
        elif now >= self.next or not is_open:
            self.asked = now, self.database.renew(self.me, self.epoch)
            lead.unanswered(now)


WHO = st.sampled_from("ab")
MOMENT = st.integers(0, int(LENGTH / TICK)).map(lambda ticks: ticks * TICK)
FREEZE = st.tuples(WHO, MOMENT, st.floats(0.05, 5))


@settings(max_examples=300)
@given(
    st.lists(FREEZE, max_size=6),
    st.lists(st.tuples(WHO, MOMENT), max_size=4),
    st.lists(st.tuples(WHO, MOMENT), max_size=3),
)
@example([("a", 3.0, 0.9)], [("a", 3.0)], [])  # torn while it stood still
@example([("a", 3.0, 2.3)], [], [])
def test_two_never_act_at_once_whatever_freezes_dies_or_is_torn(
    freezes: list[tuple[str, float, float]],
    torn: list[tuple[str, float]],
    killed: list[tuple[str, float]],
) -> None:
    database = Database()
    both = {name: Process(name, database) for name in "ab"}
    acted: list[str] = []
    for ticks in range(int(LENGTH / TICK)):
        now = ticks * TICK
        for who in (who for who, at in torn if at == now):
            both[who].tear()
        for who in (who for who, at in killed if at == now):
            both[who].restart()
        awake = [
            process
            for name, process in both.items()
            if not any(who == name and at <= now < at + long for who, at, long in freezes)
        ]
        acts = [process for process in awake if process.tick(now)]
        assert len(acts) <= 1, now
        # Whoever acts is the one whom the row names: nobody else has begun.
        assert all((p.me, p.epoch) == (database.holder, database.epoch) for p in acts), now
        acted.extend(process.name for process in acts)
    assert acted or freezes


@pytest.mark.parametrize(
    ("is_killed", "within"), [(True, DEATH + 0.25), (False, SILENCE + 0.5)], ids=["dead", "frozen"]
)
def test_the_other_begins_in_time(is_killed: bool, within: float) -> None:
    database = Database()
    first, second = Process("a", database), Process("b", database)
    for ticks in range(60):
        first.tick(ticks * TICK)
        second.tick(ticks * TICK)
    assert first.lead is not None
    whatever_ends_it: dict[bool, Callable[[], object]] = {True: first.tear, False: lambda: None}
    whatever_ends_it[is_killed]()
    now = gone = 60 * TICK
    while not second.tick(now):
        now += TICK
        assert now < gone + within
