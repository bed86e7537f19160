"""
The gate: from an Authorization header to a principal, in constant time and without stalling the
event loop.

The credentials file is read again when it changes, so users and tokens can be made and revoked
while the daemon runs.
"""

import base64
import binascii
import hashlib
import secrets
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from daemon.auth.credentials import (
    SCOPES,
    Credentials,
    Scope,
    hash_password,
    token_hash,
    unknown_password,
    verify_password,
)
from daemon.clock import Clock
from daemon.errors import StartupRefused

RELOAD_EVERY_S = 1.0
"""How long a revoked token may still work, at most."""

PASSWORD_CHECKS_MAX = 1
"""Password hashing is slow on purpose; one at a time keeps a guesser from taking the machine."""

PASSWORD_CHECKS_WAITING_MAX = 32
"""Beyond this, sign-ins are refused without being looked at."""

KNOWN_GOOD_MAX = 1_024


class Principal(msgspec.Struct, frozen=True):
    """Who asks: whose positions are meant, and what is allowed."""

    user: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the scope, or admin, was granted."""
        return scope in self.scopes or "admin" in self.scopes


ALL_SCOPES: frozenset[Scope] = frozenset(SCOPES)


class Gate:
    """
    Knows all credentials.

    Args:
        path: the credentials file; it may not exist.
        clock: tells when to look at the file again.
        configured: name and password of the user from the configuration, if any.
        open_user: whose positions are meant while there are no credentials at all.
    """

    def __init__(
        self, path: Path, clock: Clock, *, configured: tuple[str, str] | None, open_user: str
    ) -> None:
        self.fault: str | None = None
        self._path = path
        self._clock = clock
        self._configured = configured
        self._open = Principal(open_user, ALL_SCOPES)
        self._key = secrets.token_bytes(32)
        self._known_good: dict[bytes, Principal] = {}
        self._limiter = anyio.CapacityLimiter(PASSWORD_CHECKS_MAX)
        self._was_closed = False
        self._looked_at = clock.monotonic_s()
        self._stamp = self._file_stamp()
        self._nobody = unknown_password()
        self._load()

    @property
    def is_open(self) -> bool:
        """
        Whether nobody needs to sign in, because there is no user and no token. A gate that was
        closed once stays so until the next start: a file that vanishes must let nobody in.
        """
        return not self._was_closed

    async def principal(self, authorization: str | None) -> Principal | None:
        """Who sends this header; None when a credential is needed and this is none."""
        self._refresh()
        if self.is_open:
            return self._open
        if authorization is None:
            return None
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._tokens.get(token_hash(value.strip()))
        if scheme.lower() == "basic":
            return await self._basic(value.strip())
        return None

    async def _basic(self, value: str) -> Principal | None:
        mark = hashlib.blake2b(value.encode(), key=self._key).digest()
        known = self._known_good.get(mark)
        if known is not None:
            return known
        pair = _decoded_pair(value)
        if pair is None or self._limiter.statistics().tasks_waiting >= PASSWORD_CHECKS_WAITING_MAX:
            return None
        name, password = pair
        known_good = self._known_good
        found = await anyio.to_thread.run_sync(self._check, name, password, limiter=self._limiter)
        if found is not None and len(known_good) < KNOWN_GOOD_MAX:
            known_good[mark] = (
                found  # of the file it was checked against, even if that was replaced
            )
        return found

    def _check(self, name: str, password: str) -> Principal | None:
        stored, principal = self._passwords.get(name, (self._nobody, None))
        return principal if verify_password(password, stored) else None

    def _refresh(self) -> None:
        now = self._clock.monotonic_s()
        if now - self._looked_at < RELOAD_EVERY_S:
            return
        self._looked_at = now
        stamp = self._file_stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            self._load()

    def _load(self) -> None:
        """On a damaged file the gate closes: nobody gets in on yesterday's credentials."""
        self.fault = None
        self._known_good = {}
        try:
            credentials = Credentials.read(self._path)
        except StartupRefused as error:
            self.fault = f"{error} {error.hint}".strip()
            credentials = Credentials()
        self._passwords = {
            user.name: (user.password, Principal(user.name, frozenset(user.scopes)))
            for user in credentials.users
        }
        if self._configured is not None:
            name, password = self._configured
            self._passwords[name] = (hash_password(password), Principal(name, ALL_SCOPES))
        self._tokens = {
            token.hash: Principal(token.user, frozenset(token.scopes))
            for token in credentials.tokens
        }
        if self._was_closed and not (self._passwords or self._tokens or self.fault):
            self.fault = "All users and tokens are gone, so nobody can sign in before a restart."
        self._was_closed = bool(self._passwords or self._tokens or self.fault)

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size, status.st_ino)


def _decoded_pair(value: str) -> tuple[str, str] | None:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None
