"""Real argon2 and real tokens."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from argon2 import PasswordHasher

from callcenter.adapters.passwords import argon2 as module
from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.core.access import Actor, Role
from callcenter.core.ids import AgentId
from callcenter.ports.passwords import Login, PasswordsBusy, TokenRefused

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
SECRET = b"0123456789abcdef0123456789abcdef"
LOGIN = Login("l1", Actor("ana", Role.AGENT, AgentId("a1")), NOON, NOON + timedelta(hours=12))


@pytest.fixture
async def hasher() -> AsyncIterator[Argon2Hasher]:
    hasher = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield hasher
    hasher.close()


async def test_a_password_fits_its_own_hash_only(hasher: Argon2Hasher) -> None:
    hashed = await hasher.hash("密码 with spaces")
    assert hashed.startswith("$argon2id$")
    assert await hasher.verify(hashed, "密码 with spaces")
    assert not await hasher.verify(hashed, "密码 with space")


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$short"])
async def test_a_broken_hash_fits_nothing(hasher: Argon2Hasher, hashed: str) -> None:
    assert not await hasher.verify(hashed, "anything")


async def test_the_line_for_hashing_is_bounded(
    hasher: Argon2Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_LIMIT", 5)
    answers = await asyncio.gather(
        *(hasher.hash("password") for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(answer, PasswordsBusy) for answer in answers) == 3
    assert await hasher.hash("password")


async def test_the_loop_goes_on_while_a_password_is_hashed() -> None:
    hasher = Argon2Hasher()
    hashing = asyncio.create_task(hasher.hash("password"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    hasher.close()
    assert turns > 100


def test_a_token_comes_back_as_the_login_it_was_made_from() -> None:
    tokens = JwtTokens(SECRET)
    assert tokens.read(tokens.sign(LOGIN), NOON) == LOGIN


def test_an_expired_token_is_refused() -> None:
    tokens = JwtTokens(SECRET)
    with pytest.raises(TokenRefused):
        tokens.read(tokens.sign(LOGIN), LOGIN.expires_at)


def test_a_token_signed_by_somebody_else_is_refused() -> None:
    with pytest.raises(TokenRefused):
        JwtTokens(SECRET).read(JwtTokens(b"x" * 32).sign(LOGIN), NOON)


def without_signature() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"iss": "callcenter", "sub": "ana", "jti": "1", "iat": 0, "exp": 9e9, "role": "admin"}
    return f"{part({'alg': 'none'})}.{part(claims)}."


def signed(**claims: object) -> str:
    whole = {"iss": "callcenter", "sub": "ana", "jti": "1", "iat": 0, "exp": 9e9} | claims
    return jwt.encode(whole, SECRET, algorithm="HS256")


FORGED = {
    "empty": "",
    "words": "not a token",
    "dots": "..",
    "no signature": without_signature(),
    "other issuer": signed(iss="other", role="admin", agent=None),
    "unknown role": signed(role="root", agent=None),
    "no role": signed(agent=None),
    "endless": signed(role="admin", agent=None, exp=1e300),
    "never": signed(role="admin", agent=None, exp="tomorrow"),
    "huge": signed(role="admin", agent="x" * 5000),
    "bytes": "\udcff.\udcff.\udcff",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_forged_and_broken_tokens_are_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        JwtTokens(SECRET).read(token, NOON)


def test_a_short_secret_is_refused_and_a_good_one_is_not_shown() -> None:
    with pytest.raises(ValueError, match="32"):
        JwtTokens(b"short")
    assert "0123" not in repr(JwtTokens(SECRET))
