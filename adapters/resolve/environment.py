"""
The agent's one place that reads and writes the environment.
"""

import os
import platform
import sys

from adapters.resolve.messages import Scripting
from adapters.resolve.places import System

OURS = "PLAYHEAD_"
"""Begins the names of variables that may hold a secret; the child needs none of them."""

SYSTEMS: dict[str, System] = {"Windows": "windows", "Darwin": "macos"}


def this_system() -> System:
    """What kind of machine this is; whatever else runs Resolve is like Linux."""
    return SYSTEMS.get(platform.system(), "linux")


def variables() -> dict[str, str]:
    """The environment as it is."""
    return dict(os.environ)


def variables_of_child() -> dict[str, str]:
    """What a process that speaks to Resolve gets: nothing that could hold a secret of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def token() -> str:
    """The token in PLAYHEAD_TOKEN; empty when there is none."""
    return os.environ.get("PLAYHEAD_TOKEN", "").strip()


def prepare(scripting: Scripting) -> None:
    """
    Lets Resolve's library find itself, and this Python: on Windows it takes the highest version
    that is registered, and two Pythons in one process end it.
    """
    os.environ["RESOLVE_SCRIPT_API"] = scripting.api
    os.environ["RESOLVE_SCRIPT_LIB"] = scripting.library
    os.environ.setdefault("FUSION_PYTHON3_HOME", sys.base_prefix)
    if this_system() == "windows":
        os.environ.setdefault("PYTHONHOME", sys.base_prefix)
    if scripting.modules not in sys.path:
        sys.path.append(scripting.modules)
