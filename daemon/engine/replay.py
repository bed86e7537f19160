"""
Folding a stretch of the log in memory: for rebuilds, for verification, and to see the state of a
past moment.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

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
    """
    tables: dict[str, Table] = {projection.name: {} for projection in projections}
    interested: dict[str, list[tuple[Any, Any, Table]]] = {}
    pending = 0
    for envelope in envelopes:
        kind = envelope.type
        folds = interested.get(kind)
        if folds is None:
            folds = interested[kind] = _folds_for(kind, projections, tables)
        for keys, apply, table in folds:
            for key in keys(envelope):
                row = apply(table.get(key), envelope)
                if row is None:
                    table.pop(key, None)
                else:
                    table[key] = row
        pending += 1
        if pending == PROGRESS_EVERY_EVENTS and progress is not None:
            progress(pending)
            pending = 0
    if progress is not None:
        progress(pending)
    return tables


def _folds_for(
    kind: str, projections: Sequence[Projection[Any]], tables: dict[str, Table]
) -> list[tuple[Any, Any, Table]]:
    return [
        (projection.keys, projection.apply, tables[projection.name])
        for projection in projections
        if projection.handles is None or kind in projection.handles
    ]
