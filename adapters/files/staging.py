"""
A place outside all sources for clips that come only to be joined.
"""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from adapters.disk.errors import Unreachable, named

PREFIX = "playhead-compose-"
"""Nobody else's folder is called so: what bears it is removed with all in it."""


def stage(temporary: Path, roots: Iterable[Path]) -> Path:
    """
    A fresh directory of our own.

    Raises:
        Unreachable: it would lie inside a source.
        PlayheadError: it cannot be made.
    """
    real = temporary.resolve()
    if any(real.is_relative_to(root.resolve()) for root in roots):
        message = "The directory for temporary files lies inside a source."
        raise Unreachable(message, hint="Set media.temp_root to a directory outside all sources.")
    try:
        real.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=PREFIX, dir=real))
    except OSError as error:
        raise named(error, "The directory for temporary files") from error


def unstage(folder: Path) -> None:
    """Removes such a directory with all in it."""
    assert folder.name.startswith(PREFIX)
    shutil.rmtree(folder, ignore_errors=True)


def clear(temporary: Path) -> None:
    """Removes what an earlier process left."""
    for folder in temporary.glob(f"{PREFIX}*"):
        unstage(folder)
