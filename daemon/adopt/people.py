"""
Who is who in jellyfin-db-sync's table of accounts.

It notes every name under which it saw an account. Two names of one account on one server are one
person who was renamed there; which of the two others know decides what the person is called here.
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from daemon.adopt.records import bounded, moment_ns
from projections.envelope import Nanos

_USER_ID = re.compile(r"[0-9a-f]{32}")
"""Webhooks could write anything into the table; only this is an account."""

Names: TypeAlias = dict[str, tuple[Nanos, str]]
"""The names of an account, case-folded: when each was seen last, and as it was spelt."""


class Mapping(msgspec.Struct, frozen=True, array_like=True):
    """One row of `user_mappings`. Anything may be NULL."""

    username: object
    server_name: object
    jellyfin_user_id: object
    updated_at: object


def different_names(mappings: Iterable[Mapping]) -> dict[str, dict[str, str]]:
    """
    For each server the names that somebody has only there, with the name that the other servers
    know. What is not certain is left out.
    """
    accounts = _accounts(mappings)
    found: dict[str, dict[str, str]] = {}
    for (server, user_id), names in accounts.items():
        elsewhere = _names(known for (other, _), known in accounts.items() if other != server)
        beside = _names(
            known
            for (other, other_id), known in accounts.items()
            if other == server and other_id != user_id
        )
        _, current = max(names.values())
        known_as = [seen for folded, (_, seen) in names.items() if folded in elsewhere - beside]
        if len(known_as) == 1 and current.casefold() not in elsewhere:
            found.setdefault(server, {})[current] = known_as[0]
    return found


def _names(accounts: Iterable[Names]) -> set[str]:
    return {name for names in accounts for name in names}


def _accounts(mappings: Iterable[Mapping]) -> dict[tuple[str, str], Names]:
    """The names of each account by server and id; case does not count in a name."""
    accounts: dict[tuple[str, str], Names] = {}
    for row in mappings:
        server, name = bounded(row.server_name), bounded(row.username).strip()
        user_id = bounded(row.jellyfin_user_id).replace("-", "").lower()
        if name and _USER_ID.fullmatch(user_id):
            names = accounts.setdefault((server, user_id), {})
            seen = (moment_ns(row.updated_at), name)
            names[name.casefold()] = max(seen, names.get(name.casefold(), seen))
    return accounts
