"""
What is asked of DaVinci Resolve: the vocabulary, and the jobs as they stand.

Whoever sits at the edit suite runs an agent that claims jobs, does them there and tells how they
ended. The daemon never talks to Resolve itself. A claim is a lease: an agent that falls silent
loses its job, which goes back to the queue.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.events import Event
from projections.fold import Column, Key, Projection

JobMode: TypeAlias = Literal["import", "reveal", "relink", "markers"]
"""
Put the files into the media pool, show them in the file manager, point clips at where their files
are now, or set the markers of clips that are there.
"""

JobEnd: TypeAlias = Literal["done", "failed"]
JobState: TypeAlias = Literal["pending", "claimed", "done", "failed", "cancelled"]

Outcome: TypeAlias = Literal[
    "imported",
    "present",
    "revealed",
    "relinked",
    "marked",
    "handed_off",
    "missing",
    "unreadable",
    "refused",
    "skipped",
]
"""What became of one file of a job."""

IN_POOL: frozenset[Outcome] = frozenset({"imported", "present", "relinked", "marked"})
"""Outcomes after which a clip is in the media pool."""

ATTEMPTS_MAX = 3
"""Claims of one job, unless it was asked for otherwise."""


class FileResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What became of the file at `path`; `sha256` is what it held, as far as the library knows."""

    path: str
    outcome: Outcome
    detail: str = ""
    sha256: str = ""


class ResolveProject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Which project of Resolve is meant: an existing one, a new one, or the one its user chooses then.
    """

    mode: Literal["existing", "new", "select"]
    name: str = ""


class ResolveRequested(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Somebody wants files of a project in Resolve; `paths` are those inside the project. `key` is the
    asker's own, under which the same wish is made once; `bin` is where the clips go, by default
    into one called as the project.
    """

    id: str
    source: str
    project: str
    paths: tuple[str, ...]
    mode: JobMode
    resolve_project: ResolveProject
    key: str = ""
    bin: str = ""
    attempts_max: int = ATTEMPTS_MAX


class ResolveClaimed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    An agent took jobs upon itself, until `until_ns`. `token` names the claim; `is_strict` says that
    nobody may end the jobs without it, which agents of media-sync-api do not know.
    """

    ids: tuple[str, ...]
    owner: str
    token: str = ""
    until_ns: Nanos | None = None
    host: str = ""
    is_strict: bool = False


class ResolveExtended(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An agent told that it still works on a job, and how far it has come."""

    id: str
    until_ns: Nanos
    note: str = ""


class ResolveReturned(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A job went back to the queue, not to be claimed before `due_ns`."""

    id: str
    why: Literal["expired", "failed"]
    due_ns: Nanos
    error: str = ""
    results: tuple[FileResult, ...] = ()


class ResolveFinished(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    A job ended. `note` says what is left to do by hand, `artifact` is a file that was written for
    it; `project_name` is the project of Resolve that was meant, if it was named.
    """

    id: str
    state: JobEnd
    error: str = ""
    results: tuple[FileResult, ...] = ()
    note: str = ""
    artifact: str = ""
    project_name: str = ""


class ResolveCancelled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody wants a job done no more."""

    id: str


class ResolveRetried(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody wants a job done after all, with all its attempts."""

    id: str


class ResolveJob(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A job; `by` is who asked, `owner` the agent that does it. `due_ns` is when a pending job may be
    claimed, and when the claim of a claimed one runs out.
    """

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
    due_ns: Nanos
    key: str = ""
    bin: str = ""
    attempts: int = 0
    attempts_max: int = ATTEMPTS_MAX
    owner: str = ""
    host: str = ""
    token: str = ""
    is_strict: bool = False
    claimed_ns: Nanos | None = None
    finished_ns: Nanos | None = None
    error: str = ""
    results: tuple[FileResult, ...] = ()
    note: str = ""
    artifact: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in {"pending", "claimed"}


NEVER_NS: Nanos = 2**63 - 1
"""When a claim without a lease runs out."""


class ResolveJobs(Projection[ResolveJob]):
    """Jobs by id; `seq` is that of the request, so that the oldest comes first."""

    name = "resolve_jobs"
    version = 2
    row = ResolveJob
    handles = frozenset(
        {
            "resolve.requested",
            "resolve.claimed",
            "resolve.extended",
            "resolve.returned",
            "resolve.finished",
            "resolve.cancelled",
            "resolve.retried",
        }
    )
    columns = (
        Column("state", "TEXT"),
        Column("seq", "INTEGER"),
        Column("due", "INTEGER"),
        Column("asked", "TEXT"),
    )
    indexes = (("state", "seq"), ("state", "due"), ("asked",), ("seq",))

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
        return None if row is None else _moved_on(row, envelope)

    def index(self, row: ResolveJob) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.state, row.seq, row.due_ns, asked_key(row.by, row.key))


def asked_key(by: str, key: str) -> str | None:
    """What one asker's key for a wish is looked up by; None without a key."""
    return f"{by}\n{key}" if key else None


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
        due_ns=envelope.at,
        key=event.key,
        bin=event.bin,
        attempts_max=event.attempts_max,
    )


def _moved_on(row: ResolveJob, envelope: Envelope) -> ResolveJob:
    event, changed = envelope.event, msgspec.structs.replace
    if isinstance(event, ResolveClaimed):
        return changed(
            row,
            state="claimed",
            owner=event.owner,
            host=event.host,
            token=event.token,
            is_strict=event.is_strict,
            claimed_ns=envelope.at,
            due_ns=NEVER_NS if event.until_ns is None else event.until_ns,
            attempts=row.attempts + 1,
            note="",
        )
    if isinstance(event, ResolveExtended):
        return changed(row, due_ns=event.until_ns, note=event.note or row.note)
    if isinstance(event, ResolveReturned):
        return changed(
            row,
            state="pending",
            due_ns=event.due_ns,
            token="",
            error=event.error,
            results=event.results or row.results,
        )
    if isinstance(event, ResolveFinished):
        return _finished(row, event, envelope.at)
    if isinstance(event, ResolveCancelled):
        return changed(row, state="cancelled", token="", finished_ns=envelope.at)
    assert isinstance(event, ResolveRetried)
    return changed(
        row, state="pending", due_ns=envelope.at, token="", attempts=0, finished_ns=None, error=""
    )


def _finished(row: ResolveJob, event: ResolveFinished, at: Nanos) -> ResolveJob:
    return msgspec.structs.replace(
        row,
        state=event.state,
        token="",
        error=event.error,
        results=event.results or row.results,
        note=event.note,
        artifact=event.artifact,
        finished_ns=at,
    )


RESOLVE_JOBS = ResolveJobs()


class PooledClip(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A content that is in the media pool of a project of Resolve, since its last job."""

    sha256: str
    resolve_project: str
    job: str
    seq: Seq


class PooledClips(Projection[PooledClip]):
    """What was last told to be in Resolve, by content."""

    name = "resolve_clips"
    version = 1
    row = PooledClip
    handles = frozenset({"resolve.finished"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The contents a job left in the pool."""
        event: Any = envelope.event
        found = [each.sha256 for each in event.results if each.outcome in IN_POOL and each.sha256]
        return tuple((sha256,) for sha256 in dict.fromkeys(found))

    def apply(self, row: PooledClip | None, envelope: Envelope, key: Key) -> PooledClip | None:
        """The latest job counts."""
        event = envelope.event
        assert isinstance(event, ResolveFinished)
        return PooledClip(
            sha256=str(key[0]),
            resolve_project=event.project_name,
            job=event.id,
            seq=envelope.seq,
        )


RESOLVE_CLIPS = PooledClips()
