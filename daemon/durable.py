"""
What is to survive a power cut.
"""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """
    Makes the content of a file durable, or the names in a directory.

    Raises:
        OSError: as the disk said.
    """
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
