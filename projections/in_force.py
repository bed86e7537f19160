"""
The rules as decisions and reactions ask for them: those last configured.
"""

from collections.abc import Iterable

from projections.fold import Views
from projections.library import LibraryItem
from projections.listing import FOLDERS, Listing
from projections.rules import PathRule, Rules, policy_for, shared_path_of
from projections.servers import RULES, RULES_KEY

FOLDER_FIELDS = frozenset({"favorite", "rating"})
"""What a series or an album has of its own; the rest is computed from what it holds."""


def rules_in_force(views: Views) -> Rules:
    """The rules as last configured."""
    row = views.get(RULES, RULES_KEY)
    return Rules() if row is None else row.rules


def kept_fields(rules: Rules, listing: Listing) -> frozenset[str]:
    """The fields that are kept in step for an item of this type."""
    fields = frozenset(rules.fields)
    return fields & FOLDER_FIELDS if listing.type in FOLDERS else fields


def policy_of_title(rules: Rules, copies: Iterable[LibraryItem]) -> PathRule | None:
    """What holds for a server that lacks a title, by the first copy whose path has a policy."""
    for item in copies:
        if item.server in rules.servers:
            policy = policy_for(rules, shared_path_of(rules, item.server, item.item.listing))
            if policy is not None:
                return policy
    return None
