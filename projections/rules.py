"""
The rules of sync in force: what the configuration says, as far as decisions depend on it.

They are recorded when they change, so that a decision can always be explained by the rules of its
day. Secrets and addresses are no rules.
"""

import msgspec

from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.identity import normal_path
from projections.listing import Listing
from projections.userdata import FIELDS, Rewatch

RETRY_FOR_EVER = -1


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The base of the parts of the rules."""


class ServerRules(Rule, frozen=True, kw_only=True):
    """
    What holds for one server. `paths` maps its path prefixes to the ones all systems share, `users`
    its user names to ours. `reads`: what it says counts; `writes`: it is written to.
    """

    paths: dict[str, str] = {}
    users: dict[str, str] = {}
    reads: bool = True
    writes: bool = True
    create_users: bool = False
    delete_users: bool = False


class PathRule(Rule, frozen=True, kw_only=True):
    """
    What happens to a title under `prefix` (a shared path) that a server lacks: it is looked for
    `retries_max` times (-1: for ever, 0: not at all), each `delay_ns` after the last.
    """

    prefix: str
    retries_max: int
    delay_ns: Nanos


class Rules(Rule, frozen=True, kw_only=True):
    """All rules."""

    servers: dict[str, ServerRules] = {}
    fields: tuple[str, ...] = FIELDS
    playlists: bool = True
    progress_every_ns: Nanos = 10 * NANOS_PER_SECOND
    rewatch: Rewatch = "keep"
    match_episode_ids: bool = True
    player_paths: dict[str, str] = {}
    policies: tuple[PathRule, ...] = ()


def shared_path(path: str, prefixes: dict[str, str]) -> str:
    """
    A server's path as all systems know it: the longest prefix that fits is exchanged, and the rest
    is spelled as all spell it.
    """
    fitting = [prefix for prefix in prefixes if is_below(path, prefix)]
    if not fitting:
        return normal_path(path)
    prefix = max(fitting, key=len)
    rest = path[len(prefix.rstrip("/\\")) :].lstrip("/\\").replace("\\", "/")
    place = prefixes[prefix].rstrip("/")
    return normal_path(f"{place}/{rest}" if rest else place)


def shared_path_of(rules: Rules, server: str, listing: Listing) -> str | None:
    """The path of a server's item as all systems know it; None for an item without."""
    if not listing.path:
        return None
    known = rules.servers.get(server)
    return shared_path(listing.path, known.paths if known else {})


def is_below(path: str, prefix: str) -> bool:
    """Whether a path is a prefix or lies below it; `/films` is not above `/films-old`."""
    stem = prefix.rstrip("/\\")
    return path == stem or path.startswith((stem + "/", stem + "\\"))


def policy_for(rules: Rules, path: str | None) -> PathRule | None:
    """The policy with the longest prefix above a shared path."""
    if path is None:
        return None
    fitting = [policy for policy in rules.policies if is_below(path, policy.prefix)]
    return max(fitting, key=lambda policy: len(policy.prefix), default=None)
