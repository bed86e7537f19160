"""
Folding a stretch of the log in memory: for rebuilds, for verification, and to see the state of a
past moment.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from daemon.errors import FoldFailed
from projections.envelope import Envelope
from projections.fold import Key, Projection

Table: TypeAlias = dict[Key, Any]

PROGRESS_EVERY_EVENTS = 10_000


def replay(
    projections: Sequence[Projection[Any]],
    envelopes: Iterable[Envelope],
    *,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Table]:
    """
    The rows of each projection, by its name, after the given events.

    `progress` is told now and then how many more events have been folded.

    Raises:
        FoldFailed: a fold cannot cope with an event; the message names both.
    """
    tables: dict[str, Table] = {projection.name: {} for projection in projections}
    interested: dict[str, list[tuple[Any, Any, Table]]] = {}
    for envelope in envelopes if progress is None else _told(envelopes, progress):
        kind = envelope.type
        folds = interested.get(kind)
        if folds is None:
            folds = interested[kind] = _folds_for(kind, projections, tables)
        try:
            for keys, apply, table in folds:
                for key in keys(envelope):
                    row = apply(table.get(key), envelope, key)
                    if row is None:
                        table.pop(key, None)
                    else:
                        table[key] = row
        except Exception as error:
            raise fold_failed(envelope, error) from error
    return tables


def _told(envelopes: Iterable[Envelope], progress: Callable[[int], None]) -> Iterator[Envelope]:
    """The same envelopes, counted for whoever watches."""
    count = 0
    for envelope in envelopes:
        yield envelope
        count += 1
        if count % PROGRESS_EVERY_EVENTS == 0:
            progress(PROGRESS_EVERY_EVENTS)
    progress(count % PROGRESS_EVERY_EVENTS)


def fold_failed(envelope: Envelope, error: Exception) -> FoldFailed:
    """What to tell about a fold that stumbled over an event."""
    return FoldFailed(
        f"Event {envelope.seq} ({envelope.type}) cannot be folded into the views: {error!r}."
    )


def _folds_for(
    kind: str, projections: Sequence[Projection[Any]], tables: dict[str, Table]
) -> list[tuple[Any, Any, Table]]:
    return [
        (projection.keys, projection.apply, tables[projection.name])
        for projection in projections
        if projection.handles is None or kind in projection.handles
    ]
