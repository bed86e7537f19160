"""
The wire shapes of jobs for DaVinci Resolve: those of media-sync-api, and what came to them. Times
are unix seconds.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.web.media_lookup import Name
from projections.resolve import JobMode, JobState, Outcome

FILES_MAX = 1_000
"""Files of one job; an agent imports them in one call."""

CLAIM_MAX = 100
PAGE_MAX = 500
SEQ_MAX = 2**63 - 1
ERROR_CHARACTERS_MAX = 4_000
DETAIL_CHARACTERS_MAX = 1_000

WAIT_S_MAX = 60.0
"""Proxies give up on an answer after a minute."""

LEASE_S_MAX = 86_400.0

NEW, SELECT = "__new__", "__select__"
"""What media-sync-api's clients say instead of a project of Resolve's."""

MODES: dict[str, JobMode] = {
    "import": "import",
    "reveal": "reveal",
    "reveal_in_explorer": "reveal",
    "relink": "relink",
    "markers": "markers",
}

ModeView = Literal["import", "reveal_in_explorer", "relink", "markers"]

Label = Annotated[str, Meta(min_length=1, max_length=200)]
Note = Annotated[str, Meta(max_length=DETAIL_CHARACTERS_MAX)]
Token = Annotated[str, Meta(max_length=64)]
Error = Annotated[str, Meta(max_length=ERROR_CHARACTERS_MAX)]
LeaseSeconds = Annotated[float, Meta(ge=1, le=LEASE_S_MAX)]


class OpenBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    Files of a project that are wanted in Resolve, in its project of the same name.

    `project` may also be `__new__` (a new project of Resolve, called `new_project_name`) or
    `__select__` (whoever sits there chooses one); `media_project` then says which project the files
    are in. It may be left out when only one has them all. `bin` is where the clips go in the media
    pool, by default into one called as the project. With an `idempotency_key`, a second wish under
    it is the first one.
    """

    project: Label
    new_project_name: Label | None = None
    media_project: Name | None = None
    media_rel_paths: Annotated[tuple[str, ...], Meta(max_length=FILES_MAX)] = ()
    mode: str = "import"
    source: Name | None = None
    bin: Label | None = None
    idempotency_key: Label | None = None
    attempts_max: Annotated[int, Meta(ge=1, le=100)] | None = None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The job is on record."""

    ok: bool
    job_id: str
    instructions: str


class NextQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    How many jobs at most, what the agent is called, and which machine it is on. With `lease_s` the
    agent promises to be heard from within so many seconds. `wait_s` is how long to wait for a job.
    """

    limit: Annotated[int, Meta(ge=1, le=CLAIM_MAX)] = 1
    claimed_by: Label = "resolve-agent"
    host: Annotated[str, Meta(max_length=64)] = ""
    lease_s: LeaseSeconds | None = None
    wait_s: Annotated[float, Meta(ge=0, le=WAIT_S_MAX)] = 0.0


class ProjectView(msgspec.Struct, frozen=True, kw_only=True):
    """Which project of Resolve is meant."""

    mode: Literal["existing", "new", "select"]
    name: str


class MarkerView(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a clip that somebody marked."""

    id: str
    position_s: float
    duration_s: float
    colour: str
    note: str
    by: str


class JobFile(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file of a job. `paths` says where each machine has it, the daemon's own being `server`;
    `former_paths` where each had it before it was moved. `frame_rate` is a fraction. A file without
    sound has 0 `audio_channels`; null is what is not known.
    """

    path: str
    name: str
    sha256: str
    asset_id: str
    size_bytes: int
    paths: dict[str, str]
    former_paths: dict[str, list[str]]
    duration_s: float | None
    frame_rate: str | None
    width: int | None
    height: int | None
    audio_channels: int | None
    start_timecode: str | None
    markers: list[MarkerView]


class ResultView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file."""

    path: Annotated[str, Meta(min_length=1, max_length=1_024)]
    outcome: Outcome
    detail: Note = ""


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """
    A job. `project` is as it was asked for; `media_project` is where the files are. Whoever claims
    it gets the `token` of that claim.
    """

    id: str
    created_at: float
    status: JobState
    project: str
    new_project_name: str | None
    media_project: str
    media_rel_paths: tuple[str, ...]
    mode: ModeView
    source: str
    claimed_by: str | None
    claimed_at: float | None
    done_at: float | None
    failed_at: float | None
    error: str | None
    by: str
    seq: int
    host: str | None
    token: str | None
    lease_until: float | None
    attempts: int
    attempts_max: int
    resolve_project: ProjectView
    bin: str
    files: list[JobFile]
    results: list[ResultView]
    note: str
    artifact: str | None


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs that are this agent's now, the oldest first."""

    jobs: list[JobView]


class JobQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs in one state, or in any; the latest first, before the one with this `seq`."""

    state: JobState | None = None
    before: Annotated[int, Meta(ge=1, le=SEQ_MAX)] = SEQ_MAX
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = 100


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some jobs, the latest first; `next` is where to go on, null at the end."""

    jobs: list[JobView]
    next: int | None


class HeartbeatBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agent still works on a job. `note` says how far it has come."""

    token: Token
    lease_s: LeaseSeconds | None = None
    note: Note = ""


class Extended(msgspec.Struct, frozen=True, kw_only=True):
    """The job stays the agent's until `lease_until`."""

    ok: bool
    lease_until: float
    status: JobState


class CompleteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How it went, file by file. `note` says what is left to do by hand, `artifact` is a file that was
    written for that.
    """

    token: Token = ""
    results: Annotated[tuple[ResultView, ...], Meta(max_length=FILES_MAX)] = ()
    note: Note = ""
    artifact: Annotated[str, Meta(max_length=4_096)] | None = None


class FailQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Why it failed; a body may say it instead."""

    error: Error | None = None


class FailBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it failed. Unless that is final, the job goes back to the queue."""

    token: Token = ""
    error: Error = ""
    results: Annotated[tuple[ResultView, ...], Meta(max_length=FILES_MAX)] = ()
    is_final: bool = True


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """It is on record."""

    ok: bool
