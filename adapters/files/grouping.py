"""
Errors out of task groups, as their callers know them.
"""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def plain_errors() -> Iterator[None]:
    """
    Raises the first error of a task group by itself: the others followed from it, or will show
    again.
    """
    try:
        yield
    except ExceptionGroup as group:
        raise _first(group) from group


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
