"""
The secrets of webhooks: what a media server may send along instead of a credential of ours.

A secret counts for the webhook of its own server only. Where the path names no server that is
configured, any of them will do: whoever holds one is told which names there are.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal

from daemon.auth.credentials import Scope
from daemon.auth.gate import Principal

SECRET_HEADER = "x-playhead-secret"  # noqa: S105 - the name of a header

ALLOWED: frozenset[Scope] = frozenset({"webhook"})


class WebhookSecrets:
    """
    All secrets.

    Args:
        secrets: of each configured server; empty where it has none.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._known = {name.casefold() for name in secrets}
        self._digests = {
            name.casefold(): (name, _digest(secret.encode()))
            for name, secret in secrets.items()
            if secret
        }

    def judge(
        self, server: str, *, header: str | None, authorization: str | None, is_open: bool
    ) -> Principal | Literal["wrong"] | None:
        """
        Who speaks for a server's webhook: a principal when the secret is right; None when there is
        no secret to compare, and a credential decides.

        A bearer token may as well be one of ours, unless the gate is open and there is none.
        """
        digests = self._candidates(server)
        presented = header if header is not None else _bearer(authorization)
        if presented is None or not digests:
            return None
        digest = _digest(presented.strip().encode("latin-1", "replace"))
        # Every one is compared, so that the time tells nothing.
        fitting = [name for name, known in digests if hmac.compare_digest(known, digest)]
        if fitting:
            return Principal(f"server {fitting[0]}", ALLOWED)
        return "wrong" if header is not None or is_open else None

    def _candidates(self, server: str) -> list[tuple[str, bytes]]:
        name = server.casefold()
        if name in self._known:
            return [self._digests[name]] if name in self._digests else []
        return list(self._digests.values())


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _bearer(authorization: str | None) -> str | None:
    scheme, _, value = (authorization or "").partition(" ")
    return value if scheme.lower() == "bearer" else None
