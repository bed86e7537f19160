"""
Looking for titles that a server lacked when somebody wanted to tell it about them.
"""

from collections.abc import Sequence

from adapters.jellyfin import look
from adapters.jellyfin.client import IDS_MAX
from adapters.jellyfin.outcomes import Outcome, abandoned, record
from adapters.jellyfin.server import Server
from projections.deliveries import Delivery
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.fold import Views
from projections.in_force import rules_in_force
from projections.library import ITEMS
from projections.rules import policy_for, shared_path
from projections.sync_commands import Deferred
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
    for person in await look.people_on(server):
        item_ids = [item_id for item_ids in found.values() for item_id in item_ids]
        states, as_of = await look.states_of(server, person, item_ids)
        await look.observe(server, person, states, as_of)
    left = [row for row in rows if row.subject not in found]
    policies = await server.desk.read(lambda views: _patience(views, left))
    outcomes = [
        _still_missing(server, row, retries_max, delay_ns)
        for row, (retries_max, delay_ns) in zip(left, policies, strict=True)
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


def _patience(views: Views, rows: Sequence[Delivery]) -> list[tuple[int, Nanos]]:
    """How often, and with what pause, each missing title is looked for."""
    rules = rules_in_force(views)
    found: list[tuple[int, Nanos]] = []
    for row in rows:
        assert isinstance(row.wish, UserDataWish)
        policy = None
        for item in views.find(ITEMS, "items_of_media", (row.wish.media, IDS_MAX)):
            its_rules = rules.servers.get(item.server)
            if item.item.listing.path and its_rules is not None and policy is None:
                path = shared_path(item.item.listing.path, its_rules.paths)
                policy = policy_for(rules, path)
        found.append((policy.retries_max, policy.delay_ns) if policy else (0, NANOS_PER_SECOND))
    return found


def _still_missing(server: Server, row: Delivery, retries_max: int, delay_ns: Nanos) -> Outcome:
    if 0 <= retries_max <= row.deferrals_count + 1:
        times = row.deferrals_count + 1
        return abandoned(row, f"Looked for {times} times; it is not there.", dropped=False)
    return Deferred(
        user=row.user,
        subject=row.subject,
        planned=row.seq,
        reason="The server does not have it yet.",
        retry_ns=server.desk.now_ns() + delay_ns,
    )
