"""
Who is who: the accounts of each server, and the person each belongs to.

A person is named by a case-folded user name; accounts with that name, or mapped to it in the
configuration, are theirs.
"""

import msgspec

from projections.envelope import Envelope
from projections.events import Event, Opaque
from projections.fold import Key, Projection
from projections.sync_events import Account, AccountsListed

ACCOUNTS_MAX = 10_000
"""People, and accounts of one server, that are looked at."""


class Person(msgspec.Struct, frozen=True, gc=False):
    """One person's accounts: user ids per server, normally one. Two make the person ambiguous."""

    accounts: dict[str, tuple[str, ...]]

    def account_on(self, server: str) -> str | None:
        """The person's only account on a server, or None."""
        found = self.accounts.get(server, ())
        return found[0] if len(found) == 1 else None


class Accounts(Projection[Account]):
    """Accounts per server and user id."""

    name = "accounts"
    version = 1
    row = Account
    handles = frozenset({"accounts.listed"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per account."""
        event = _listed(envelope.event)
        return tuple(
            (event.server, user_id) for user_id in event.appeared | event.changed | event.gone
        )

    def apply(self, row: Account | None, envelope: Envelope, key: Key) -> Account | None:
        """The account as listed last."""
        event = _listed(envelope.event)
        user_id = str(key[1])
        return None if user_id in event.gone else (event.appeared | event.changed)[user_id]


class People(Projection[Person]):
    """Accounts per person."""

    name = "people"
    version = 1
    row = Person
    handles = frozenset({"accounts.listed"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per person the event speaks of."""
        event = _listed(envelope.event)
        accounts = [*event.appeared.values(), *event.changed.values(), *event.gone.values()]
        users = dict.fromkeys([*(account.user for account in accounts), *event.renamed.values()])
        return tuple((user,) for user in users)

    def apply(self, row: Person | None, envelope: Envelope, key: Key) -> Person | None:
        """The person with the accounts that are theirs now."""
        event = _listed(envelope.event)
        mine = dict(row.accounts) if row else {}
        there = set(mine.get(event.server, ()))
        there -= event.gone.keys() | event.renamed.keys()
        there |= {
            user_id
            for user_id, account in (event.appeared | event.changed).items()
            if account.user == key[0]
        }
        mine[event.server] = tuple(sorted(there))
        kept = {server: user_ids for server, user_ids in sorted(mine.items()) if user_ids}
        return Person(kept) if kept else None


def _listed(event: Event | Opaque) -> AccountsListed:
    assert isinstance(event, AccountsListed)
    return event


ACCOUNTS = Accounts()
PEOPLE = People()
