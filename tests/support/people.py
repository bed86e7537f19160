"""Users and tokens for tests, made straight in the credentials file."""

import base64
from collections.abc import Sequence
from pathlib import Path

import msgspec

from daemon.auth.credentials import (
    Credentials,
    Scope,
    Token,
    User,
    hash_password,
    new_token,
    token_hash,
)


def make_token(data: Path, user: str, *scopes: Scope) -> str:
    """The secret of a new token in a data directory; without scopes it may play."""
    return make_tokens(data, [user], *scopes)[0]


def make_tokens(data: Path, users: Sequence[str], *scopes: Scope) -> list[str]:
    """The secrets of new tokens, one for each user."""
    path = data / "credentials.json"
    known = Credentials.read(path)
    made = {new_token(): user for user in users}
    tokens = (
        Token(
            id=f"{number:08x}",
            user=user,
            label="test",
            hash=token_hash(secret),
            created="2026-11-21T09:00:00Z",
            scopes=scopes or ("play",),
        )
        for number, (secret, user) in enumerate(made.items(), start=len(known.tokens))
    )
    msgspec.structs.replace(known, tokens=(*known.tokens, *tokens)).write(path)
    return list(made)


def make_user(data: Path, name: str, password: str, *scopes: Scope) -> None:
    """Adds a user with a password; without scopes they may play."""
    path = data / "credentials.json"
    known = Credentials.read(path)
    made = User(name=name, password=hash_password(password), scopes=scopes or ("play",))
    msgspec.structs.replace(known, users=(*known.users, made)).write(path)


def bearer(secret: str) -> dict[str, str]:
    """The headers of a request with a token."""
    return {"Authorization": f"Bearer {secret}"}


def basic(name: str, password: str) -> dict[str, str]:
    """The headers of a request with a name and a password."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
