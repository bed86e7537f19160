"""Configuration: what can be set, where values come from, and every problem with them at once."""

from daemon.config.load import Loaded, Origin, load
from daemon.config.settings import Settings

__all__ = ["Loaded", "Origin", "Settings", "load"]
