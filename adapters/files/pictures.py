"""
Images: what they say of themselves, and small copies of them. Blocking; for a worker process.

Other people's images are the most hostile thing we read, so no decoder is even loaded inside the
daemon: a worker that crashes, hangs or wants too much memory costs one picture.
"""

import os
import resource
from types import ModuleType

from projections.media_facts import Picture

MEMORY_BYTES_MAX = 3 * 1024**3
"""What a worker may have: 150 million pixels with four channels, twice, and room."""

NICENESS = 10

_SETTLED = False


class Unreadable(Exception):
    """An image cannot be read; the message is a sentence that says why."""


def look(path: str) -> Picture:
    """
    What an image says of itself. The size is that of the stored picture, `orientation` turns it.

    Raises:
        Unreadable: it is none of ours, or damaged.
        FileNotFoundError: it is not there.
    """
    found: Picture = _decoding().look(path)
    return found


def shrink(path: str, width: int) -> bytes:
    """
    An upright JPEG in sRGB of at most `width`, without anything else that the image carries: no
    place, no camera, no preview of its own.

    Raises:
        Unreadable: it is none of ours, damaged, or too large.
        FileNotFoundError: it is not there.
    """
    made: bytes = _decoding().shrink(path, width)
    return made


def _decoding() -> ModuleType:
    """The decoders, in a process that steps behind everybody else and has a limit."""
    global _SETTLED  # noqa: PLW0603 - a process has one priority
    if not _SETTLED:
        _SETTLED = True
        os.nice(NICENESS)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, hard))
    from adapters.files import decoding  # noqa: PLC0415 - the daemon itself must not load them

    return decoding
