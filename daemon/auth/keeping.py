"""
Making and removing users and tokens, for the command line and for the page.

Whoever changes the file holds a lock beside it, so that two who do it at once do not undo each
other.
"""

import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from daemon.auth.credentials import (
    NAME_CHARS_MAX,
    Credentials,
    Scope,
    Token,
    User,
    hash_password,
    new_token,
    token_hash,
)
from projections.envelope import Nanos
from projections.errors import NotFound, Rejected
from projections.moments import moment_text

PASSWORD_CHARS_MIN = 8
LABEL_CHARS_MAX = 128
SECONDS_CHARS = 19
"""Of a moment as text, up to its seconds."""

Result = TypeVar("Result")


def change(path: Path, step: Callable[[Credentials], tuple[Credentials, Result]]) -> Result:
    """
    Reads the credentials, takes a step, and writes what came of it.

    Raises:
        Rejected: the step cannot be taken; nothing was changed.
        StartupRefused: the file cannot be read.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.lock")
    number = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        changed, result = step(Credentials.read(path))
        changed.write(path)
    finally:
        os.close(number)
    return result


def with_user(
    stored: Credentials, name: str, *, password: str, scopes: tuple[Scope, ...]
) -> tuple[Credentials, User]:
    """
    A new user, or an old one with a new password and scopes.

    Raises:
        Rejected: name or password will not do.
    """
    check_name(name)
    check_password(password)
    made = User(name=name, password=hash_password(password), scopes=scopes)
    others = tuple(known for known in stored.users if known.name != name)
    return msgspec.structs.replace(stored, users=(*others, made)), made


def without_user(stored: Credentials, name: str) -> tuple[Credentials, int]:
    """
    Without a user, and without the tokens that act for them; and how many those were.

    Raises:
        NotFound: there is no such user.
    """
    users = tuple(known for known in stored.users if known.name != name)
    tokens = tuple(known for known in stored.tokens if known.user != name)
    removed = len(stored.tokens) - len(tokens)
    if len(users) == len(stored.users) and removed == 0:
        raise NotFound(f"There is no user {name}.", hint="See: playhead user list")
    return msgspec.structs.replace(stored, users=users, tokens=tokens), removed


def with_token(
    stored: Credentials, name: str, *, label: str, scopes: tuple[Scope, ...], now: Nanos
) -> tuple[Credentials, tuple[Token, str]]:
    """
    A new token, and its secret, which is kept nowhere.

    Raises:
        Rejected: nobody can have the name.
    """
    check_name(name)
    secret = new_token()
    made = Token(
        id=secrets.token_hex(4),
        user=name,
        label=label[:LABEL_CHARS_MAX],
        hash=token_hash(secret),
        created=moment_text(now)[:SECONDS_CHARS] + "Z",
        scopes=scopes,
    )
    return msgspec.structs.replace(stored, tokens=(*stored.tokens, made)), (made, secret)


def without_token(stored: Credentials, token_id: str) -> tuple[Credentials, Token]:
    """
    Without a token.

    Raises:
        NotFound: there is none with that id.
    """
    found = [known for known in stored.tokens if known.id == token_id]
    if not found:
        raise NotFound(f"There is no token {token_id}.", hint="See: playhead token list")
    tokens = tuple(known for known in stored.tokens if known.id != token_id)
    return msgspec.structs.replace(stored, tokens=tokens), found[0]


def check_name(name: str) -> None:
    """
    Raises:
        Rejected: nobody can be called that.
    """
    is_fit = 0 < len(name) <= NAME_CHARS_MAX and ":" not in name and name.isprintable()
    if not is_fit or name != name.strip():
        hint = f"Use 1 to {NAME_CHARS_MAX} printable characters without a colon."
        raise Rejected(f"{name!r} cannot be a user name.", hint=hint)


def check_password(password: str) -> None:
    """
    Raises:
        Rejected: it is too short.
    """
    if len(password) < PASSWORD_CHARS_MIN:
        hint = f"Use at least {PASSWORD_CHARS_MIN} characters."
        raise Rejected("The password is too short.", hint=hint)
