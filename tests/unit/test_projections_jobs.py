"""The last run of periodic work."""

from projections.events import GarbageCollected
from projections.fold import fold
from projections.jobs import GARBAGE_COLLECTION, JOBS, Job
from support.builders import envelope
from support.clock import START_NS


def test_the_last_run_is_remembered_with_the_moment_it_was_due():
    """After a restart the daemon knows which collection it owes."""
    runs = [
        GarbageCollected(scheduled_ns=scheduled, cutoff_ns=0, expired_count=0)
        for scheduled in (100, 200)
    ]

    rows = fold(
        JOBS, [envelope(run, seq=seq, at=START_NS + seq) for seq, run in enumerate(runs, start=1)]
    )

    expected = Job(name=GARBAGE_COLLECTION, scheduled_ns=200, finished_ns=START_NS + 2, seq=2)
    assert {(GARBAGE_COLLECTION,): expected} == rows
