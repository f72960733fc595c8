"""Signing in and out, users, API keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import AwareDatetime

from callcenter.adapters.http.auth import Authenticator
from callcenter.adapters.http.routing import (
    API,
    Answer,
    Anybody,
    Asked,
    Right,
    Routes,
    json_response,
)
from callcenter.adapters.http.shapes import Line, Listing, Secret, Shape
from callcenter.core.access import Action, Actor, Reach, Role, permissions_of
from callcenter.core.errors import Invalid, NameTaken, StillInUse
from callcenter.core.ids import AgentId
from callcenter.ports.accounts import ApiKey, NoSuchKey, NoSuchUser, User
from callcenter.ports.passwords import Login, PasswordsBusy
from callcenter.services.accounts import Accounts, WeakPassword, WrongPassword
from callcenter.services.attempts import TooManyAttempts


class SignIn(Shape):
    """`keep`: a browser lets the server keep the login in a cookie, a program takes the token."""

    name: Line
    password: Secret
    keep: Literal["cookie", "token"] = "cookie"


class Me(Shape):
    """Who one is, and what one may do, with how far it reaches."""

    id: str
    role: Role
    agent_id: str | None
    permissions: Mapping[Action, Reach]


class SignedIn(Shape):
    me: Me
    expires_at: datetime
    token: str | None = None


class NewPassword(Shape):
    old: Secret
    new: Secret


class NewUser(Shape):
    name: Line
    password: Secret
    role: Role
    agent_id: Line | None = None


class UserChange(Shape):
    role: Role | None = None
    enabled: bool | None = None
    password: Secret | None = None


class UserShown(Shape):
    name: str
    role: Role
    agent_id: str | None
    enabled: bool


class NewKey(Shape):
    label: Line
    role: Role


class KeyShown(Shape):
    id: str
    label: str
    role: Role
    made_at: AwareDatetime


class KeyMade(Shape):
    """`key` is shown this once."""

    key: str
    shown: KeyShown


class UserListing(Listing[UserShown]):
    """All users, by name."""


class KeyListing(Listing[KeyShown]):
    """All keys, oldest first."""


def account_routes(accounts: Accounts, authenticator: Authenticator) -> Routes:
    routes = Routes("accounts")
    _add_login(routes, accounts, authenticator)
    _add_me(routes, accounts)
    _add_users(routes, accounts)
    _add_one_user(routes, accounts)
    _add_keys(routes, accounts)
    return routes


def _add_login(routes: Routes, accounts: Accounts, authenticator: Authenticator) -> None:
    @routes.add(
        "POST",
        f"{API}/login",
        "Sign in",
        takes=SignIn,
        gives=SignedIn,
        needs=Anybody.PUBLIC,
        errors=(WrongPassword, TooManyAttempts, PasswordsBusy),
    )
    async def sign_in(asked: Asked[SignIn]) -> Answer:
        wish = asked.body
        token, login = await accounts.sign_in(wish.name, wish.password, asked.address)
        if wish.keep == "token":
            return json_response(_signed_in(login, token))
        response = json_response(_signed_in(login, None))
        authenticator.keep(asked.request, response, token, login)
        return response

    @routes.add("DELETE", f"{API}/login", "Sign out", needs=Anybody.SIGNED_IN)
    async def sign_out(asked: Asked[None]) -> Answer:
        if asked.who is not None and asked.who.login is not None:
            await accounts.sign_out(asked.who.login)
        response = web.Response(status=204)
        authenticator.forget(asked.request, response)
        return response


def _add_me(routes: Routes, accounts: Accounts) -> None:
    @routes.add("GET", f"{API}/me", "Who am I", gives=Me, needs=Anybody.SIGNED_IN)
    async def read_me(asked: Asked[None]) -> Answer:
        return _me(asked.actor)

    @routes.add(
        "PUT",
        f"{API}/me/password",
        "Change my password; ends all my logins",
        takes=NewPassword,
        needs=Anybody.SIGNED_IN,
        errors=(WrongPassword, WeakPassword, TooManyAttempts, PasswordsBusy),
    )
    async def change_my_password(asked: Asked[NewPassword]) -> Answer:
        wish = asked.body
        await accounts.change_own_password(asked.actor, wish.old, wish.new, asked.address)
        return None


def _add_users(routes: Routes, accounts: Accounts) -> None:
    @routes.add(
        "GET",
        f"{API}/users",
        "All users",
        gives=UserListing,
        needs=Right(Action.READ_ACCOUNTS),
    )
    async def list_users(asked: Asked[None]) -> Answer:
        return UserListing(items=[_user(user) for user in await accounts.list_users(asked.actor)])

    @routes.add(
        "POST",
        f"{API}/users",
        "Add a user",
        takes=NewUser,
        gives=UserShown,
        status=201,
        needs=Right(Action.CHANGE_ACCOUNTS),
        errors=(NameTaken, WeakPassword, Invalid, PasswordsBusy),
    )
    async def add_user(asked: Asked[NewUser]) -> Answer:
        new = asked.body
        agent_id = AgentId(new.agent_id) if new.agent_id is not None else None
        return _user(
            await accounts.add_user(asked.actor, new.name, new.password, new.role, agent_id)
        )


def _add_one_user(routes: Routes, accounts: Accounts) -> None:
    @routes.add(
        "PATCH",
        f"{API}/users/{{name}}",
        "Change a user's role or password, close or reopen the account",
        takes=UserChange,
        gives=UserShown,
        needs=Right(Action.CHANGE_ACCOUNTS),
        errors=(NoSuchUser, StillInUse, WeakPassword, PasswordsBusy),
    )
    async def change_user(asked: Asked[UserChange]) -> Answer:
        wish = asked.body
        return _user(
            await accounts.change_user(
                asked.actor,
                asked.path("name"),
                role=wish.role,
                enabled=wish.enabled,
                password=wish.password,
            )
        )

    @routes.add(
        "DELETE",
        f"{API}/users/{{name}}",
        "Delete a user",
        needs=Right(Action.CHANGE_ACCOUNTS),
        errors=(NoSuchUser, StillInUse),
    )
    async def delete_user(asked: Asked[None]) -> Answer:
        await accounts.delete_user(asked.actor, asked.path("name"))
        return None


def _add_keys(routes: Routes, accounts: Accounts) -> None:
    @routes.add(
        "GET", f"{API}/keys", "All API keys", gives=KeyListing, needs=Right(Action.READ_ACCOUNTS)
    )
    async def list_keys(asked: Asked[None]) -> Answer:
        return KeyListing(items=[_key(key) for key in await accounts.list_keys(asked.actor)])

    @routes.add(
        "POST",
        f"{API}/keys",
        "Make an API key; its text is shown this once",
        takes=NewKey,
        gives=KeyMade,
        status=201,
        needs=Right(Action.CHANGE_ACCOUNTS),
    )
    async def make_key(asked: Asked[NewKey]) -> Answer:
        text, key = await accounts.make_key(asked.actor, asked.body.label, asked.body.role)
        return KeyMade(key=text, shown=_key(key))

    @routes.add(
        "DELETE",
        f"{API}/keys/{{key_id}}",
        "Delete an API key",
        needs=Right(Action.CHANGE_ACCOUNTS),
        errors=(NoSuchKey,),
    )
    async def delete_key(asked: Asked[None]) -> Answer:
        await accounts.delete_key(asked.actor, asked.path("key_id"))
        return None


def _me(actor: Actor) -> Me:
    return Me(
        id=actor.id,
        role=actor.role,
        agent_id=actor.agent_id,
        permissions=permissions_of(actor.role),
    )


def _signed_in(login: Login, token: str | None) -> SignedIn:
    return SignedIn(me=_me(login.actor), expires_at=login.expires_at, token=token)


def _user(user: User) -> UserShown:
    return UserShown(name=user.name, role=user.role, agent_id=user.agent_id, enabled=user.enabled)


def _key(key: ApiKey) -> KeyShown:
    return KeyShown(id=key.id, label=key.label, role=key.role, made_at=key.made_at)
