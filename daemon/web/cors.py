"""
What pages of other origins get to see: those of `server.allowed_origins` everything, all others
nothing (Fetch standard, "CORS protocol"). Pure.

A trusted page may use the credentials its browser has for us, which is why its origin is named and
never a star.
"""

import re
from collections.abc import Mapping

from starlette.responses import Response

KEPT_S = 600
"""How long a browser may remember the answer to its question; they cut it to about this anyway."""

METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"

ASKED_CHARACTERS_MAX = 2_000

EXPOSED = (
    *("Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag"),
    *("Location", "Retry-After", "X-Thumb-Status", "Playhead-Path", "Playhead-Result"),
    *("Tus-Checksum-Algorithm", "Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version"),
    *("Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
)
"""What a script may read of an answer, besides what it may always."""

_NAMES = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z, ]*")


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks on its own what a page may do."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def preflight(headers: Mapping[str, str]) -> Response:
    """The answer to that question when it comes from a trusted page."""
    asked = headers.get("access-control-request-headers", "")
    is_list = len(asked) <= ASKED_CHARACTERS_MAX and _NAMES.fullmatch(asked)
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": asked if is_list else "",
            "Access-Control-Max-Age": str(KEPT_S),
        },
    )


def shared_with(origin: str) -> list[tuple[bytes, bytes]]:
    """The headers that let a trusted page read an answer."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
    ]
