"""
What a Jellyfin server does instead of answering, by who must act.

    JellyfinError
    ├── Unreachable         nobody: try again later
    ├── TooManyRequests     nobody: try again after `retry_after_s`
    ├── Unauthorized        the operator: the key or the token opens nothing
    ├── BadAddress          the operator: the configured URL cannot be one
    ├── Refused             us: the server understood and said no; asking again changes nothing
    │   └── BadId           us: it was refused before it was sent
    └── ItemMissing         the library: what the request names is not on that server

A message names the server by its configured name and the route by its template: never a key, a
token, an address with credentials, or a text of the server's.
"""

from projections.errors import PlayheadError

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
SUCCESS, REDIRECTS, REFUSALS, FAILURES = 200, 300, 400, 500

RETRY_AFTER_S_MAX = 3_600.0
"""A proxy that asks for more is not believed: a mistyped number would silence a server for days."""


class JellyfinError(PlayheadError):
    """A request to a Jellyfin server came to nothing."""


class Unreachable(JellyfinError):
    """
    No answer, or none that Jellyfin could have given. `status` is 0 when there was no answer at
    all; `retry_after_s` is what the server asked for, if it did.
    """

    hint = "Check that the server runs and that its url is right; Playhead tries again by itself."

    def __init__(
        self, message: str, *, hint: str = "", status: int = 0, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after_s = retry_after_s


class TooManyRequests(JellyfinError):
    """The server, or a proxy in front of it, wants fewer requests."""

    hint = "Lower the server's requests_per_s if this happens often."

    def __init__(self, message: str, *, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unauthorized(JellyfinError):
    """The key or the token is unknown (401) or not allowed to do this (403)."""

    hint = "The API key may be revoked: make a new one under Dashboard, API Keys, and configure it."

    def __init__(self, message: str, *, status: int = UNAUTHORIZED, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class BadAddress(JellyfinError):
    """The configured URL of a server cannot be used."""

    hint = "Write http:// or https://, the host, and the base path if there is one; nothing else."


class Refused(JellyfinError):
    """The server understood the request and will not do it."""

    hint = "If it happens again, please report it with the server's version."

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class BadId(Refused):
    """What should be an identifier is none; nothing was sent."""

    hint = "Identifiers of Jellyfin have 32 hexadecimal digits, with or without dashes."

    def __init__(self, message: str) -> None:
        super().__init__(message, status=REFUSALS)


class ItemMissing(JellyfinError):
    """What the request names is not on that server, or that user may not see it."""

    hint = "Check the libraries of the server and who may see them."


def for_status(
    server: str, route: str, status: int, *, page: bool, retry_after_s: float | None
) -> JellyfinError:
    """
    The error that a status is. `page` says that a web page came with it, which Jellyfin never
    sends.
    """
    answered = f"{server} answered {status} to {route}."
    if status == TOO_MANY:
        return TooManyRequests(answered, retry_after_s=retry_after_s)
    if status == UNAUTHORIZED:
        return Unauthorized(answered)
    if status == FORBIDDEN:
        hint = "Use the API key of an administrator, and check what the user may do there."
        return Unauthorized(answered, status=status, hint=hint)
    if status >= FAILURES or (page and status == NOT_FOUND):
        return Unreachable(answered, status=status, retry_after_s=retry_after_s)
    if status == NOT_FOUND and "{" in route:
        return ItemMissing(answered)
    return _refusal(answered, status)


def _refusal(answered: str, status: int) -> Refused:
    hint = ""
    if status == NOT_FOUND:
        hint = "Check the server's url, its base path above all."
    elif status < REFUSALS:
        hint = "Set the server's url to the address that it redirects to."
    return Refused(answered, status=status, hint=hint)


def retry_after_s(header: str | None) -> float | None:
    """The seconds of a `Retry-After`; a date in it counts as nothing."""
    if header is None or not (header.isascii() and header.strip().isdigit()):
        return None
    return min(float(header), RETRY_AFTER_S_MAX)
