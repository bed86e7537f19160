"""Replay is deterministic: live, caught up, rebuilt or folded in memory, the views are the same."""

from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.engine.replay import replay
from projections import PROJECTIONS
from projections.events import PositionDeleted, PositionExpired, PositionReported
from projections.fold import digest, encode_rows, fold
from projections.summary import NANOS_PER_DAY
from projections.timestamps import whole_seconds
from support.builders import envelope, report, report_command
from support.clock import NANOS_PER_SECOND, START_NS, FakeClock
from support.folders import scratch_folder
from support.ledger import Ledger
from support.strategies import FILES, LATE_AGES_NS, commands, positions_s

# A failure is reduced to its shortest form, for which Hypothesis takes up to five minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

FILE_EXAMPLES = settings(max_examples=60)
"""Each example makes two databases on disk."""

batches = st.lists(st.lists(commands(), min_size=1, max_size=5), max_size=8)


def moved(clock, seconds):
    """The clock, later by some seconds, or earlier as after somebody set it back."""
    if seconds >= 0:
        clock.advance(seconds)
    else:
        clock.set_back(-seconds)


@FILE_EXAMPLES
@given(batches, st.lists(st.integers(-4_000, 4_000), min_size=8, max_size=8))
def test_live_is_caught_up_is_rebuilt_is_folded(listed, steps):
    """Batches of any size, at any times, give the state that one fold over the log gives."""
    clock = FakeClock()
    with scratch_folder() as name:
        with Ledger(Path(name), clock=clock) as ledger:
            for batch, step in zip(listed, steps, strict=False):
                ledger.commit(*batch)
                moved(clock, step)
            live = ledger.digests()
            assert live == ledger.digests_from_zero()

            ledger.engine.rebuild(ledger.projections)
            assert live == ledger.digests()
        (Path(name) / "views.db").unlink()
        with Ledger(Path(name)) as ledger:
            assert live == ledger.digests()


@FILE_EXAMPLES
@given(batches, st.data())
def test_a_log_can_be_replayed_in_two_parts(listed, data):
    """Any prefix of the log gives one state, and the rest leads from there to the whole."""
    with scratch_folder() as name, Ledger(Path(name)) as ledger:
        for batch in listed:
            ledger.commit(*batch)
        envelopes = list(ledger.log.envelopes())
        live = ledger.digests()
    cut = data.draw(st.integers(0, len(envelopes)))
    prefix = replay(PROJECTIONS, envelopes[:cut])

    for projection in PROJECTIONS:
        rows = fold(projection, envelopes[cut:], rows=prefix[projection.name])
        assert live[projection.name] == digest(encode_rows(rows))


MIDNIGHT_NS = START_NS // NANOS_PER_DAY * NANOS_PER_DAY


@FILE_EXAMPLES
@given(batches, st.lists(st.booleans(), min_size=8, max_size=8))
def test_when_the_views_are_stored_makes_no_difference(listed, settles):
    """Batches decide alike on rows in memory and in the file; once settled, the file is whole."""
    with scratch_folder() as name, Ledger(Path(name)) as ledger:
        for batch, is_stored in zip(listed, settles, strict=False):
            ledger.commit(*batch, settles=is_stored)
        ledger.writer.settle()
        found = [row[4:] for row in ledger.log.rows()]
        assert [] == ledger.problems()
    with scratch_folder() as name, Ledger(Path(name)) as ledger:
        for batch in listed:
            ledger.commit(*batch)
        assert found == [row[4:] for row in ledger.log.rows()]


moments = st.sampled_from([0, 1, 60, 61, 86_399, 86_400, 86_401]).map(
    lambda seconds: MIDNIGHT_NS + seconds * NANOS_PER_SECOND
)
"""Few enough that events come late, early, at once, and at midnight."""

players = st.fixed_dictionaries(
    {
        "user": st.just("mara"),
        "media": st.sampled_from(["/a.mkv", "/b.mkv"]),
        "name": st.sampled_from(["a.mkv", "b.mkv"]),
    }
)
told = st.fixed_dictionaries(
    {
        "position_s": positions_s,
        "duration_s": st.none() | st.just(90.0),
        "finished": st.booleans(),
        "session": st.sampled_from(["", "s1"]),
    }
)
happened = st.one_of(
    st.builds(lambda who, what: PositionReported(**who, **what), players, told),
    players.map(lambda who: PositionDeleted(**who)),
    players.map(lambda who: PositionExpired(**who)),
)
facts = st.lists(
    st.tuples(happened, moments, moments, st.sampled_from(["http", "mpv"])),
    min_size=8,
    max_size=24,
)


@given(facts)
def test_a_folder_does_what_a_fold_does(listed):
    """However events come, those that are folded by the million lead to the same rows."""
    envelopes = [
        envelope(event, seq=seq, at=at, recorded=recorded, source=source)
        for seq, (event, at, recorded, source) in enumerate(listed, start=1)
    ]
    tables = replay(PROJECTIONS, envelopes)

    for projection in PROJECTIONS:
        assert fold(projection, envelopes) == tables[projection.name]


def with_ids(listed):
    """Reports that carry an id each, as a player's spool does."""
    return [
        report(id=number.to_bytes(16, "big"), age_ns=age_ns, position_s=position_s, **file)
        for number, (file, age_ns, position_s) in enumerate(listed, start=1)
    ]


spools = st.lists(
    st.tuples(st.sampled_from(FILES), LATE_AGES_NS, positions_s),
    min_size=1,
    max_size=8,
    unique_by=lambda entry: entry[1],
).map(with_ids)
"""Reports of different ages, all of them late."""


def rows_after(*batches):
    """The log after some batches of reports, each batch sent as commands of one report."""
    with scratch_folder() as name, Ledger(Path(name)) as ledger:
        for batch in batches:
            outcomes = ledger.commit(*(report_command(one) for one in batch))
            assert all(outcome.error is None for outcome in outcomes)
        return list(ledger.log.rows())


@FILE_EXAMPLES
@given(spools, st.data())
def test_retries_leave_no_trace(spool, data):
    """Sent again in any order and any number of times, each report is in the log once."""
    retries = [
        data.draw(st.lists(st.sampled_from(spool[: count + 1]), max_size=3))
        for count in range(len(spool))
    ]
    in_many = [[one, *again] for one, again in zip(spool, retries, strict=True)]
    in_one_batch = list(chain.from_iterable(in_many))

    once = rows_after(spool)
    assert once == rows_after(in_one_batch)
    assert once == rows_after(*in_many)
    assert once == rows_after(spool, data.draw(st.permutations(spool)))


def places(ledger):
    """What people see of the views: where they are, by file, and by name for old clients."""
    tables = replay(PROJECTIONS, ledger.log.envelopes())
    return (
        {key: row.report.position_s for key, row in tables["positions"].items()},
        {key: (whole_seconds(row.report), row.at) for key, row in tables["timestamps"].items()},
        {
            key: (row.first_position_s, row.last.position_s, row.started_at, row.ended_at)
            for key, row in tables["sessions"].items()
        },
    )


@FILE_EXAMPLES
@given(spools, st.data())
def test_the_order_of_a_spool_does_not_matter(spool, data):
    """Late reports lead to the same positions, bookmarks and history however they come."""
    found = []
    for order in (spool, data.draw(st.permutations(spool))):
        with scratch_folder() as name, Ledger(Path(name)) as ledger:
            for one in order:
                ledger.commit(report_command(one))
            found.append(places(ledger))

    assert found[0] == found[1]
