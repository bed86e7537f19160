"""
Periodic work that has been done: what lets a job missed while the daemon was down be caught up.
"""

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.events import GarbageCollected
from projections.fold import Key, Projection

GARBAGE_COLLECTION = "garbage-collection"


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last run of one periodic job: the moment it was due, and the moment it ended."""

    name: str
    scheduled_ns: Nanos
    finished_ns: Nanos
    seq: Seq


class Jobs(Projection[Job]):
    """The last run per job."""

    name = "jobs"
    version = 1
    row = Job
    handles = frozenset({"garbage.collected"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row: the job's."""
        return ((GARBAGE_COLLECTION,),)

    def apply(self, row: Job | None, envelope: Envelope, key: Key) -> Job:
        """The newest run."""
        event = envelope.event
        assert isinstance(event, GarbageCollected)
        return Job(
            name=GARBAGE_COLLECTION,
            scheduled_ns=event.scheduled_ns,
            finished_ns=envelope.recorded,
            seq=envelope.seq,
        )


JOBS = Jobs()
