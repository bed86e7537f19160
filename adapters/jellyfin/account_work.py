"""
Accounts of one server made, renamed and deleted, as they were on another.
"""

import secrets

from adapters.jellyfin.errors import ItemMissing, JellyfinError
from adapters.jellyfin.outcomes import Outcome, abandoned, delivered, failed
from adapters.jellyfin.server import Server, ends_the_round
from projections.accounts import PEOPLE
from projections.deliveries import Delivery
from projections.sync_events import AccountWish
from projections.userdata import Changes

PASSWORD_BYTES = 12


async def carry_out(server: Server, row: Delivery, wish: AccountWish) -> Outcome:
    """
    Does what one delivery wishes.

    Raises:
        JellyfinError: the server does not answer.
    """
    if wish.action == "delete" and await _is_back(server, row, wish):
        return abandoned(row, f"{wish.name} has an account again.", dropped=True)
    try:
        match wish.action:
            case "create":
                await _create_account(server, wish.name)
            case "rename":
                await server.client.rename_user(wish.user_id, wish.name)
            case "delete":
                await server.client.delete_user(wish.user_id)
    except ItemMissing:
        return delivered(row, Changes(), None)  # somebody else deleted it
    except JellyfinError as error:
        if ends_the_round(error):
            raise
        return failed(server, row, error)
    await server.list_accounts()
    server.want_sweep("full")
    return delivered(row, Changes(), None)


async def _create_account(server: Server, name: str) -> None:
    there = {account.name.casefold() for account in await server.client.users()}
    if name.casefold() in there:
        return
    password = ""
    if server.settings.new_user_password == "random":  # noqa: S105 - a policy
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        await server.desk.keep_secret(f"{server.name}-{name}", password)
    await server.client.create_user(name, password)


async def _is_back(server: Server, row: Delivery, wish: AccountWish) -> bool:
    """Whether the person has an account again where it went: then it is deleted nowhere."""
    person = await server.desk.read(lambda views: views.get(PEOPLE, (row.user,)))
    return person is not None and bool(person.accounts.get(wish.origin))
