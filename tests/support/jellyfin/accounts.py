"""Users, their passwords and tokens, API keys, and Quick Connect."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from support.jellyfin.announce import Announcer
from support.jellyfin.dates import NetDate
from support.jellyfin.model import Session, Token, User
from support.jellyfin.refusals import Refused, failed, not_found
from support.jellyfin.sessions import Sessions
from support.jellyfin.versions import TICKS_PER_SECOND

QUICK_CONNECT_TICKS = 600 * TICKS_PER_SECOND
AFTER_AUTHORIZED_TICKS = 60 * TICKS_PER_SECOND
CODE_DIGITS = 6
USER_NAME = re.compile(r"(?!\s)[\w \-'._@+]+(?<!\s)")


@dataclass
class QuickRequest:
    """One pending Quick Connect."""

    secret: str
    code: str
    device: dict[str, str]
    added: NetDate
    authenticated: bool = False
    result: tuple[User, Session, Token] | None = None


class Accounts:
    """Who may come in."""

    def __init__(
        self,
        users: dict[str, User],
        *,
        sessions: Sessions,
        announcer: Announcer,
        now: Callable[[], NetDate],
    ) -> None:
        self.users = users
        self._sessions = sessions
        self._announcer = announcer
        self._now = now
        self.tokens: dict[str, Token] = {}
        self.quick_connect = True
        self._requests: dict[str, QuickRequest] = {}
        self.on_removed: Callable[[User], None] = lambda user: None

    def create(self, name: str, password: str | None = None, **fields: object) -> User:
        """A new user; the name must be new too, whatever its case."""
        if not USER_NAME.fullmatch(name) or self.by_name(name):
            raise failed(400)
        identifier = hashlib.md5(
            f"user {self._announcer.about.server_id} {name} {len(self.users)}".encode(),
            usedforsecurity=False,
        ).hexdigest()
        user = User(identifier, name)
        for key, value in fields.items():
            assert hasattr(user, key), key
            setattr(user, key, value)
        self.users[user.id] = user
        self._announcer.user_changed("UserCreated", user)
        if password is not None:
            self.change_password(user, password)
        return user

    def by_name(self, name: str) -> User | None:
        """The user of that name, whatever its case."""
        same = (user for user in self.users.values() if user.name.lower() == name.lower())
        return next(same, None)

    def remove(self, user: User) -> None:
        """The last user and the last administrator stay."""
        if len(self.users) == 1:
            raise failed(500)
        if user.admin and sum(other.admin for other in self.users.values()) == 1:
            raise failed(400)
        self.revoke(user)
        self.on_removed(user)
        del self.users[user.id]
        self._announcer.user_changed("UserDeleted", user)

    def rename(self, user: User, name: str) -> None:
        """The only change of a user that is announced as UserUpdated."""
        other = self.by_name(name)
        if not USER_NAME.fullmatch(name) or (other is not None and other is not user):
            raise failed(400)
        user.name = name
        self._announcer.user_changed("UserUpdated", user)

    def change_password(self, user: User, password: str) -> None:
        """Sets a password; an empty one is none."""
        user.password = password
        self._announcer.user_changed("UserPasswordChanged", user)

    def revoke(self, user: User, *, but: str | None = None) -> None:
        """Takes the user's tokens away, all but one."""
        for value, token in list(self.tokens.items()):
            if token.user_id == user.id and value != but:
                self.logout(token)

    def logout(self, token: Token) -> None:
        """The token is worth nothing any more and the device's session ends."""
        del self.tokens[token.value]
        self._sessions.end_of_device(token.device_id)

    def add_api_key(self, name: str) -> Token:
        """A key with every right and no user."""
        token = Token(secrets.token_hex(16), name, created=self._now())
        self.tokens[token.value] = token
        return token

    def login(
        self, name: str | None, password: str | None, device: dict[str, str]
    ) -> tuple[User, Session, Token]:
        """By name and password. The device must say four things about itself."""
        self._require_device(device)
        if not (name or "").strip():
            raise failed(400)
        user = self.by_name(name or "")
        if user is None:
            self._announcer.login_failed(name or "", device)
            raise failed(401)
        if user.disabled:
            raise failed(403)
        if user.password != (password or ""):
            self._count_failure(user)
            self._announcer.login_failed(name or "", device)
            raise failed(401)
        user.failed_logins = 0
        return self.open_device(user, device)

    def open_device(self, user: User, device: dict[str, str]) -> tuple[User, Session, Token]:
        """A token for a device; the device's older token of the same user dies."""
        mine = [session for session in self._sessions.by_id.values() if session.user_id == user.id]
        if 1 <= user.max_active_sessions <= len(mine):
            raise failed(403)
        for token in list(self.tokens.values()):
            if token.user_id == user.id and token.device_id == device["DeviceId"]:
                self.logout(token)
        token = Token(
            secrets.token_hex(16),
            device["Client"],
            device["Device"],
            device["DeviceId"],
            device["Version"],
            user.id,
            self._now(),
        )
        self.tokens[token.value] = token
        user.last_login = user.last_activity = self._now()
        session = self._sessions.seen(
            device["Client"], device["Version"], device["DeviceId"], device["Device"], user
        )
        self._announcer.logged_in(user, session)
        return user, session, token

    def quick_initiate(self, device: dict[str, str]) -> QuickRequest:
        """Asks for a code; the device must say four things about itself."""
        self._require_device(device)
        self._require_quick()
        code = str(10 ** (CODE_DIGITS - 1) + secrets.randbelow(9 * 10 ** (CODE_DIGITS - 1)))
        request = QuickRequest(secrets.token_hex(32).upper(), code, device, self._now())
        self._requests[request.secret] = request
        return request

    def quick_state(self, secret: str) -> QuickRequest:
        """Where the request stands; after ten minutes it is gone."""
        self._require_quick()
        request = self._requests.get(secret)
        if request is None or self._age(request) > QUICK_CONNECT_TICKS:
            raise not_found("Unknown secret")
        return request

    def quick_authorize(self, code: str, user: User) -> None:
        """Somebody with the right says: this code is that user."""
        self._require_quick()
        request = next((r for r in self._requests.values() if r.code == code), None)
        if request is None or self._age(request) > QUICK_CONNECT_TICKS:
            raise failed(404)
        if request.authenticated:
            raise failed(500)
        request.result = self.open_device(user, request.device)
        request.authenticated = True
        request.added = NetDate(self._now().unix_ticks + AFTER_AUTHORIZED_TICKS)

    def quick_login(self, secret: str) -> tuple[User, Session, Token]:
        """Trades the secret for the token."""
        self._require_quick()
        request = self._requests.get(secret)
        if request is None or request.result is None:
            raise failed(404)
        return request.result

    def _age(self, request: QuickRequest) -> int:
        return self._now().unix_ticks - request.added.unix_ticks

    def _require_quick(self) -> None:
        if not self.quick_connect:
            raise Refused(401, "Quick connect is disabled")

    def _count_failure(self, user: User) -> None:
        user.failed_logins += 1
        limit = user.login_attempts_before_lockout
        if limit is not None and 0 < limit <= user.failed_logins:
            user.disabled = True
            self._announcer.user_changed("UserLockedOut", user)

    @staticmethod
    def _require_device(device: dict[str, str]) -> None:
        if not all(device.get(key) for key in ("Client", "Device", "DeviceId", "Version")):
            raise failed(400)
