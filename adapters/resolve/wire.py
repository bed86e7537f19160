"""
The queue's words: jobs as they are got, results as they are told. Fields that are not known here
are passed over, so that an older agent works with a newer daemon.
"""

from typing import Literal

import msgspec

from projections.errors import PlayheadError
from projections.resolve import Outcome

DETAIL_CHARACTERS_MAX = 1_000
ERROR_CHARACTERS_MAX = 4_000
"""What the queue takes of a detail or note, and of an error."""


class NotUnderstood(PlayheadError):
    """An answer has not the shape of the queue's; `job` is its id and token, if it has them."""

    hint = "Update the agent, or check that the address is that of a Playhead daemon."

    def __init__(self, message: str, *, job: "Stub | None" = None) -> None:
        super().__init__(message)
        self.job = job


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a clip, in seconds from its first frame."""

    id: str
    position_s: float
    duration_s: float = 0.0
    colour: str = "Blue"
    note: str = ""
    by: str = ""


class JobFile(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file of a job: `paths` says where each machine has it, `former_paths` where each had it
    before; `frame_rate` is a fraction. What the daemon does not know is None.
    """

    path: str
    name: str = ""
    sha256: str = ""
    asset_id: str = ""
    size_bytes: int = 0
    paths: dict[str, str] = {}
    former_paths: dict[str, list[str]] = {}
    duration_s: float | None = None
    frame_rate: str | None = None
    width: int | None = None
    height: int | None = None
    audio_channels: int | None = None
    start_timecode: str | None = None
    markers: tuple[Marker, ...] = ()

    @property
    def is_still(self) -> bool:
        """Whether it is a photograph, as far as is known."""
        return self.duration_s is None and self.width is not None


class WantedProject(msgspec.Struct, frozen=True, kw_only=True):
    """Which project of Resolve is meant: by name, a new one, or the one that is open."""

    mode: Literal["existing", "new", "select"]
    name: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed job; `token` names the claim, `bin` is where clips go in the media pool."""

    id: str
    token: str | None = None
    mode: Literal["import", "reveal_in_explorer", "relink", "markers"]
    resolve_project: WantedProject
    media_project: str = ""
    bin: str = ""
    attempts: int = 1
    files: tuple[JobFile, ...] = ()


class Jobs(msgspec.Struct, frozen=True):
    """The answer to an agent that asks for work, and to one that looks at the list."""

    jobs: tuple[Job, ...]


class Stub(msgspec.Struct, frozen=True):
    """What is needed to give a job back that is not understood."""

    id: str
    token: str | None = None


class Stubs(msgspec.Struct, frozen=True):
    """Jobs of which no more is understood."""

    jobs: tuple[Stub, ...]


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one file; `path` is the one inside its project."""

    path: str
    outcome: Outcome
    detail: str = ""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The job is still worked on; `note` says how far it has come."""

    token: str
    lease_s: float
    note: str = ""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """How it went; `note` says what is left to do by hand, `artifact` which file was written."""

    token: str
    results: tuple[Result, ...] = ()
    note: str = ""
    artifact: str | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why it did not go. Unless that is final, the job goes back to the queue."""

    token: str
    error: str
    results: tuple[Result, ...] = ()
    is_final: bool = True


class Problem(msgspec.Struct, frozen=True):
    """What is read of a refusal."""

    detail: str = ""
    hint: str = ""


class Whoami(msgspec.Struct, frozen=True):
    """Who the credential is, and what it may do."""

    user: str
    scopes: tuple[str, ...] = ()


def jobs_in(answer: bytes) -> tuple[Job, ...]:
    """
    The jobs of an answer.

    Raises:
        NotUnderstood: it has another shape.
    """
    try:
        return msgspec.json.decode(answer, type=Jobs).jobs
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"The answer is not one of the queue's: {error}."
        raise NotUnderstood(message, job=_stub_in(answer)) from None


def _stub_in(answer: bytes) -> Stub | None:
    try:
        found = msgspec.json.decode(answer, type=Stubs).jobs
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found[0] if found else None


def problem_in(answer: bytes) -> Problem:
    """What a refusal says; nothing if it is no Playhead daemon's."""
    try:
        return msgspec.json.decode(answer, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Problem()


def user_in(answer: bytes) -> Whoami:
    """
    Who we are.

    Raises:
        NotUnderstood: it has another shape.
    """
    try:
        return msgspec.json.decode(answer, type=Whoami)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotUnderstood(f"What answers is no Playhead daemon: {error}.") from None


def shortened(text: str, characters_max: int = DETAIL_CHARACTERS_MAX) -> str:
    """A text that the queue takes: what is too long ends with an ellipsis."""
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"


def counted(count: int, what: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
