"""
How the process keeps the memory that it has freed.

An upload goes through short-lived buffers of a quarter of a megabyte. By its defaults the C library
gives them back to the system and asks for them again, and every page is then cleared anew: 280,000
page faults and a third of all the work of receiving a GiB. Here it keeps some megabytes for the
next one.
"""

import ctypes
import gc

KEPT_BYTES = 16 * 1024 * 1024
"""Free memory at the end of the heap that is not given back."""

MAPPED_FROM_BYTES = 4 * 1024 * 1024
"""Only what is larger than this gets, and gives back, pages of its own."""

_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
"""Names of glibc's <malloc.h>."""


def keep_freed_memory() -> bool:
    """Whether the C library is one that can be told, and was."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    told = library.mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
    return bool(told and library.mallopt(_MMAP_THRESHOLD, MAPPED_FROM_BYTES))


def keep_the_start() -> None:
    """
    Has the garbage collector leave alone what lives by now: modules, routes, caches. It would look
    through these 250,000 objects again and again, and they stay anyway.
    """
    gc.collect()
    gc.freeze()
