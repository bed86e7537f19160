"""Views on disk: what a moment shows, and how far checkpoints are moved."""

import pytest

from daemon.engine import engine as engines
from daemon.engine.engine import Engine
from daemon.engine.views import Checkpoint, ViewReader, ViewStore
from daemon.eventlog.store import Head
from projections.library import CLUES, ITEMS, Clue

KEY = ("path:/films/harbour.mkv",)
HEAD = Head(seq=7, hash=bytes(range(32)))


@pytest.fixture
def store(tmp_path):
    """The views of two projections, which have seen nothing yet."""
    views = ViewStore.create(tmp_path / "views.db")
    views.begin()
    for projection in (ITEMS, CLUES):
        views.recreate(projection)
        views.set_checkpoint(projection.name, Checkpoint(projection.version, 0, bytes(32)))
    views.commit()
    yield views
    views.close()


def put(store, *members):
    """Commits a clue with these members."""
    store.begin()
    store.write(CLUES, {KEY: Clue(dict.fromkeys(members, "attic/f1"), {})})
    store.commit()


def test_a_moment_does_not_see_what_is_written_meanwhile(store, tmp_path):
    """Questions of several rows get answers that belong together."""
    reader = ViewReader.open(tmp_path / "views.db")
    put(store, "attic/f1")
    with reader.moment():
        before = reader.get(CLUES, KEY)
        put(store, "attic/f1", "barn/f1")
        meanwhile = reader.get(CLUES, KEY)
    after = reader.get(CLUES, KEY)
    reader.close()

    assert before == meanwhile
    assert {"attic/f1": "attic/f1", "barn/f1": "attic/f1"} == after.members


def test_a_moment_ends_with_an_error(store, tmp_path):
    """A question that fails leaves a reader that the next one can use."""
    reader = ViewReader.open(tmp_path / "views.db")
    with pytest.raises(LookupError), reader.moment():
        raise LookupError
    with reader.moment():
        found = reader.get(CLUES, KEY)
    reader.close()

    assert found is None


def test_only_the_named_projections_advance(store):
    """What a commit did not apply is not said to be applied."""
    store.begin()
    store.advance([CLUES.name], HEAD)
    store.commit()

    assert Checkpoint(CLUES.version, HEAD.seq, HEAD.hash) == store.checkpoint(CLUES.name)
    assert Checkpoint(ITEMS.version, 0, bytes(32)) == store.checkpoint(ITEMS.name)


def test_a_projection_that_was_never_built_cannot_advance(store):
    """It has no checkpoint to move: that is a defect, not a reason to make one."""
    store.begin()
    with pytest.raises(AssertionError):
        store.advance([CLUES.name, "nothing"], HEAD)
    store.rollback()

    assert Checkpoint(CLUES.version, 0, bytes(32)) == store.checkpoint(CLUES.name)


def test_rows_that_are_only_read_do_not_fill_the_memory(store):
    """A sweep asks for every item there is; the cache stays as small as it is meant to be."""
    engine = Engine(None, store, (CLUES,))
    for number in range(engines.CACHE_ROWS_MAX + 10):
        engine.load(CLUES, (f"name:{number}",))

    assert engines.CACHE_ROWS_MAX >= len(engine._cache[CLUES.name])
