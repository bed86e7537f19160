"""
Users and tokens over HTTP, for whoever administers: the same as `playhead user` and `token`.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import anyio.to_thread
import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.auth.credentials import NAME_CHARS_MAX, Credentials, Scope
from daemon.auth.keeping import (
    LABEL_CHARS_MAX,
    change,
    with_token,
    with_user,
    without_token,
    without_user,
)
from daemon.datadir import DataDirectory
from daemon.web.bodies import decode_body, read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.services import Services
from projections.errors import Conflict

PASSWORD_CHARS_MAX = 1_024

UserName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Scopes = Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=8)]


class UserShown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in with a password. `configured`: by the settings, not changed here."""

    name: str
    scopes: tuple[Scope, ...]
    configured: bool = False


class TokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """A token; its secret is kept nowhere."""

    id: str
    user: str
    label: str
    scopes: tuple[Scope, ...]
    created: str


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may use the daemon. `open`: nobody needs to sign in, as there is no user and no token."""

    users: list[UserShown]
    tokens: list[TokenShown]
    open: bool


class UserBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new user, or another password and other scopes for one that exists."""

    name: UserName
    password: Annotated[str, Meta(max_length=PASSWORD_CHARS_MAX)]
    scopes: Scopes = ("play",)


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new token, and what it is for, such as the name of a device."""

    user: UserName
    label: Annotated[str, Meta(max_length=LABEL_CHARS_MAX)] = ""
    scopes: Scopes = ("play",)


class TokenMade(msgspec.Struct, frozen=True, kw_only=True):
    """The token, and its secret, which cannot be shown again."""

    token: TokenShown
    secret: str


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What is gone, and how many tokens went along."""

    removed: str
    tokens: int


async def show_access(services: Services, request: Request) -> Response:
    """Lists users and tokens."""
    require(request, "admin")
    stored = await anyio.to_thread.run_sync(Credentials.read, _file(services))
    users = [UserShown(name=user.name, scopes=user.scopes) for user in stored.users]
    configured = services.settings.auth.user
    if configured:
        users = [user for user in users if user.name != configured]
        users.append(UserShown(name=configured, scopes=("admin",), configured=True))
    tokens = [
        TokenShown(
            id=token.id,
            user=token.user,
            label=token.label,
            scopes=token.scopes,
            created=token.created,
        )
        for token in stored.tokens
    ]
    return json_response(Access(users=users, tokens=tokens, open=services.gate.is_open))


def _file(services: Services) -> Path:
    return DataDirectory(Path(services.settings.data)).credentials


async def put_user(services: Services, request: Request) -> Response:
    """
    Makes a user, or gives one another password. The first one must be an administrator: from then
    on everybody has to sign in, and nobody else could make others.
    """
    require(request, "admin")
    body = decode_body(await read_body(request, services.settings.server), UserBody)
    if body.name == services.settings.auth.user:
        hint = "Change auth.password_file in the settings instead."
        raise Conflict(f"{body.name} is the user of the settings.", hint=hint)
    if services.gate.is_open and "admin" not in body.scopes:
        hint = "Give the first user the scope admin."
        raise Conflict("The first user must be an administrator.", hint=hint)
    step = partial(_keeping_an_administrator, services, body)
    await anyio.to_thread.run_sync(change, _file(services), step)
    return json_response(UserShown(name=body.name, scopes=body.scopes))


def _keeping_an_administrator(
    services: Services, body: UserBody, stored: Credentials
) -> tuple[Credentials, object]:
    changed, made = with_user(stored, body.name, password=body.password, scopes=body.scopes)
    _refuse_without_administrator(services, stored, changed)
    return changed, made


def _refuse_without_administrator(
    services: Services, before: Credentials, after: Credentials
) -> None:
    """Nobody shall lock everybody out by a click; the command line may."""
    is_safe = bool(services.settings.auth.user) or _has_administrator(after)
    if _has_administrator(before) and not is_safe:
        hint = "Make another administrator first."
        raise Conflict("Nobody would be an administrator any more.", hint=hint)


def _has_administrator(stored: Credentials) -> bool:
    granted = [*(user.scopes for user in stored.users), *(token.scopes for token in stored.tokens)]
    return any("admin" in scopes for scopes in granted)


async def remove_user(services: Services, request: Request) -> Response:
    """Removes a user and the tokens that act for them; their positions stay."""
    require(request, "admin")
    name = request.path_params["name"]

    def step(stored: Credentials) -> tuple[Credentials, int]:
        changed, removed = without_user(stored, name)
        _refuse_without_administrator(services, stored, changed)
        return changed, removed

    removed = await anyio.to_thread.run_sync(change, _file(services), step)
    return json_response(Removed(removed=name, tokens=removed))


async def make_token(services: Services, request: Request) -> Response:
    """Makes a token and shows its secret, once."""
    require(request, "admin")
    body = decode_body(await read_body(request, services.settings.server), TokenBody)
    if services.gate.is_open and "admin" not in body.scopes:
        hint = "Make an administrator first."
        raise Conflict("From the first token on everybody has to sign in.", hint=hint)
    step = partial(
        with_token,
        name=body.user,
        label=body.label,
        scopes=body.scopes,
        now=services.clock.now_ns(),
    )
    made, secret = await anyio.to_thread.run_sync(change, _file(services), step)
    shown = TokenShown(
        id=made.id, user=made.user, label=made.label, scopes=made.scopes, created=made.created
    )
    return json_response(TokenMade(token=shown, secret=secret))


async def remove_token(services: Services, request: Request) -> Response:
    """Revokes a token; it stops working within a second."""
    require(request, "admin")
    token_id = request.path_params["id"]

    def step(stored: Credentials) -> tuple[Credentials, object]:
        changed, gone = without_token(stored, token_id)
        _refuse_without_administrator(services, stored, changed)
        return changed, gone

    await anyio.to_thread.run_sync(change, _file(services), step)
    return json_response(Removed(removed=token_id, tokens=1))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/access",
        handler=show_access,
        summary="Users and tokens",
        tag="access",
        scope="admin",
        answer=Access,
    ),
    Endpoint(
        method="POST",
        path="/api/access/users",
        handler=put_user,
        summary="Make a user, or change one",
        tag="access",
        scope="admin",
        body=UserBody,
        answer=UserShown,
        statuses=(400, 408, 409, 413, 422),
    ),
    Endpoint(
        method="DELETE",
        path="/api/access/users/{name}",
        handler=remove_user,
        summary="Remove a user",
        tag="access",
        scope="admin",
        answer=Removed,
        statuses=(404, 409),
    ),
    Endpoint(
        method="POST",
        path="/api/access/tokens",
        handler=make_token,
        summary="Make a token",
        tag="access",
        scope="admin",
        body=TokenBody,
        answer=TokenMade,
        statuses=(400, 408, 409, 413, 422),
    ),
    Endpoint(
        method="DELETE",
        path="/api/access/tokens/{id}",
        handler=remove_token,
        summary="Revoke a token",
        tag="access",
        scope="admin",
        answer=Removed,
        statuses=(404, 409),
    ),
)
