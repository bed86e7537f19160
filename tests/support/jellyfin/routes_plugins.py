"""Routes about plugins: the list, and the configuration of the webhook plugin."""

from __future__ import annotations

import copy
import json

from support.jellyfin.call import Call, need_admin
from support.jellyfin.refusals import bad_argument, not_found
from support.jellyfin.router import NO_CONTENT, Answer, Route
from support.jellyfin.state import State
from support.jellyfin.webhooks import PLUGIN_ID


def plugins(state: State, call: Call) -> Answer:
    """What is installed."""
    need_admin(call)
    plugin = {
        "Name": "Webhook",
        "Version": state.version.webhook_plugin,
        "ConfigurationFileName": "Jellyfin.Plugin.Webhook.xml",
        "Description": "Sends notifications to various services via webhooks.",
        "Id": PLUGIN_ID,
        "CanUninstall": True,
        "HasImage": True,
        "Status": "Active",
    }
    return Answer(body=[plugin] if state.webhooks.installed else [])


def configuration(state: State, call: Call) -> Answer:
    """The configuration, whole."""
    _need_plugin(state, call)
    return Answer(body=copy.deepcopy(state.webhooks.configuration))


def set_configuration(state: State, call: Call) -> Answer:
    """Replaces the configuration: what is left out is gone."""
    _need_plugin(state, call)
    try:
        given = json.loads(call.raw_body)
    except ValueError:
        raise bad_argument("$", "") from None
    known = {name.lower(): name for name in state.webhooks.configuration}
    fresh = {name: "" if name == "ServerUrl" else [] for name in known.values()}
    for key, value in given.items():
        if key.lower() in known and value is not None:
            fresh[known[key.lower()]] = value
    state.webhooks.configuration = fresh
    return NO_CONTENT


def _need_plugin(state: State, call: Call) -> None:
    need_admin(call)
    if call.need_guid("pluginId") != PLUGIN_ID or not state.webhooks.installed:
        raise not_found()


ROUTES = [
    Route("GET", "/Plugins", plugins),
    Route("GET", "/Plugins/{pluginId}/Configuration", configuration),
    Route("POST", "/Plugins/{pluginId}/Configuration", set_configuration),
]
