"""
Who asks? The `Authorization: MediaBrowser ...` header and its older kin, as each version reads it.

Values are comma-separated, may be quoted, and are URL-decoded; names are case-sensitive, the scheme
is not. A token that nobody knows makes the caller nobody.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from support.jellyfin.accounts import Accounts
from support.jellyfin.call import Caller
from support.jellyfin.model import Token
from support.jellyfin.versions import Version


@dataclass(frozen=True, kw_only=True)
class Door:
    """How this server is to be entered."""

    version: Version
    legacy: bool
    server_id: str
    server_name: str

    def identify(
        self, accounts: Accounts, headers: Mapping[str, str], query: list[tuple[str, str]]
    ) -> Caller:
        """The caller; without a valid token nobody, on a device that is named all the same."""
        said = self._said(headers)
        value = said.pop("Token", "") or self._elsewhere(headers, query)
        device = {name: said.get(name, "") for name in ("Client", "Device", "DeviceId", "Version")}
        device["RemoteEndPoint"] = "127.0.0.1"
        token = accounts.tokens.get(value)
        user = accounts.users.get(token.user_id or "") if token else None
        if token is None or (user is not None and user.disabled):
            return Caller(None, None, device)
        return Caller(token, user, self._completed(device, token))

    def _completed(self, device: dict[str, str], token: Token) -> dict[str, str]:
        """What the caller leaves out is known from the token; a key always has its own name."""
        if token.user_id is None:
            known = {
                "Client": token.client,
                "Device": device["Device"] or self.server_name,
                "DeviceId": device["DeviceId"] or self.server_id,
                "Version": device["Version"] or self.version.number,
            }
            return device | known
        known = {
            "Client": token.client,
            "Device": token.device,
            "DeviceId": token.device_id,
            "Version": token.version,
        }
        return device | {name: device[name] or value for name, value in known.items()}

    def _said(self, headers: Mapping[str, str]) -> dict[str, str]:
        plain = headers.get("Authorization", "")
        old = headers.get("X-Emby-Authorization", "") if self.legacy else ""
        header = (old or plain) if self.version.legacy_header_first else (plain or old)
        scheme, _, rest = header.partition(" ")
        schemes = {"mediabrowser", "emby"} if self.legacy else {"mediabrowser"}
        return parse_parts(rest) if scheme.lower() in schemes else {}

    def _elsewhere(self, headers: Mapping[str, str], query: list[tuple[str, str]]) -> str:
        wanted = {key.lower(): value for key, value in reversed(query)}
        places = [
            headers.get("X-Emby-Token", "") if self.legacy else "",
            headers.get("X-MediaBrowser-Token", "") if self.legacy else "",
            wanted.get("apikey", ""),
            wanted.get("api_key", "") if self.legacy else "",
        ]
        return next((value for value in places if value), "")


def parse_parts(text: str) -> dict[str, str]:
    """The pairs of the header: commas separate outside quotes, values are URL-decoded."""
    parts: dict[str, str] = {}
    key, start, quoted = "", 0, False
    for index, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            _keep(parts, key, text[start:index])
            key, start = "", index + 1
        elif character == "=" and not quoted:
            key, start = text[start:index].strip(), index + 1
    _keep(parts, key, text[start:])
    return parts


def _keep(parts: dict[str, str], key: str, value: str) -> None:
    if value:
        parts[key] = urllib.parse.unquote_plus(value.strip('"'))
