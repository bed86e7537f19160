"""
Every named statement uses an index: what is fast on an empty log stays fast after years.

Plans are asked for on real files with the real schema, as SQLite would run them.
"""

import apsw.ext
import pytest

from daemon.engine.engine import Engine
from daemon.engine.views import QUERIES as VIEW_QUERIES
from daemon.engine.views import ViewStore
from daemon.eventlog.store import QUERIES as LOG_QUERIES
from daemon.eventlog.store import EventLog
from daemon.web.ledger import QUERIES as COUNT_QUERIES
from daemon.web.library import PAGES
from daemon.web.media_figures import QUERIES as FIGURE_QUERIES
from daemon.web.past import QUERIES as PAST_QUERIES
from projections import PROJECTIONS

EACH_USER = (
    "CO-ROUTINE names",
    "SETUP",
    "RECURSIVE STEP",
    "SCAN names",
    "CORRELATED SCALAR SUBQUERY 2",
    "SCAN names",
    "CORRELATED SCALAR SUBQUERY 4",
)
"""From one name to the next along the index: as many steps as there are people."""

ALLOWED = {
    "append": (),  # an insert has no plan
    "people": ("SCAN people",),  # all of them are wanted, and they are few
    "sources": ("SCAN media_sources",),  # the same
    # The list of what is wanted comes as JSON.
    "media_of_contents": ("LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:"),
    "seqs_of_ids": ("LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:"),
    "archived_seqs_of_ids": ("LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:"),
    "head": ("SCAN events",),  # backwards along the primary key, and it stops at the first row
    "first_recorded": ("SCAN events",),  # the same, forwards
    "first_recorded_from": ("SCAN events",),  # forwards, as far as `playhead archive` will seal
    "segments": ("SCAN segments",),  # all of them are wanted
    "first_segment": ("SCAN segments",),  # it stops at the first row
    "last_segment": ("SCAN segments",),  # the same, backwards
    "has_archive": ("SCAN sqlite_schema",),  # a dozen rows, once for each reader
    "add_segment": (),  # an insert
    "keep_ids": ("USE TEMP B-TREE FOR ORDER BY",),  # so that they are put in side by side
    "positions_users": EACH_USER,
    "titles_users": EACH_USER,
    "activity": ("USE TEMP B-TREE FOR GROUP BY",),  # of a bounded stretch, into some hundred groups
}
"""The steps that a statement may have besides searches, each with its reason."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Both files as a first start makes them."""
    folder = tmp_path_factory.mktemp("plans")
    log, views = EventLog.create(folder / "log.db"), ViewStore.create(folder / "views.db")
    Engine(log, views, PROJECTIONS).catch_up()
    yield {"log": log.connection, "views": views.connection}
    views.close()
    log.close()


def plan(connection, statement):
    """The steps SQLite would take, as it words them."""
    parameters = (None,) * apsw.ext.query_info(connection, statement).bindings_count
    return [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)]


STATEMENTS = [
    pytest.param(file, name, statement, id=f"{file}-{name}")
    for file, queries in (
        ("log", LOG_QUERIES),
        ("log", PAST_QUERIES),
        ("views", VIEW_QUERIES),
        ("views", COUNT_QUERIES),
        ("views", FIGURE_QUERIES),
    )
    for name, statement in queries.items()
]


@pytest.mark.parametrize(("file", "name", "statement"), STATEMENTS)
def test_a_statement_searches(files, file, name, statement):
    """Every step finds its rows by a key or an index; none reads a whole table or sorts."""
    steps = plan(files[file], statement)

    others = [step for step in steps if not step.startswith("SEARCH ")]
    assert list(ALLOWED.get(name, ())) == others
    assert steps or name in ALLOWED


def test_every_exception_is_still_needed():
    """An exception goes with its statement."""
    known = {name for _, name, _ in (parameter.values for parameter in STATEMENTS)}

    assert set(ALLOWED) <= known


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_a_row_is_found_by_its_key(files, projection):
    """The statements made from a projection's name use its primary key."""
    for statement in (
        f'SELECT row FROM "{projection.name}" WHERE key = ?',
        f'DELETE FROM "{projection.name}" WHERE key = ?',
    ):
        (step,) = plan(files["views"], statement)

        assert f"SEARCH {projection.name} USING PRIMARY KEY (key=?)" == step


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_a_digest_needs_no_sorting(files, projection):
    """Verifying reads a whole view, but in the order it is stored in."""
    steps = plan(files["views"], f'SELECT key, row FROM "{projection.name}" ORDER BY key')

    assert [f"SCAN {projection.name}"] == steps


def test_every_index_serves_a_statement(files):
    """An index nobody uses slows every write for nothing."""
    wanted = {
        name
        for connection in files.values()
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        )
    }

    statements = [(file, statement) for file, _, statement in (p.values for p in STATEMENTS)]
    statements += [("views", statement) for statement in PAGES.values()]
    plans = [" ".join(plan(files[file], statement)) for file, statement in statements]

    assert set() == {name for name in wanted if not any(name in text for text in plans)}


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_the_library_as_it_is_shown_first_is_not_sorted(files, order):
    """Twenty thousand files by date come in the order of an index; other orders are sorted."""
    steps = plan(files["views"], PAGES["created", order, False])

    assert "SEARCH media_files USING INDEX media_files_by_gone_created (gone=?)" == steps[0]
    assert [] == [step for step in steps if "ORDER BY" in step]
