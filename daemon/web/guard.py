"""
The guard in front of all routes: how much at once, from where, by whom.

In this order: what a trusted proxy tells; a limit on requests in flight; the Host header (DNS
rebinding); the Origin of anything that changes something (cross-site request forgery); what a
browser asks for the page of a trusted origin; the credential, which only somebody on this machine
may lack while there is none at all. Only then does a route see the request.
"""

import ipaddress
import math
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus

import anyio
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.auth import SECRET_HEADER, Principal, WebhookSecrets
from daemon.clock import Clock
from daemon.config.settings import Server
from daemon.telemetry.slow import SlowLog
from daemon.web.cors import is_preflight, preflight, shared_with
from daemon.web.problems import CHALLENGE, RETRY_AFTER_S, problem
from daemon.web.proxies import FORWARDING_HEADERS, Proxies, is_forwarded
from daemon.web.services import Services

OPEN_PATHS = frozenset({"/health", "/healthz", "/readyz", "/metrics"})
"""Reached without a credential; /metrics and /health then decide for themselves what to tell."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

WEBHOOKS = "/webhook/"
"""Below this a server's own secret counts as well."""

HEADERS_READ = frozenset(
    {
        *(b"authorization", b"host", b"origin", b"sec-fetch-site", SECRET_HEADER.encode()),
        *(b"access-control-request-method", b"access-control-request-headers"),
        *(name.encode() for name in FORWARDING_HEADERS),
    }
)

WAITING_ROUTES = frozenset({"/api/resolve/jobs/next"})
"""Whoever asks there wants to wait: that is not slow."""

HOSTS_REMEMBERED_MAX = 64
"""Clients name the same few hosts again and again; a stranger may name any."""

LINGER_S = 5.0
"""How long a client may go on sending what is refused already."""

LINGER_IDLE_S = 1.0
"""One that sends nothing has understood, or never will."""

UNMATCHED = "unmatched"
"""The route label of requests that met no route: arbitrary paths must not become metric labels."""

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)

_HOST = re.compile(r"(?:\[(?P<address>[^\[\]]+)\]|(?P<name>[^\[\]:]+?)\.?)(?::[0-9]{1,5})?")


