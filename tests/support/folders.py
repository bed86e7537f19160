"""Folders for tests that make hundreds of databases and are not about the disk."""

import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """
    An empty folder, kept in memory where the system can: flushing to it costs nothing. Use it as a
    context manager, or call `cleanup`.
    """
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="playhead-", dir=place)
