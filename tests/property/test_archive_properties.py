"""A log whose beginning is archived is the same log: to every reader, at every place."""

from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.engine.replay import replay
from daemon.eventlog.integrity import check_chain
from daemon.eventlog.segment import Limits
from daemon.eventlog.store import EventFilter
from projections import PROJECTIONS
from projections.fold import digest, encode_rows
from support.clock import NANOS_PER_SECOND, START_NS, FakeClock
from support.folders import scratch_folder
from support.ledger import Ledger
from support.strategies import commands

# A failure is reduced to its shortest form, for which Hypothesis takes up to five minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

FILE_EXAMPLES = settings(max_examples=40)
"""Each example makes databases on disk."""

batches = st.lists(st.lists(commands(), min_size=1, max_size=5), min_size=1, max_size=8)
cuts = st.lists(st.none() | st.floats(0, 1), min_size=8, max_size=8)
"""After each batch: how much of what is in the table is sealed, if anything is."""

small = st.builds(Limits, segment_events=st.integers(1, 9), block_events=st.integers(1, 4))


def played(folder, listed, cut, limits):
    """A ledger after some batches, sealed now and then."""
    clock = FakeClock()
    ledger = Ledger(folder, clock=clock)
    for batch, share in zip_longest(listed, cut[: len(listed)]):
        ledger.commit(*batch)
        clock.advance(7)
        start, end = ledger.log.archive.head().seq, ledger.log.end.seq
        until = start + int((share or 0) * (end - start))
        if share is not None and start < until < end:
            ledger.seal(until, limits)
    return ledger


def pages(log, wanted, *, backwards, count_max):
    """All events a filter selects, page by page, as a client asks for them."""
    found, after, before = [], 0, None
    while True:
        page = log.page(
            wanted, after=after, before=before, backwards=backwards, count_max=count_max
        )
        found += page.envelopes
        if page.resume_seq is None:
            return found
        after, before = (0, page.resume_seq) if backwards else (page.resume_seq, None)


@FILE_EXAMPLES
@given(batches, cuts, small)
def test_every_view_is_what_it_would_be_without_an_archive(listed, cut, limits):
    """Live, rebuilt and folded; and as of the end of any segment as it was before it was sealed."""
    with scratch_folder() as name, played(Path(name), listed, cut, limits) as ledger:
        live = ledger.digests()
        envelopes = list(ledger.log.envelopes())
        tables = replay(PROJECTIONS, envelopes)

        assert [] == ledger.problems()
        assert list(range(1, ledger.log.end.seq + 1)) == [each.seq for each in envelopes]
        assert live == {key: digest(encode_rows(rows)) for key, rows in tables.items()}
        ledger.engine.rebuild(ledger.projections)
        assert live == ledger.digests()


@FILE_EXAMPLES
@given(batches, st.floats(0, 1), small)
def test_sealing_changes_no_event_and_no_hash(listed, share, limits):
    """What was there before reads the same after it; one event more tells of each segment."""
    with scratch_folder() as name, played(Path(name), listed, [None] * 8, limits) as ledger:
        log = ledger.log
        head, rows = log.end, list(log.rows())
        hashes = [log.hash_at(seq) for seq in range(head.seq + 1)]
        envelopes, digests = list(log.envelopes()), ledger.digests()
        until = int(share * (head.seq - 1))
        sealed = ledger.seal(until, limits)

        assert rows == list(log.rows(until=head.seq))
        assert envelopes == list(log.envelopes(until=head.seq))
        assert hashes == [log.hash_at(seq) for seq in range(head.seq + 1)]
        tables = replay(PROJECTIONS, log.envelopes(until=head.seq))
        assert digests == {key: digest(encode_rows(table)) for key, table in tables.items()}
        told = [each for each in log.envelopes(after=head.seq) if each.type == "log.archived"]
        assert [each.name for each in sealed] == [each.event.segment for each in told]
        assert log.end.seq == check_chain(log).events_count
        assert until == log.archive.head().seq


@FILE_EXAMPLES
@given(batches, st.floats(0, 1), small, st.data())
def test_every_place_of_the_log_can_be_read_from(listed, share, limits, data):
    """Stretches, single events, moments, ids and filtered pages are those of the whole log."""
    with scratch_folder() as name, played(Path(name), listed, [None] * 8, limits) as ledger:
        ledger.seal(int(share * (ledger.log.end.seq - 1)), limits)
        log = ledger.log
        end = log.end.seq
        everything = list(log.envelopes())
        after = data.draw(st.integers(0, end), label="after")
        until = data.draw(st.integers(0, end), label="until")
        moment = START_NS + data.draw(st.integers(-1, 60), label="moment") * NANOS_PER_SECOND
        wanted = EventFilter(
            type=data.draw(st.none() | st.sampled_from(["position.reported", "log.archived"])),
            actor=data.draw(st.none() | st.sampled_from(["mara", "jon", "test"])),
            since=data.draw(st.none() | st.just(moment)),
        )
        count_max = data.draw(st.integers(1, 5))
        selected = [
            each
            for each in everything
            if wanted.type in {None, each.type}
            and wanted.actor in {None, each.actor}
            and each.recorded >= (wanted.since or 0)
        ]

        assert everything[after:until] == list(log.envelopes(after=after, until=until))
        before = [e.seq for e in everything[:until] if e.recorded <= moment]
        assert max(before, default=0) == log.last_recorded_until(moment, until=until)
        assert {e.id: (e.seq, e.actor) for e in everything} == log.seqs_of_ids(
            [e.id for e in everything]
        )
        assert selected == pages(log, wanted, backwards=False, count_max=count_max)
        assert selected[::-1] == pages(log, wanted, backwards=True, count_max=count_max)


@FILE_EXAMPLES
@given(batches, st.floats(0, 1), small)
def test_what_comes_again_is_known(listed, share, limits):
    """However old: an id that is archived is a duplicate, or a conflict if somebody else's."""
    with scratch_folder() as name, played(Path(name), listed, [None] * 8, limits) as ledger:
        end = ledger.log.end.seq
        ids = {row[1]: row[0] for row in ledger.log.rows()}
        ledger.seal(int(share * (end - 1)), limits)
        archived = ledger.log.end.seq
        for batch in listed:
            for outcome in ledger.commit(*batch):
                for receipt in outcome.receipts:
                    assert ids.get(receipt.id) in {receipt.seq, None}

        again = [row[1] for row in ledger.log.rows(after=archived)]
        assert set() == set(again) & set(ids)
        assert [] == ledger.problems()
