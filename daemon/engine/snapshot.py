"""
Several rows of the views as of one moment, while the daemon goes on writing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from daemon.database import storage_errors
from daemon.engine.views import ViewReader
from daemon.errors import StorageError
from projections import PROJECTIONS
from projections.envelope import Seq

HINT = "Start the daemon once, or run `playhead replay` while it is stopped: either builds them."


@contextmanager
def snapshot(views: ViewReader) -> Iterator[Seq]:
    """
    While it is open, every reading sees the same moment; what it gives is the last event applied.

    Raises:
        StorageError: the views were not built yet, or by another release.
    """
    with storage_errors("read the views"):
        views.connection.execute("BEGIN")
    try:
        yield _applied(views)
    finally:
        with storage_errors("read the views"):
            views.connection.execute("ROLLBACK")


def _applied(views: ViewReader) -> Seq:
    seqs: list[Seq] = []
    for projection in PROJECTIONS:
        known = views.checkpoint(projection.name)
        if known is None or known.version != projection.version:
            message = f"The view {projection.name} was not built by this release."
            raise StorageError(message, hint=HINT)
        seqs.append(known.seq)
    return min(seqs)
