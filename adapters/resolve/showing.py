"""
Showing a file in the file manager of the system, where Resolve does not do it.
"""

import shutil
import subprocess
from pathlib import Path

from adapters.resolve.places import System

SHOWN_S_MAX = 10.0
"""A file manager that is opened by its launcher has taken over by then."""


def command_for(path: str, system: System) -> list[str]:
    """What shows a file: Windows and macOS select it, others open its folder."""
    if system == "windows":
        return ["explorer.exe", "/select,", path]
    if system == "macos":
        return ["open", "-R", path]
    return ["xdg-open", str(Path(path).parent)]


def is_shown(path: str, system: System) -> bool:
    """Whether the file manager was opened; Windows' tells nothing about it."""
    command = command_for(path, system)
    program = shutil.which(command[0])
    if program is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments: no shell reads the path
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SHOWN_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
    return system == "windows" or done.returncode == 0
