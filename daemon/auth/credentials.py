"""
The credentials file: users with hashed passwords, tokens with hashed secrets, readable by its owner
only.

Passwords are stretched with scrypt; a token carries 256 random bits, so a plain SHA-256 of it is
enough. The file is replaced as a whole: written beside, flushed, renamed.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, get_args

import msgspec
from msgspec import Meta

from daemon.durable import sync
from daemon.errors import StartupRefused

Scope: TypeAlias = Literal["play", "media", "audit", "metrics", "webhook", "admin"]
"""
play: report and read one's own positions. media: projects and their files. audit: read the log.
metrics: scrape. webhook: tell what
changed on a server. admin: everything.
"""

SCOPES: tuple[Scope, ...] = get_args(Scope)

SCRYPT_COST = 2**14
SCRYPT_BLOCK = 8
SCRYPT_LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32

TOKEN_PREFIX = "ph_"  # noqa: S105 - marks our tokens so that secret scanners can find leaked ones
TOKEN_BYTES = 32

NAME_CHARS_MAX = 128


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person who signs in with name and password."""

    name: str
    password: Annotated[str, Meta(pattern="^scrypt[$][0-9]+[$]([0-9a-f]{2})+[$]([0-9a-f]{2})+$")]
    scopes: tuple[Scope, ...] = ("play",)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """
    A secret that acts for a user within its scopes; `hash` is the SHA-256 of the secret in hex.
    """

    id: str
    user: str
    label: str
    hash: str
    created: str
    scopes: tuple[Scope, ...] = ("play",)


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """All users and tokens."""

    users: tuple[User, ...] = ()
    tokens: tuple[Token, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """
        The file's content; nothing when there is no file.

        Raises:
            StartupRefused: it cannot be read, or others could read it.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise StartupRefused(f"{path} cannot be read: {error.strerror}.") from error
        if path.stat().st_mode & 0o077:
            hint = f"Run: chmod 600 {path}"
            raise StartupRefused(f"{path} may be read by other users.", hint=hint)
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.MsgspecError as error:
            hint = "Restore it from a backup, or remove it and make the users again."
            raise StartupRefused(f"{path} is damaged: {error}.", hint=hint) from error

    def write(self, path: Path) -> None:
        """Replaces the file; a crash leaves the old one or the new one, whole."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}.new")
        text = msgspec.json.format(msgspec.json.encode(self), indent=2)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync(path.parent)


def hash_password(password: str) -> str:
    """A salted scrypt hash, with its parameters, as text."""
    salt = secrets.token_bytes(SALT_BYTES)
    return _stored(salt, _scrypt(password, salt))


def unknown_password() -> str:
    """
    What a hash looks like, of no password at all. To verify one against it fails, and takes as long
    as against another; to make it takes no time.
    """
    return _stored(secrets.token_bytes(SALT_BYTES), secrets.token_bytes(HASH_BYTES))


def verify_password(password: str, stored: str) -> bool:
    """Whether a password is the one hashed; takes as long either way."""
    kind, cost, salt, digest = stored.split("$")
    assert kind == "scrypt"
    computed = _scrypt(password, bytes.fromhex(salt), cost=int(cost))
    return hmac.compare_digest(computed, bytes.fromhex(digest))


def new_token() -> str:
    """A fresh secret for a token."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _stored(salt: bytes, digest: bytes) -> str:
    return f"scrypt${SCRYPT_COST}${salt.hex()}${digest.hex()}"


def _scrypt(password: str, salt: bytes, *, cost: int = SCRYPT_COST) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=SCRYPT_BLOCK, p=SCRYPT_LANES, dklen=HASH_BYTES
    )
