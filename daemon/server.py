"""
Listening: a bound socket, hypercorn on our own event loop, and an end that does not hang on open
streams.

The socket is bound here, before anything else starts, so that port 0 works and a taken port is told
in one sentence.
"""

import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.types import ASGIApp

from daemon import http11, small_requests
from daemon.config.bind import Bind, parse_bind
from daemon.config.settings import Server
from daemon.connections import BACKLOG, serve_connections
from daemon.errors import StartupRefused

KEEP_ALIVE_S = 15.0
"""Also how long a client may take over its headers, so it must not be generous."""
HEADER_BYTES_MAX = 64 * 1024
"""A resume question carries a path of up to 4,096 characters, percent-encoded."""


def bind_socket(bind: Bind) -> socket.socket:
    """
    A listening socket.

    Raises:
        StartupRefused: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind.host, bind.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        hint = "Stop whatever listens there, or choose another address with --bind HOST:PORT."
        raise StartupRefused(f"Cannot listen on {bind}: {error.strerror}.", hint=hint) from error
    listener.setblocking(False)
    return listener


def refuse_bad_tls(server: Server) -> None:
    """
    Tries the certificate and its key before anybody relies on them.

    Raises:
        StartupRefused: they cannot be used.
    """
    certificate, key = server.tls_certificate_file, server.tls_key_file
    if not certificate:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except OSError as error:
        message = f"TLS cannot be served with {certificate} and {key}: {error.strerror or error}."
        hint = (
            "Both must be PEM files that belong together and that this user may read, the key"
            " without a passphrase."
        )
        raise StartupRefused(message, hint=hint) from error


def url_of(listener: socket.socket, server: Server) -> str:
    """The base URL under which the daemon is reached, with the port it really got."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if server.tls_certificate_file else "http"
    wanted = parse_bind(server.bind).host
    shown = wanted if wanted == "localhost" else host
    return f"{scheme}://{Bind(shown, port)}"


async def serve(
    app: ASGIApp,
    listeners: Sequence[socket.socket],
    server: Server,
    *,
    until: Callable[[], Awaitable[Any]],
) -> None:
    """Serves until `until` returns, then lets running requests finish for the configured grace."""
    http11.install()
    small_requests.install()
    config = small_requests.DatedConfig()
    config.accesslog = None
    config.errorlog = None
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.h11_max_incomplete_size = HEADER_BYTES_MAX
    config.graceful_timeout = server.shutdown_grace_s
    config.include_server_header = False
    # Not HTTP/2: hypercorn 0.18 drops the whole connection when a request is refused before its
    # body has arrived, and every other request on it.
    config.alpn_protocols = ["http/1.1"]
    if server.tls_certificate_file:
        config.certfile = server.tls_certificate_file
        config.keyfile = server.tls_key_file
    await serve_connections(app, listeners, config, until=until)
