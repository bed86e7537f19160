"""
What single types cannot say: rules between settings, and values with an inner form.
"""

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path

from daemon.config.bind import parse_bind
from daemon.config.rules_players import problems_in_players
from daemon.config.rules_resolve import problems_in_resolve
from daemon.config.rules_sync import problems_in_sync
from daemon.config.schedule import parse_schedule
from daemon.config.settings import Settings
from projections.errors import PlayheadError


def problems_between(settings: Settings) -> Iterator[tuple[str, str]]:
    """Pairs of key and sentence for everything wrong in settings whose types are right."""
    yield from _unparsable("server.bind", lambda: parse_bind(settings.server.bind))
    yield from _unparsable("gc.schedule", lambda: parse_schedule(settings.gc.schedule))
    yield from _auth(settings)
    yield from _tls(settings)
    yield from problems_in_sync(settings)
    yield from problems_in_players(settings)
    yield from problems_in_resolve(settings)
    for origin in settings.server.allowed_origins:
        if "://" not in origin or origin.endswith("/"):
            yield "server.allowed_origins", f"{origin!r} is not scheme://host[:port] without a path"
    yield from _proxies(settings)
    endpoint = settings.telemetry.otlp_endpoint
    if endpoint and not endpoint.startswith(("http://", "https://")):
        yield "telemetry.otlp_endpoint", "must be a URL that starts with http:// or https://"


def _unparsable(key: str, parse: Callable[[], object]) -> Iterator[tuple[str, str]]:
    try:
        parse()
    except PlayheadError as error:
        yield key, str(error)


def _auth(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.auth.user and not settings.auth.password:
        yield "auth.user", "is set, but no password: set auth.password_file (or BASIC_AUTH_PASS)"
    if settings.auth.password and not settings.auth.user:
        yield "auth.password", "is set, but no user: set auth.user (or BASIC_AUTH_USER)"
    if ":" in settings.auth.user:
        yield "auth.user", "must not contain a colon, which HTTP Basic uses as separator"


def _proxies(settings: Settings) -> Iterator[tuple[str, str]]:
    for proxy in settings.server.trusted_proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            yield "server.trusted_proxies", f"{error}: write 127.0.0.1, or a network as 10.0.0.0/8"


def _tls(settings: Settings) -> Iterator[tuple[str, str]]:
    certificate, key = settings.server.tls_certificate_file, settings.server.tls_key_file
    if bool(certificate) != bool(key):
        lacking = "tls_key_file" if certificate else "tls_certificate_file"
        yield f"server.{lacking}", "must be set too: TLS needs both the certificate and its key"
    for name, value in (("tls_certificate_file", certificate), ("tls_key_file", key)):
        if value and not Path(value).is_file():
            yield f"server.{name}", f"there is no file {value}"