class _Exchange:
    """
    One request on its way through: its status, and whether its body was read to the end.

    After an answer that came before that the connection cannot be used again, nor when the daemon
    is about to end, and HTTP/1.1 wants the client to be told. `more_headers` go with every answer.
    `took_s` is the time from the last byte of the request to the first of the answer: it is ours.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, clock: Clock, closing: anyio.Event
    ) -> None:
        self.began_s = self._asked_s = clock.monotonic_s()
        self.took_s = 0.0
        self._clock = clock
        self.status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        self.more_headers: Sequence[tuple[bytes, bytes]] = SECURITY_HEADERS
        self._receive = receive
        self._send = send
        self._closing = closing
        self._is_http_1 = scope.get("http_version", "1.1").startswith("1")
        self._is_unread = False
        for name, value in scope["headers"]:
            if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
                self._is_unread = True

    async def receive(self) -> Message:
        """Passes a message of the client on."""
        message = await self._receive()
        if not message.get("more_body", False):
            if self._is_unread:
                self._asked_s = self._clock.monotonic_s()
            self._is_unread = False
        return message

    async def send(self, message: Message) -> None:
        """Passes a message to the client on."""
        if message["type"] == "http.response.start":
            self.took_s = self._clock.monotonic_s() - self._asked_s
            self.status = message["status"]
            headers = [*message["headers"], *self.more_headers]
            is_closing = (self._is_unread or self._closing.is_set()) and self._is_http_1
            if is_closing and all(name != b"connection" for name, _ in headers):
                headers.append((b"connection", b"close"))
            message["headers"] = headers
        elif self._is_unread and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._linger()
            return
        await self._send(message)

    async def _linger(self) -> None:
        """
        Ends an answer that came before the body was read.

        Many clients look at an answer only when they have sent everything, and whoever hangs up on
        them takes it away again. So what they send is thrown away for a while. It is to the end:
        the server would wait for ever to hand over what nobody takes.
        """
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(LINGER_S):
                await self._discard(idle_s=LINGER_IDLE_S)
            tasks.start_soon(self._discard, name="unread body")
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            tasks.cancel_scope.cancel()

    async def _discard(self, idle_s: float = math.inf) -> None:
        """Throws away what comes, until nothing more can or does."""
        while self._is_unread:
            with anyio.move_on_after(idle_s) as waiting:
                await self.receive()
            if waiting.cancelled_caught:
                break


class Guard:
    """ASGI middleware; see the module's text."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services
        self._in_flight = 0
        self._slow = SlowLog(services.clock, services.settings.telemetry.slow_s)
        self._hosts = _known_hosts(services.settings.server)
        self._origins = frozenset(services.settings.server.allowed_origins)
        self._proxies = Proxies(services.settings.server.trusted_proxies)
        self._secrets = WebhookSecrets(
            {server.name: server.webhook_secret for server in services.settings.jellyfin}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock = self._services.clock
        closing = self._services.closing
        exchange = _Exchange(scope, receive, send, clock=clock, closing=closing)
        self._in_flight += 1
        try:
            await self._handle(scope, exchange)
        finally:
            self._in_flight -= 1
            self._services.metrics.request_ended(
                scope["method"],
                scope.get("playhead.route", UNMATCHED),
                exchange.status,
                clock.monotonic_s() - exchange.began_s,
            )
            self._tell_if_slow(scope, exchange)

    def _tell_if_slow(self, scope: Scope, exchange: _Exchange) -> None:
        route = scope.get("playhead.route", UNMATCHED)
        if route not in WAITING_ROUTES:
            trace = scope.get("playhead.trace", {})
            told = {"method": scope["method"], "route": route, "status": exchange.status}
            self._slow.note("request_slow", exchange.took_s, **told, **trace)

    async def _handle(self, scope: Scope, exchange: _Exchange) -> None:
        self._proxies.see_through(scope)
        headers = _first_of_each(scope["headers"])
        refusal = self._refusal(scope, headers)
        is_trusted = headers.get("origin") in self._origins
        if self._origins:
            shared = shared_with(headers["origin"]) if is_trusted else ()
            exchange.more_headers = (*SECURITY_HEADERS, (b"vary", b"Origin"), *shared)
        if refusal is None and is_trusted and is_preflight(scope["method"], headers):
            refusal = preflight(headers)
        if refusal is None:
            principal = await self._principal(scope["path"], headers)
            if principal is None and scope["path"] not in OPEN_PATHS:
                is_stranger = self._services.gate.is_open and is_forwarded(headers)
                refusal = for_strangers() if is_stranger else unauthorized(scope["path"])
            scope["playhead.principal"] = principal
        answer = self._app if refusal is None else refusal
        await answer(scope, exchange.receive, exchange.send)

    async def _principal(self, path: str, headers: Mapping[str, str]) -> Principal | None:
        gate, authorization = self._services.gate, headers.get("authorization")
        if path.startswith(WEBHOOKS):
            found = self._secrets.judge(
                path.removeprefix(WEBHOOKS),
                header=headers.get(SECRET_HEADER),
                authorization=authorization,
                is_open=gate.is_open,
            )
            if found is not None:
                return None if found == "wrong" else found
        principal = await gate.principal(authorization)
        return None if gate.is_open and is_forwarded(headers) else principal

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        is_crowded = self._in_flight > self._services.settings.server.requests_max
        # A busy daemon must not look like a dead one to whoever watches over it.
        if is_crowded and scope["path"] not in OPEN_PATHS:
            retry = {"Retry-After": str(RETRY_AFTER_S)}
            return problem(503, "Too many requests at once.", hint="Try again.", headers=retry)
        host = headers.get("host", "")
        if not host:
            hint = "Send a Host header, as HTTP/1.1 demands."
            return problem(400, "The request does not say which host it is meant for.", hint=hint)
        if not self._is_known_host(host):
            hint = "Use an address or localhost, or add this name to server.allowed_hosts."
            return problem(421, f"This daemon does not answer to the name {host!r}.", hint=hint)
        if scope["method"] not in SAFE_METHODS and not is_own_page(headers, self._origins):
            return foreign_page()
        return None

    def _is_known_host(self, host: str) -> bool:
        name = _host_name(host)
        if name in self._hosts or name.endswith(".local"):
            return True
        is_bare = bool(name) and "." not in name and ":" not in name
        return is_bare or _is_address(name)


def is_own_page(headers: Mapping[str, str], allowed_origins: frozenset[str]) -> bool:
    """Whether a request comes from our own page, from one that is trusted, or from no page."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    return origin.partition("://")[2] == headers.get("host") or origin in allowed_origins


def is_own_order(headers: Mapping[str, str], allowed_origins: frozenset[str]) -> bool:
    """
    The same of a GET that changes something: browsers put no Origin on it, and without TLS nothing
    else that they promise, so that what page they come from counts too.
    """
    if not is_own_page(headers, allowed_origins):
        return False
    scheme, _, rest = headers.get("referer", "").partition("://")
    host = rest.partition("/")[0]
    return host in {"", headers.get("host")} or f"{scheme}://{host}" in allowed_origins


def foreign_page() -> Response:
    """The answer to what a page of another origin asks for."""
    hint = "Add the page's origin to server.allowed_origins if you trust it."
    return problem(403, "A page of another origin asked to change something.", hint=hint)


def _first_of_each(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers the guard goes by, each as it came first."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name in HEADERS_READ:
            found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return found


def unauthorized(path: str) -> Response:
    """401, in the words of TimestampSync on its own paths."""
    if path == "/timestamps" or path.startswith("/timestamps/"):
        headers = {"WWW-Authenticate": 'Basic realm="Restricted"'}
        return Response("Unauthorized\n", 401, headers, "text/plain")
    hint = "Send HTTP Basic or a bearer token: see `playhead user` and `playhead token`."
    if path.startswith(WEBHOOKS):
        hint = (
            "Have the server send its webhook_secret as X-Playhead-Secret, or a token:"
            " playhead token add --scope webhook."
        )
    return problem(401, "A credential is needed.", hint=hint, headers=CHALLENGE)


def for_strangers() -> Response:
    """The answer to who comes through a proxy while nobody has to sign in."""
    hint = "Make a user or a token first: playhead user add NAME."
    sentence = "Without a user and a token only this machine is served, and this came by a proxy."
    return problem(403, sentence, hint=hint)


def _known_hosts(server: Server) -> frozenset[str]:
    own = socket.gethostname().lower()
    names = {"localhost", own, f"{own}.local", _host_name(server.bind)}
    return frozenset(names | {name.lower() for name in server.allowed_hosts})


@lru_cache(maxsize=HOSTS_REMEMBERED_MAX)
def _host_name(host: str) -> str:
    """
    The host without its port, in lower case, without brackets and without the dot that ends a full
    name; empty when it has another form.
    """
    form = _HOST.fullmatch(host.strip().lower())
    return "" if form is None else form["address"] or form["name"]


@lru_cache(maxsize=HOSTS_REMEMBERED_MAX)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
