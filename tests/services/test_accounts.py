"""Signing in and out, users and keys, on stores in memory and a clock moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.core.access import Actor, Role
from callcenter.core.errors import Invalid, NameTaken, NotPermitted, StillInUse
from callcenter.core.ids import AgentId
from callcenter.ports.accounts import NoSuchKey, NoSuchUser, User
from callcenter.ports.passwords import TokenRefused
from callcenter.services.accounts import Accounts, Stores, WeakPassword, WrongPassword
from callcenter.services.attempts import Attempts, TooManyAttempts
from callcenter.testing.stores import MemoryEndedLogins, MemoryKeys, MemoryUsers

pytestmark = pytest.mark.service

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE = "192.0.2.1"
RIGHT = "correct horse battery"
ROOT = Actor("root", Role.ADMIN)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Desk:
    """Accounts, with what they stand on within reach."""

    hasher: Argon2Hasher
    time: datetime = NOON
    users: MemoryUsers = field(default_factory=MemoryUsers)
    keys: MemoryKeys = field(default_factory=MemoryKeys)

    def __post_init__(self) -> None:
        self.accounts = Accounts(
            Stores(self.users, self.keys, MemoryEndedLogins()),
            self.hasher,
            JwtTokens(b"s" * 32),
            lambda: self.time,
            attempts=Attempts(per_name=3),
        )

    def passes(self, **time: float) -> None:
        self.time += timedelta(**time)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(Argon2Hasher(CHEAP))
    await desk.accounts.admit("root", RIGHT, Role.ADMIN)
    await desk.accounts.admit("ana", RIGHT, Role.AGENT, AgentId("a1"))
    yield desk
    desk.hasher.close()


async def test_the_right_password_gives_a_token_that_says_who_it_is(desk: Desk) -> None:
    token, login = await desk.accounts.sign_in("ana", RIGHT, HERE)
    assert login.actor == Actor("ana", Role.AGENT, AgentId("a1"))
    assert await desk.accounts.login_of(token) == login


async def test_names_are_one_whatever_their_case_and_width(desk: Desk) -> None:
    _, login = await desk.accounts.sign_in(" ＡNA ", RIGHT, HERE)
    assert login.actor.id == "ana"


async def test_a_clock_that_was_set_back_shuts_nobody_out(desk: Desk) -> None:
    desk.passes(hours=-8)
    token, login = await desk.accounts.sign_in("ana", RIGHT, HERE)
    assert await desk.accounts.login_of(token) == login


async def test_whoever_is_closed_while_a_password_is_hashed_stays_closed(desk: Desk) -> None:
    await asyncio.gather(
        desk.accounts.change_user(ROOT, "ana", password="another good one"),
        desk.accounts.change_user(ROOT, "ana", enabled=False),
    )
    with pytest.raises(WrongPassword):
        await desk.accounts.sign_in("ana", "another good one", HERE)


async def test_two_admins_who_close_each_other_do_not_both_succeed(desk: Desk) -> None:
    await desk.accounts.admit("boss", RIGHT, Role.ADMIN)
    done = await asyncio.gather(
        desk.accounts.change_user(ROOT, "boss", enabled=False, password="another good one"),
        desk.accounts.change_user(ROOT, "root", enabled=False, password="another good one"),
        return_exceptions=True,
    )
    # Which of the two is first is for the threads that hash to decide.
    assert {type(one) for one in done} == {User, StillInUse}


@pytest.mark.parametrize("name, password", [("ana", "wrong"), ("nobody", RIGHT), ("", "")])
async def test_wrong_and_unknown_get_the_same_answer(desk: Desk, name: str, password: str) -> None:
    with pytest.raises(WrongPassword) as refused:
        await desk.accounts.sign_in(name, password, HERE)
    assert str(refused.value) == ""


async def test_an_unknown_name_costs_as_many_hashes_as_a_wrong_password(desk: Desk) -> None:
    counted: list[str] = []
    verify = desk.hasher.verify

    async def counting(hashed: str, password: str) -> bool:
        counted.append(hashed[:40])
        return await verify(hashed, password)

    desk.hasher.verify = counting  # type: ignore[method-assign]  # time itself is too noisy to compare
    for name in ("ana", "nobody"):
        with pytest.raises(WrongPassword):
            await desk.accounts.sign_in(name, "wrong", HERE)
    assert len(counted) == 2
    assert counted[0].split("$")[:4] == counted[1].split("$")[:4]


async def test_guesses_sent_at_once_are_counted_before_any_is_answered(desk: Desk) -> None:
    tries = [desk.accounts.sign_in("ana", f"guess {n}", HERE) for n in range(20)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, WrongPassword) for answer in answers) == 3
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 17


async def test_even_the_right_password_waits_once_there_were_too_many(desk: Desk) -> None:
    for _ in range(3):
        with pytest.raises(WrongPassword):
            await desk.accounts.sign_in("ana", "wrong", HERE)
    with pytest.raises(TooManyAttempts):
        await desk.accounts.sign_in("ana", RIGHT, HERE)
    desk.passes(minutes=15)
    await desk.accounts.sign_in("ana", RIGHT, HERE)


async def test_a_token_counts_for_twelve_hours(desk: Desk) -> None:
    token, _ = await desk.accounts.sign_in("ana", RIGHT, HERE)
    desk.passes(hours=11, minutes=59)
    await desk.accounts.login_of(token)
    desk.passes(minutes=1)
    with pytest.raises(TokenRefused):
        await desk.accounts.login_of(token)


async def test_signing_out_ends_this_login_and_no_other(desk: Desk) -> None:
    first, login = await desk.accounts.sign_in("ana", RIGHT, HERE)
    second, _ = await desk.accounts.sign_in("ana", RIGHT, HERE)
    await desk.accounts.sign_out(login)
    await desk.accounts.login_of(second)
    with pytest.raises(TokenRefused):
        await desk.accounts.login_of(first)


async def test_closing_an_account_ends_its_logins_and_lets_nobody_in(desk: Desk) -> None:
    token, _ = await desk.accounts.sign_in("ana", RIGHT, HERE)
    await desk.accounts.change_user(ROOT, "ana", enabled=False)
    with pytest.raises(TokenRefused):
        await desk.accounts.login_of(token)
    with pytest.raises(WrongPassword):
        await desk.accounts.sign_in("ana", RIGHT, HERE)


async def test_an_old_login_does_not_come_back_with_a_reopened_account(desk: Desk) -> None:
    token, _ = await desk.accounts.sign_in("ana", RIGHT, HERE)
    desk.passes(seconds=1)
    await desk.accounts.change_user(ROOT, "ana", enabled=False)
    await desk.accounts.change_user(ROOT, "ana", enabled=True)
    with pytest.raises(TokenRefused):
        await desk.accounts.login_of(token)


async def test_a_changed_role_counts_at_once(desk: Desk) -> None:
    token, _ = await desk.accounts.sign_in("ana", RIGHT, HERE)
    await desk.accounts.change_user(ROOT, "ana", role=Role.SUPERVISOR)
    assert (await desk.accounts.login_of(token)).actor.role is Role.SUPERVISOR


async def test_a_new_password_ends_the_logins_made_with_the_old_one(desk: Desk) -> None:
    token, login = await desk.accounts.sign_in("ana", RIGHT, HERE)
    desk.passes(seconds=1)
    await desk.accounts.change_own_password(login.actor, RIGHT, "another password", HERE)
    with pytest.raises(TokenRefused):
        await desk.accounts.login_of(token)
    await desk.accounts.sign_in("ana", "another password", HERE)


async def test_the_old_password_is_needed_for_a_new_one(desk: Desk) -> None:
    ana = Actor("ana", Role.AGENT, AgentId("a1"))
    with pytest.raises(WrongPassword):
        await desk.accounts.change_own_password(ana, "wrong", "another password", HERE)


async def test_a_hash_made_with_weaker_settings_is_renewed_at_sign_in(desk: Desk) -> None:
    stronger = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=16, parallelism=1))
    await Desk(stronger, users=desk.users).accounts.sign_in("ana", RIGHT, HERE)
    stronger.close()
    renewed = await desk.users.find("ana")
    assert renewed is not None
    assert "m=16" in renewed.password_hash


@pytest.mark.parametrize("password", ["short", "anabelle"])
async def test_weak_passwords_are_refused(desk: Desk, password: str) -> None:
    with pytest.raises(WeakPassword):
        await desk.accounts.add_user(ROOT, "Anabelle", password, Role.AGENT)


@pytest.mark.parametrize("name", ["", "a b", "key:1", "x" * 65, "<b>", "a\x00b", "a\nb"])
async def test_names_that_could_be_mistaken_are_refused(desk: Desk, name: str) -> None:
    with pytest.raises(Invalid):
        await desk.accounts.add_user(ROOT, name, RIGHT, Role.AGENT)


async def test_a_name_is_given_once(desk: Desk) -> None:
    with pytest.raises(NameTaken):
        await desk.accounts.add_user(ROOT, "ANA", RIGHT, Role.AGENT)


async def test_the_last_admin_stays(desk: Desk) -> None:
    with pytest.raises(StillInUse):
        await desk.accounts.delete_user(ROOT, "root")
    with pytest.raises(StillInUse):
        await desk.accounts.change_user(ROOT, "root", role=Role.AGENT)
    await desk.accounts.add_user(ROOT, "second", RIGHT, Role.ADMIN)
    await desk.accounts.delete_user(ROOT, "root")


async def test_agents_neither_see_nor_change_accounts(desk: Desk) -> None:
    ana = Actor("ana", Role.AGENT, AgentId("a1"))
    with pytest.raises(NotPermitted):
        await desk.accounts.list_users(ana)
    with pytest.raises(NotPermitted):
        await desk.accounts.change_user(ana, "ana", role=Role.ADMIN)
    with pytest.raises(NotPermitted):
        await desk.accounts.make_key(ana, "mine", Role.ADMIN)


async def test_changing_somebody_who_is_not_there_says_so(desk: Desk) -> None:
    with pytest.raises(NoSuchUser):
        await desk.accounts.change_user(ROOT, "nobody", enabled=False)


async def test_a_key_is_an_actor_until_it_is_deleted(desk: Desk) -> None:
    text, key = await desk.accounts.make_key(ROOT, "wallboard", Role.SUPERVISOR)
    assert await desk.accounts.actor_of_key(text) == Actor(f"key:{key.id}", Role.SUPERVISOR)
    await desk.accounts.delete_key(ROOT, key.id)
    with pytest.raises(TokenRefused):
        await desk.accounts.actor_of_key(text)
    with pytest.raises(NoSuchKey):
        await desk.accounts.delete_key(ROOT, key.id)


async def test_only_the_hash_of_a_key_is_kept(desk: Desk) -> None:
    text, key = await desk.accounts.make_key(ROOT, "wallboard", Role.AGENT)
    _, _, secret = text.split("_", 2)  # which may have such a sign in it too
    assert len(secret) > 40
    assert secret not in repr(await desk.accounts.list_keys(ROOT))
    assert len(key.secret_hash) == 64


async def test_a_key_makes_no_further_keys(desk: Desk) -> None:
    text, _ = await desk.accounts.make_key(ROOT, "robot", Role.ADMIN)
    robot = await desk.accounts.actor_of_key(text)
    with pytest.raises(NotPermitted):
        await desk.accounts.make_key(robot, "child", Role.ADMIN)


@pytest.mark.parametrize(
    "text", ["", "cck", "cck__", "cck_0123456789ab_" + "x" * 43, "cck_zz_\udcff", "_" * 500]
)
async def test_forged_keys_are_refused(desk: Desk, text: str) -> None:
    with pytest.raises(TokenRefused):
        await desk.accounts.actor_of_key(text)
