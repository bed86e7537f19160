"""
What an event means to somebody who looks at the library: where something changed, and of what kind.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from projections.envelope import Envelope, Seq
from projections.media_events import FactsMeasured, FilesMoved, TrashEmptied

ChangeKind: TypeAlias = Literal[
    "stored",
    "found",
    "moved",
    "gone",
    "trashed",
    "restored",
    "tagged",
    "facts",
    "project",
    "source",
    "job",
    "marker",
]

_KINDS: dict[str, ChangeKind] = {
    "media.stored": "stored",
    "media.found": "found",
    "media.moved": "moved",
    "media.gone": "gone",
    "media.trashed": "trashed",
    "trash.emptied": "trashed",
    "media.restored": "restored",
    "media.tagged": "tagged",
    "media.measured": "facts",
    "project.created": "project",
    "project.gone": "project",
    "project.reindexed": "project",
    "source.registered": "source",
    "source.toggled": "source",
    "source.removed": "source",
    "source.lost": "source",
    "source.returned": "source",
    "resolve.requested": "job",
    "resolve.claimed": "job",
    "resolve.extended": "job",
    "resolve.returned": "job",
    "resolve.finished": "job",
    "resolve.cancelled": "job",
    "resolve.retried": "job",
    "marker.placed": "marker",
    "marker.removed": "marker",
}

PLACELESS: frozenset[ChangeKind] = frozenset({"job", "marker"})

VISIBLE_TYPES = frozenset(_KINDS)
"""The types of events after which the library looks different."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something changed in a project, or in a source as a whole when `project` is empty. Jobs and
    markers are told without a place. `seq` is the last event that did it, `count` the number of
    files it is about.
    """

    source: str
    project: str
    kind: ChangeKind
    seq: Seq
    count: int


def changes(envelopes: Iterable[Envelope]) -> list[Change]:
    """What some events changed, in order; what is of one kind in one place is said once."""
    found: dict[tuple[str, str, str], Change] = {}
    for envelope in envelopes:
        for change in _changes(envelope):
            place = (change.source, change.project, change.kind)
            before = found.pop(place, None)
            count = change.count + (before.count if before else 0)
            found[place] = msgspec.structs.replace(change, count=count)
    return list(found.values())


def _changes(envelope: Envelope) -> Iterator[Change]:
    kind = _KINDS.get(envelope.type)
    if kind is None:
        return
    if kind in PLACELESS:
        yield Change(source="", project="", kind=kind, seq=envelope.seq, count=1)
        return
    for (source, project), count in _places(envelope.event).items():
        yield Change(source=source, project=project, kind=kind, seq=envelope.seq, count=count)


def _places(event: Any) -> dict[tuple[str, str], int]:
    """Where an event changed something, and how many files it is about there."""
    if isinstance(event, FilesMoved):
        count = len(event.files)
        return {(event.source, event.project): count, (event.to_source, event.to_project): count}
    if isinstance(event, FactsMeasured):
        counts: dict[tuple[str, str], int] = {}
        for source, project, _ in event.places:
            counts[source, project] = counts.get((source, project), 0) + 1
        return counts
    if isinstance(event, TrashEmptied):
        return {(event.source, ""): len(event.ids)}
    source = getattr(event, "source", None) or event.name
    files = getattr(event, "files", None)
    return {(source, getattr(event, "project", "")): 1 if files is None else len(files)}
