"""
The decisions of sync: what an observation, a listing, an attempt means, judged by the latest rows.

The judging is here and recorded in the events, so that folds only add up and an explanation is a
matter of reading.
"""

from collections.abc import Callable
from typing import Any

from projections.accounts import ACCOUNTS, ACCOUNTS_MAX, PEOPLE
from projections.attempts import discard, record_attempts, retry
from projections.commands import Command
from projections.envelope import Draft, Nanos
from projections.fold import Views
from projections.in_force import kept_fields, rules_in_force
from projections.observing import observe, set_user_data
from projections.playlist_decisions import observe_playlists
from projections.rules import ServerRules
from projections.shelving import link_item, list_items, remove_items
from projections.sync_commands import (
    AccountSeen,
    ConfigureSync,
    DiscardDelivery,
    LinkItem,
    ListAccounts,
    ListItems,
    ObservePlaylists,
    ObserveUserData,
    ReceiveSocket,
    ReceiveWebhook,
    RecordAttempts,
    RemoveItems,
    RetryDelivery,
    SetUserData,
)
from projections.sync_events import (
    Account,
    AccountsListed,
    SocketReceived,
    SyncConfigured,
    WebhookReceived,
)


def _configure(views: Views, command: ConfigureSync, now: Nanos) -> list[Draft]:
    if rules_in_force(views) == command.rules:
        return []
    return [Draft(event=SyncConfigured(rules=command.rules), at=now)]


def _webhook(views: Views, command: ReceiveWebhook, now: Nanos) -> list[Draft]:
    event = WebhookReceived(
        server=command.server,
        body=command.body,
        content_type=command.content_type,
        type=command.type,
        pokes=command.pokes,
        problem=command.problem,
    )
    at = now if command.at is None else min(command.at, now)
    return [Draft(event=event, at=at, id=command.id)]


def _socket(views: Views, command: ReceiveSocket, now: Nanos) -> list[Draft]:
    event = SocketReceived(
        server=command.server, body=command.body, type=command.type, pokes=command.pokes
    )
    return [Draft(event=event, at=now)]


def _list_accounts(views: Views, command: ListAccounts, now: Nanos) -> list[Draft]:
    rules = rules_in_force(views).servers.get(command.server, ServerRules())
    known = _known_accounts(views, command.server)
    appeared: dict[str, Account] = {}
    changed_: dict[str, Account] = {}
    renamed: dict[str, str] = {}
    for user_id, seen in command.accounts.items():
        before = known.get(user_id)
        account = _account(seen, before, rules)
        if before is None:
            appeared[user_id] = account
        elif account != before:
            changed_[user_id] = account
            if account.user != before.user:
                renamed[user_id] = before.user
    gone = {user_id: known[user_id] for user_id in sorted(known.keys() - command.accounts.keys())}
    if not (appeared or changed_ or gone):
        return []
    event = AccountsListed(
        server=command.server, appeared=appeared, changed=changed_, gone=gone, renamed=renamed
    )
    return [Draft(event=event, at=now)]


def _known_accounts(views: Views, server: str) -> dict[str, Account]:
    known: dict[str, Account] = {}
    for person in views.find(PEOPLE, "people", (ACCOUNTS_MAX,)):
        for user_id in person.accounts.get(server, ()):
            account = views.get(ACCOUNTS, (server, user_id))
            assert account is not None
            known[user_id] = account
    return known


def _account(seen: AccountSeen, before: Account | None, rules: ServerRules) -> Account:
    """An account stays its person's when it is renamed, unless the configuration maps it."""
    mapped = {name.casefold(): user.casefold() for name, user in rules.users.items()}
    user = mapped.get(seen.name.casefold())
    if user is None:
        user = seen.name.casefold() if before is None else before.user
    return Account(name=seen.name, user=user, admin=seen.admin, disabled=seen.disabled)


SYNC_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], list[Draft]]] = {
    ConfigureSync: _configure,
    ReceiveWebhook: _webhook,
    ReceiveSocket: _socket,
    ListItems: list_items,
    RemoveItems: remove_items,
    LinkItem: link_item,
    ListAccounts: _list_accounts,
    ObserveUserData: observe,
    ObservePlaylists: observe_playlists,
    SetUserData: set_user_data,
    RecordAttempts: record_attempts,
    RetryDelivery: retry,
    DiscardDelivery: discard,
}
"""One function per command; see `decide`."""

__all__ = ["SYNC_DECISIONS", "kept_fields", "rules_in_force"]
