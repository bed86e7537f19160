"""
Setting up a server's webhook plugin through its API, and checking what else we need of it.

The plugin's configuration is read, one destination of ours put into it or brought up to date, and
written back whole: other destinations stay as they are. Settings are those of the plugin's
`GenericOption` (jellyfin-plugin-webhook 16 to 21).
"""

from typing import Any

import msgspec

from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.errors import JellyfinError
from adapters.jellyfin.watch import device_id

PLUGIN_ID = "71552a5a5c5c4350a2aeebe451a30173"
"""The webhook plugin's id in every version."""

DESTINATION = "Playhead"

SECRET_HEADER = "X-Playhead-Secret"  # noqa: S105 - a header's name

NOTIFICATIONS = (
    "UserDataSaved",
    "PlaybackStart",
    "PlaybackStop",
    "ItemAdded",
    "ItemDeleted",
    "UserCreated",
    "UserDeleted",
    "UserUpdated",
    "TaskCompleted",
)
"""
What is worth being told. Not PlaybackProgress: it comes every second and says nothing that
UserDataSaved does not.
"""

ITEM_TYPES = ("Movies", "Episodes", "Series", "Seasons", "Albums", "Songs", "Videos")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found and done, in sentences; `problems` is what the operator has to see to."""

    done: tuple[str, ...]
    problems: tuple[str, ...]


async def set_up(
    client: JellyfinClient,
    *,
    webhook_url: str,
    secret: str,
    installation: str,
    dry_run: bool,
) -> Report:
    """
    Checks the API key, configures the plugin, and tries Quick Connect for everybody.

    Args:
        client: speaks with the API key.
        webhook_url: where the plugin shall post.
        secret: what it shall send along; empty for nothing.
        installation: names our devices.
        dry_run: changes nothing.

    Raises:
        JellyfinError: the server cannot be asked at all.
    """
    info = await client.public_info()
    users = await client.users()
    done = [f"{info.name} (Jellyfin {info.version}) answers, and the API key is good."]
    problems: list[str] = []
    await _plugin(client, webhook_url, secret, dry_run=dry_run, done=done, problems=problems)
    for user in users:
        if user.disabled or dry_run:
            continue
        # Another device than the daemon's: a new token would end the one that it listens with.
        try:
            device = device_id(f"{installation}-setup", client.server, user.user_id)
            await client.mint_token(user.user_id, device)
        except JellyfinError as error:
            problems.append(f"No token for {user.name}: {error} {error.hint}")
        else:
            done.append(f"Quick Connect gave a token for {user.name}; it can be listened to.")
    return Report(done=tuple(done), problems=tuple(problems))


async def _plugin(
    client: JellyfinClient,
    webhook_url: str,
    secret: str,
    *,
    dry_run: bool,
    done: list[str],
    problems: list[str],
) -> None:
    installed = {plugin.plugin_id: plugin for plugin in await client.plugins()}
    plugin = installed.get(PLUGIN_ID)
    if plugin is None:
        problems.append(
            "The webhook plugin is not installed (Dashboard, Plugins, Catalogue, Webhook; then"
            " restart Jellyfin). Without it the WebSocket and the sweeps do the work."
        )
        return
    before = await client.plugin_configuration(plugin.plugin_id)
    after = with_destination(before, webhook_url, secret)
    if after == before:
        done.append(f"The webhook plugin {plugin.version} posts to {webhook_url} already.")
    elif dry_run:
        done.append(f"The webhook plugin {plugin.version} would be told to post to {webhook_url}.")
    else:
        await client.set_plugin_configuration(plugin.plugin_id, after)
        done.append(f"The webhook plugin {plugin.version} posts to {webhook_url} now.")


def with_destination(configuration: dict[str, Any], url: str, secret: str) -> dict[str, Any]:
    """The configuration with our destination in it, once, and everything else as it was."""
    options = list(configuration.get("GenericOptions") or [])
    ours = [option for option in options if _is_ours(option, url)]
    fresh = (ours[0] if ours else {}) | _destination(url, secret)
    others = [option for option in options if option not in ours]
    return configuration | {"GenericOptions": [*others, fresh]}


def _is_ours(option: dict[str, Any], url: str) -> bool:
    return option.get("WebhookUri") == url or option.get("WebhookName") == DESTINATION


def _destination(url: str, secret: str) -> dict[str, Any]:
    # With a charset in the header the plugin throws and loses every notification.
    headers = [{"Key": "Content-Type", "Value": "application/json"}]
    if secret:
        headers.append({"Key": SECRET_HEADER, "Value": secret})
    return {
        "WebhookName": DESTINATION,
        "WebhookUri": url,
        "EnableWebhook": True,
        "NotificationTypes": list(NOTIFICATIONS),
        "SendAllProperties": True,
        "TrimWhitespace": False,
        "SkipEmptyMessageBody": False,
        "Template": "",
        "UserFilter": [],
        "Headers": headers,
        "Fields": [],
    } | {f"Enable{kind}": True for kind in ITEM_TYPES}
