"""
What is asked of DaVinci Resolve: the vocabulary, and the jobs as they stand.

Whoever sits at the edit suite runs an agent that claims jobs, does them there and tells how they
ended. The daemon never talks to Resolve itself.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.events import Event
from projections.fold import Column, Key, Projection

JobMode: TypeAlias = Literal["import", "reveal"]
"""Put the files into the media pool, or show them in the file manager."""

JobEnd: TypeAlias = Literal["done", "failed"]
JobState: TypeAlias = Literal["pending", "claimed", "done", "failed"]


class ResolveProject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Which project of Resolve is meant: an existing one, a new one, or the one its user chooses then.
    """

    mode: Literal["existing", "new", "select"]
    name: str = ""


class ResolveRequested(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody wants files of a project in Resolve; `paths` are those inside the project."""

    id: str
    source: str
    project: str
    paths: tuple[str, ...]
    mode: JobMode
    resolve_project: ResolveProject


class ResolveClaimed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An agent took jobs upon itself."""

    ids: tuple[str, ...]
    owner: str


class ResolveFinished(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An agent told how a job ended."""

    id: str
    state: JobEnd
    error: str = ""


class ResolveJob(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job; `by` is who asked, `owner` the agent that does it."""

    id: str
    source: str
    project: str
    paths: tuple[str, ...]
    mode: JobMode
    resolve_project: ResolveProject
    by: str
    state: JobState
    seq: Seq
    created_ns: Nanos
    owner: str = ""
    claimed_ns: Nanos | None = None
    finished_ns: Nanos | None = None
    error: str = ""


class ResolveJobs(Projection[ResolveJob]):
    """Jobs by id; `seq` is that of the request, so that the oldest comes first."""

    name = "resolve_jobs"
    version = 1
    row = ResolveJob
    handles = frozenset({"resolve.requested", "resolve.claimed", "resolve.finished"})
    columns = (Column("state", "TEXT"), Column("seq", "INTEGER"))
    indexes = (("state", "seq"),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The jobs an event speaks of."""
        event: Any = envelope.event
        if isinstance(event, ResolveClaimed):
            return tuple((each,) for each in event.ids)
        return ((event.id,),)

    def apply(self, row: ResolveJob | None, envelope: Envelope, key: Key) -> ResolveJob | None:
        """The job as it stands now."""
        event = envelope.event
        if isinstance(event, ResolveRequested):
            return _requested(event, envelope)
        if row is None:
            return None
        if isinstance(event, ResolveClaimed):
            return msgspec.structs.replace(
                row, state="claimed", owner=event.owner, claimed_ns=envelope.at
            )
        assert isinstance(event, ResolveFinished)
        return msgspec.structs.replace(
            row, state=event.state, error=event.error, finished_ns=envelope.at
        )

    def index(self, row: ResolveJob) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.state, row.seq)


def _requested(event: ResolveRequested, envelope: Envelope) -> ResolveJob:
    return ResolveJob(
        id=event.id,
        source=event.source,
        project=event.project,
        paths=event.paths,
        mode=event.mode,
        resolve_project=event.resolve_project,
        by=envelope.actor,
        state="pending",
        seq=envelope.seq,
        created_ns=envelope.at,
    )


RESOLVE_JOBS = ResolveJobs()
