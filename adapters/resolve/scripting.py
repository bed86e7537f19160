"""
Finding Resolve's scripting module, and the running program through it.

The places are those of the scripting README. `RESOLVE_SCRIPT_API` and `RESOLVE_SCRIPT_LIB` come
first, as for any script.
"""

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from adapters.resolve.api import ProjectManager, Resolve, ScriptModule
from adapters.resolve.environment import prepare
from adapters.resolve.messages import Scripting, Seen
from adapters.resolve.places import System
from projections.errors import PlayheadError

MODULE = "DaVinciResolveScript"

POLL_S = 1.0
"""Resolve takes up to some minutes to start, and is asked this often whether it has."""

WEDGED_POLL_S = 0.3
WEDGED_POLLS = 3
"""A database that is missing so often, while projects are listed, does not come any more."""

STUDIO = "Studio"
"""In the name of the edition that may be scripted."""

NOT_RUNNING = (
    "Resolve gives no handle: it does not run, or it is the free edition, or"
    " Preferences > System > General > External scripting using is not Local"
)


class Wedged(PlayheadError):
    """Resolve answers, but has lost its database."""

    hint = "Restart Resolve, then try the job again."


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; the handle, if it may be used."""

    resolve: Any = None
    seen: Seen


def places_of(system: System, variables: Mapping[str, str]) -> list[Scripting]:
    """Where Resolve's scripting module may be, the likeliest first."""
    api, library = variables.get("RESOLVE_SCRIPT_API"), variables.get("RESOLVE_SCRIPT_LIB")
    known = [_scripting(*pair) for pair in _usual(system, variables)]
    if not api and not library:
        return known
    usual = known[0]
    return [_scripting(api or usual.api, library or usual.library)]


def _scripting(api: str, library: str) -> Scripting:
    separator = "\\" if "\\" in api else "/"
    return Scripting(api=api, library=library, modules=f"{api.rstrip(separator)}{separator}Modules")


def _usual(system: System, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    if system == "macos":
        support = "/Library/Application Support/Blackmagic Design/DaVinci Resolve"
        bundle = "/Applications/DaVinci Resolve/DaVinci Resolve.app/Contents"
        library = f"{bundle}/Libraries/Fusion/fusionscript.so"
        return [(f"{support}/Developer/Scripting", library)]
    if system == "windows":
        data = variables.get("PROGRAMDATA", "C:\\ProgramData")
        programs = variables.get("PROGRAMFILES", "C:\\Program Files")
        support = f"{data}\\Blackmagic Design\\DaVinci Resolve\\Support\\Developer\\Scripting"
        return [(support, f"{programs}\\Blackmagic Design\\DaVinci Resolve\\fusionscript.dll")]
    return [
        (f"{home}/Developer/Scripting", f"{home}/libs/Fusion/fusionscript.so")
        for home in ("/opt/resolve", "/home/resolve")
    ]


def find(system: System, variables: Mapping[str, str]) -> Scripting | None:
    """The first place that has the module."""
    for place in places_of(system, variables):
        if (Path(place.modules) / f"{MODULE}.py").is_file():
            return place
    return None


def connect(
    scripting: Scripting | None, wait_s: float, *, tell: Callable[[str], None]
) -> Connected:
    """
    The running Resolve, once it is ready, waited for at most `wait_s`; or why there is none. It
    blocks, and for ever if Resolve does: only ever called in a child.

    Raises:
        Wedged: only a restart of Resolve helps.
    """
    if scripting is None:
        why = "Resolve's scripting module is not on this machine"
        return Connected(seen=Seen(why=why))
    module, why = _loaded(scripting)
    if module is None:
        return Connected(seen=Seen(why=why))
    until_s = time.monotonic() + wait_s
    wedged = 0
    while True:
        resolve = module.scriptapp("Resolve")
        state = "none" if resolve is None else _state(resolve)
        if resolve is not None and state in {"ready", "free"}:
            return _connected(resolve, is_free=state == "free")
        wedged = wedged + 1 if state == "wedged" else 0
        if wedged == WEDGED_POLLS:
            raise Wedged("Resolve runs, but has no database.")
        if time.monotonic() >= until_s and not wedged:
            return Connected(seen=Seen(why=NOT_RUNNING))
        tell("waiting for Resolve")
        time.sleep(WEDGED_POLL_S if wedged else min(POLL_S, max(0.0, until_s - time.monotonic())))


def _loaded(scripting: Scripting) -> tuple[ScriptModule | None, str]:
    prepare(scripting)
    try:
        module: Any = import_module(MODULE)
    except (ImportError, OSError, SystemExit) as error:
        return None, f"Resolve's scripting module does not load: {error}"
    if not hasattr(module, "scriptapp"):
        return None, f"Resolve's scripting library was not found at {scripting.library}"
    return module, ""


def _state(resolve: Resolve) -> str:
    """Whether it can be worked with: a program that is still starting gives a handle already."""
    if STUDIO not in str(resolve.GetProductName()):
        return "free"
    manager: ProjectManager | None = resolve.GetProjectManager()
    if manager is None or manager.GetProjectListInCurrentFolder() is None:
        return "starting"
    return "ready" if manager.GetCurrentDatabase() else "wedged"


def _connected(resolve: Resolve, *, is_free: bool) -> Connected:
    product, version = str(resolve.GetProductName()), str(resolve.GetVersionString())
    if not is_free:
        seen = Seen(has_handle=True, product=product, version=version)
        return Connected(resolve=resolve, seen=seen)
    why = f"{product} is the free edition, which cannot be scripted"
    return Connected(seen=Seen(product=product, version=version, why=why))
