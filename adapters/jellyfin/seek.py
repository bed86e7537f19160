"""
Looking for titles that a server lacked when somebody wanted to tell it about them.
"""

from collections.abc import Sequence

from adapters.jellyfin import look
from adapters.jellyfin.client import IDS_MAX
from adapters.jellyfin.outcomes import Outcome, abandoned, deferred, record
from adapters.jellyfin.server import Server
from projections.deliveries import Delivery
from projections.fold import Views
from projections.in_force import policy_of_title, rules_in_force
from projections.library import ITEMS
from projections.rules import PathRule
from projections.sync_events import UserDataWish


async def seek_titles(server: Server, rows: Sequence[Delivery]) -> None:
    """
    Looks among a server's newest items for titles that were missing. Those found are looked at for
    everybody; the others wait on, as long as the policy of their path allows.
    """
    newest = await server.client.items(
        user_id=None, sort_by="DateCreated", descending=True, limit=IDS_MAX
    )
    await look.list_items(server, await look.with_series(server, newest))
    found = await server.desk.read(lambda views: _arrived(views, server.name, rows))
    await look.observe_everybody(server, [one for item_ids in found.values() for one in item_ids])
    left = [row for row in rows if row.subject not in found]
    policies = await server.desk.read(lambda views: _policies(views, left))
    outcomes = [
        _still_missing(server, row, policy) for row, policy in zip(left, policies, strict=True)
    ]
    outcomes += [
        abandoned(row, "The title is there now.", dropped=True)
        for row in rows
        if row.subject in found
    ]
    await record(server, outcomes)


def _arrived(views: Views, server: str, rows: Sequence[Delivery]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        assert isinstance(row.wish, UserDataWish)
        item_ids = look.living_members(views, server, row.wish.media)
        if item_ids:
            found[row.subject] = item_ids
    return found


def _policies(views: Views, rows: Sequence[Delivery]) -> list[PathRule | None]:
    """How often, and with what pause, each missing title is looked for."""
    rules = rules_in_force(views)
    found: list[PathRule | None] = []
    for row in rows:
        assert isinstance(row.wish, UserDataWish)
        copies = views.find(ITEMS, "items_of_media", (row.wish.media, IDS_MAX))
        found.append(policy_of_title(rules, copies))
    return found


def _still_missing(server: Server, row: Delivery, policy: PathRule | None) -> Outcome:
    times = row.deferrals_count + 1
    if policy is None or 0 <= policy.retries_max <= times:
        return abandoned(row, f"Looked for {times} times; it is not there.", dropped=False)
    return deferred(server, row, "The server does not have it yet.", delay_ns=policy.delay_ns)
