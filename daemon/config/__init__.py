"""Configuration: what can be set, where values come from, and every problem with them at once."""

from daemon.config.gathering import Origin
from daemon.config.load import Loaded, load
from daemon.config.settings import Settings
from daemon.config.sync import JellyfinServer, PathPolicy, Sync

__all__ = [
    "JellyfinServer",
    "Loaded",
    "Origin",
    "PathPolicy",
    "Settings",
    "Sync",
    "load",
]
