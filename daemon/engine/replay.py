"""
Folding a stretch of the log in memory: for rebuilds, for verification, and to see the state of a
past moment.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import length_hint
from typing import Any, TypeAlias

from daemon.errors import FoldFailed
from projections.envelope import Envelope
from projections.fold import Folder, Key, Projection

Table: TypeAlias = dict[Key, Any]

PROGRESS_EVERY_EVENTS = 10_000

RUN_EVENTS = 64
"""
Events of one type that a projection is given together. To hand over each by itself is a tenth of
the work; more of them leave the processor's cache before the last projection has seen them.
"""


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
    folders: dict[str, list[Folder]] = {}
    for run in _runs(envelopes if progress is None else _told(envelopes, progress)):
        kind = run[0].type
        interested = folders.get(kind)
        if interested is None:
            interested = folders[kind] = _folders_for(kind, projections, tables)
        for folder in interested:
            events = iter(run)
            try:
                folder.send(events)
            except Exception as error:
                stumbled = run[-1 - length_hint(events)]
                raise fold_failed(stumbled, error) from error
    for folder in chain.from_iterable(folders.values()):
        folder.close()
    return tables


def _runs(envelopes: Iterable[Envelope]) -> Iterator[list[Envelope]]:
    """The same envelopes, those of one type that follow each other together."""
    run: list[Envelope] = []
    kind = ""
    for envelope in envelopes:
        if envelope.type != kind or len(run) == RUN_EVENTS:
            if run:
                yield run
            run, kind = [], envelope.type
        run.append(envelope)
    if run:
        yield run


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


def _folders_for(
    kind: str, projections: Sequence[Projection[Any]], tables: dict[str, Table]
) -> list[Folder]:
    folders = [
        projection.folder(kind, tables[projection.name])
        for projection in projections
        if projection.handles is None or kind in projection.handles
    ]
    for folder in folders:
        next(folder)  # to where it takes the first event
    return folders
