"""Where Resolve's scripting is looked for, and how little an agent needs."""

import subprocess
import sys

import pytest

from adapters.resolve.scripting import places_of

DATA = "Blackmagic Design/DaVinci Resolve"
APP = "DaVinci Resolve/DaVinci Resolve.app"
OF_THE_DAEMON = {"aiohttp", "anyio", "apsw", "starlette", "hypercorn", "structlog", "PIL", "dotenv"}


@pytest.mark.parametrize(
    ("system", "variables", "modules", "library"),
    [
        (
            "linux",
            {},
            "/opt/resolve/Developer/Scripting/Modules",
            "/opt/resolve/libs/Fusion/fusionscript.so",
        ),
        (
            "macos",
            {},
            f"/Library/Application Support/{DATA}/Developer/Scripting/Modules",
            f"/Applications/{APP}/Contents/Libraries/Fusion/fusionscript.so",
        ),
        (
            "windows",
            {"PROGRAMDATA": "D:\\Data"},
            "D:\\Data\\Blackmagic Design\\DaVinci Resolve\\Support\\Developer\\Scripting\\Modules",
            "C:\\Program Files\\Blackmagic Design\\DaVinci Resolve\\fusionscript.dll",
        ),
        (
            "linux",
            {"RESOLVE_SCRIPT_API": "/x/Scripting/", "RESOLVE_SCRIPT_LIB": "/x/f.so"},
            "/x/Scripting/Modules",
            "/x/f.so",
        ),
        (
            "linux",
            {"RESOLVE_SCRIPT_API": "/x/Scripting"},
            "/x/Scripting/Modules",
            "/opt/resolve/libs/Fusion/fusionscript.so",
        ),
    ],
)
def test_resolve_is_where_its_manual_says(system, variables, modules, library):
    """Unless the environment says otherwise."""
    first = places_of(system, variables)[0]

    assert (modules, library) == (first.modules, first.library)


@pytest.mark.parametrize("module", ["daemon.cli.resolve_agent", "adapters.resolve.child"])
def test_an_agent_needs_little(module):
    """A workstation is no server: what the daemon is built of is not loaded there."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(done.stdout.split())

    assert set() == loaded & (OF_THE_DAEMON | {"opentimelineio"})
    assert "msgspec" in loaded
