"""What events mean to somebody who looks at the library."""

import pytest

from projections.events import GarbageCollected
from projections.markers import MarkerRemoved
from projections.media_changes import VISIBLE_TYPES, Change, changes
from projections.media_events import (
    FactsMeasured,
    FilesFound,
    FilesGone,
    FilesMoved,
    ProjectReindexed,
    SourceLost,
    TrashEmptied,
    Was,
)
from projections.media_facts import Facts
from projections.resolve import ResolveClaimed
from projections.vocabulary import EVENT_TYPES
from support.builders import envelope
from support.media_core import media_file, sha

WAS = Was(sha256=sha("a"), size_bytes=100, kind="video")


def change(kind, project="P1", source="primary", **fields):
    """A change of one file by event 1."""
    return Change(
        **{"source": source, "project": project, "kind": kind, "seq": 1, "count": 1} | fields
    )


def found(*paths, project="P1"):
    """Files that were found in a project."""
    files = {path: media_file(path) for path in paths}
    return FilesFound(source="primary", project=project, files=files)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (found("a.mov", "b.mov"), [change("found", count=2)]),
        (FilesGone(source="nas", project="P1", files={"a": WAS}), [change("gone", source="nas")]),
        (SourceLost(name="nas", problem="Away."), [change("source", "", "nas")]),
        (
            TrashEmptied(source="nas", ids=("x", "y"), size_bytes=2),
            [change("trashed", "", "nas", count=2)],
        ),
        (
            ProjectReindexed(source="nas", project="P1", files_count=7),
            [change("project", source="nas")],
        ),
        (ResolveClaimed(ids=("x",), owner="suite"), [change("job", "", "")]),
        (MarkerRemoved(id="m"), [change("marker", "", "")]),
        (GarbageCollected(scheduled_ns=0, cutoff_ns=0, expired_count=0), []),
    ],
)
def test_each_event_says_where_something_changed(event, expected):
    """Source, project, kind and the number of files; what changes no library says nothing."""
    assert expected == changes([envelope(event)])


def test_a_move_is_seen_where_files_left_and_where_they_arrived():
    """Whoever looks at either project has to look again."""
    event = FilesMoved(
        source="primary",
        project="P1",
        to_source="nas",
        to_project="P2",
        why="order",
        paths={"a.mov": "a.mov"},
        files={"a.mov": media_file("a.mov")},
    )

    assert [change("moved"), change("moved", "P2", "nas")] == changes([envelope(event)])


def test_facts_are_told_of_once_per_project():
    """A content may lie in several projects, and several times in one."""
    places = (("primary", "P1", "a"), ("primary", "P1", "b"), ("nas", "P2", "a"))
    event = FactsMeasured(sha256=sha("a"), facts=Facts(), places=places)

    assert [change("facts", count=2), change("facts", "P2", "nas")] == changes([envelope(event)])


def test_what_is_of_one_kind_in_one_place_is_told_once():
    """Thousands of finds are one change, with the seq of the last and the sum of all."""
    events = [
        envelope(found("a.mov"), seq=1),
        envelope(found("b.mov", project="P2"), seq=2),
        envelope(found("c.mov", "d.mov"), seq=3),
    ]

    assert [
        change("found", "P2", seq=2),
        change("found", seq=3, count=3),
    ] == changes(events)


def test_every_visible_type_is_one_of_the_vocabulary():
    """A type that was misspelt would never be told of."""
    assert set() == VISIBLE_TYPES - set(EVENT_TYPES)
