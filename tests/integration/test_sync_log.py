"""The log of sync when it is long: bounded per request, and never a gap between pages."""

import pytest

from daemon.eventlog.store import LogReader
from daemon.web.sync_log import ENTRIES_LOOKED_AT_MAX, SyncLogQuery, _Search
from projections.commands import Record
from projections.sync_events import DeltaFailed, DeltaPlanned, UserDataWish
from projections.userdata import Changes
from support.clock import FakeClock
from support.ledger import Ledger

FAILURES_COUNT = ENTRIES_LOOKED_AT_MAX + 500
BATCH = 250


def planned(title, subject):
    """A plan of the attic's for the barn."""
    wish = UserDataWish(media=subject, item_id=subject, fields=Changes(played=True))
    event = DeltaPlanned(
        target="barn", user="mara", subject=subject, wish=wish, due_ns=0, title=title
    )
    return Record(source="jellyfin", actor="attic", event=event)


def failed(subject, cause):
    """An attempt that failed."""
    event = DeltaFailed(target="barn", user="mara", subject=subject, error="No.", retry_ns=1)
    return Record(source="jellyfin", actor="barn", event=event, cause=cause)


@pytest.fixture(scope="module")
def clock():
    """The ledger's, an hour later at its end."""
    return FakeClock()


@pytest.fixture(scope="module")
def log(tmp_path_factory, clock):
    """A rare failure first, an hour later very many of another title."""
    folder = tmp_path_factory.mktemp("log")
    with Ledger(folder, clock=clock) as ledger:
        ledger.commit(planned("Gale", "gale"), failed("gale", 1), planned("Harbour", "harbour"))
        clock.advance(3_600)
        for _ in range(FAILURES_COUNT // BATCH):
            ledger.commit(*[failed("harbour", 3)] * BATCH)
    reader = LogReader.open(folder / "log.db")
    yield reader
    reader.close()


def search(log, clock, **query):
    """The page that a query finds."""
    return _Search(log, SyncLogQuery(**query), ["attic", "barn"], clock.now_ns()).page()


def test_pages_join_without_a_gap(log, clock):
    """Following `next`, every entry is seen once, the oldest at last."""
    seen = []
    page = search(log, clock, limit=500)
    while True:
        seen += [entry.id for entry in page.entries]
        if page.next is None:
            break
        page = search(log, clock, limit=500, before=page.next)

    assert FAILURES_COUNT + 1 == len(seen)
    assert sorted(seen, reverse=True) == seen
    assert 2 == seen[-1]


def test_a_search_is_bounded_and_says_where_to_go_on(log, clock):
    """What is rare lies further back than one request looks."""
    first = search(log, clock, item_name="gale")
    second = search(log, clock, item_name="gale", before=first.next)

    assert ([], 0, True) == (first.entries, first.total, first.truncated)
    assert (["Gale"], 1, False, None) == (
        [entry.item_name for entry in second.entries],
        second.total,
        second.truncated,
        second.next,
    )


def test_a_filtered_page_counts_as_far_as_it_looked(log, clock):
    """And goes on after its own last entry."""
    page = search(log, clock, item_name="harbour", limit=10)

    assert (10, ENTRIES_LOOKED_AT_MAX, True) == (len(page.entries), page.total, page.truncated)
    assert page.entries[-1].id == page.next


def test_an_age_ends_the_search(log, clock):
    """Nothing older is looked at."""
    young = search(log, clock, since_minutes=59, before=100, limit=500)
    old = search(log, clock, since_minutes=61, before=100, limit=500)

    assert (96, False, 4) == (young.total, young.truncated, young.entries[-1].id)
    assert (97, False, 2) == (old.total, old.truncated, old.entries[-1].id)


def test_the_offset_of_the_ancestor_works(log, clock):
    """It skips entries of the same search."""
    everything = search(log, clock, limit=30).entries

    assert everything[10:20] == search(log, clock, limit=10, offset=10).entries
