"""
What the edges may ask of the one writer about sources, projects and files.

The disk is looked at and changed before a command is handed in: a command says what was found
there. Should the daemon die in between, the disk is right and the next look at it catches up.
`media_source` names the source the files are in; `source` is, as ever, the adapter that asks.
"""

from projections.commands import Command
from projections.envelope import Nanos, Seq
from projections.media_events import Discarded, How, MediaFile, MoveReason, UploadEnd
from projections.media_facts import Facts

SEQ_MAX: Seq = 2**63 - 1
"""The end of every log."""


class RegisterSource(Command, frozen=True, kw_only=True):
    """Make a root directory a source, or change what is known of it."""

    name: str
    root: str
    kind: str = "local"
    enabled: bool = True
    is_primary: bool = False


class ToggleSource(Command, frozen=True, kw_only=True):
    """Switch a source on or off."""

    name: str
    enabled: bool


class RemoveSource(Command, frozen=True, kw_only=True):
    """Take a source from the list."""

    name: str


class NoteReach(Command, frozen=True, kw_only=True):
    """Say whether a source can be reached: an empty `problem` means that it can."""

    name: str
    problem: str


class CreateProject(Command, frozen=True, kw_only=True):
    """Have a project, whose directory is there by now."""

    media_source: str
    project: str
    notes: str = ""
    created_ns: Nanos | None = None
    is_found: bool = False


class LoseProject(Command, frozen=True, kw_only=True):
    """Say that the directory of a project is not there any more, nor its files."""

    media_source: str
    project: str


class StoreFile(Command, frozen=True, kw_only=True):
    """
    Say that an uploaded file lies at its place.

    `vanished` are places of the same content that were looked at and found empty. If another is
    left, the file is a duplicate, which the events will say; whoever placed it then takes it away.
    """

    media_source: str
    project: str
    how: How
    file: MediaFile
    name: str
    batch: str = ""
    vanished: tuple[str, ...] = ()
    is_wanted_twice: bool = False


class SeeDuplicate(Command, frozen=True, kw_only=True):
    """Say that something was sent that lies in the project already, at `path`."""

    media_source: str
    project: str
    path: str
    sha256: str
    size_bytes: int
    name: str
    batch: str = ""


class RefuseUpload(Command, frozen=True, kw_only=True):
    """Say that a file of a batch could not be taken."""

    media_source: str
    project: str
    name: str
    problem: str
    batch: str


class FindFiles(Command, frozen=True, kw_only=True):
    """Say what was found on the disk; what is known as it is, is passed over."""

    media_source: str
    project: str
    files: tuple[MediaFile, ...]


class LoseFiles(Command, frozen=True, kw_only=True):
    """
    Say which paths are empty now. What was put on record after the event `as_of` may have arrived
    since somebody looked, and stays.
    """

    media_source: str
    project: str
    paths: tuple[str, ...]
    as_of: Seq = SEQ_MAX


class MoveFiles(Command, frozen=True, kw_only=True):
    """Say which files lie elsewhere now: from their old path to what is at the new one."""

    media_source: str
    project: str
    to_source: str
    to_project: str
    why: MoveReason
    files: dict[str, MediaFile]


class TagFiles(Command, frozen=True, kw_only=True):
    """Put tags on files and take tags off, all in normal form. Unknown paths stay out."""

    media_source: str
    project: str
    paths: tuple[str, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class TrashFiles(Command, frozen=True, kw_only=True):
    """Say by path which files lie in the trash now, as they were known, and under which ids."""

    media_source: str
    project: str
    files: dict[str, Discarded]


class RestoreFile(Command, frozen=True, kw_only=True):
    """Say that a trashed file is back, and where; `mtime_ns` and `inode` are those it has there."""

    id: str
    path: str
    mtime_ns: Nanos
    inode: int


class EmptyTrash(Command, frozen=True, kw_only=True):
    """Say which trashed files were deleted for good; all lay in one source."""

    media_source: str
    ids: tuple[str, ...]


class MeasureFacts(Command, frozen=True, kw_only=True):
    """Say what a file's bytes tell."""

    sha256: str
    facts: Facts


class StartBatch(Command, frozen=True, kw_only=True):
    """Begin a run of uploads."""

    batch: str
    media_source: str
    project: str
    remote: str = ""
    user_agent: str = ""


class FinishBatch(Command, frozen=True, kw_only=True):
    """End a run of uploads; ending it again changes nothing."""

    batch: str


class CloseUpload(Command, frozen=True, kw_only=True):
    """
    Say how a file that came in parts ended; an unknown one changes nothing. A complete one can only
    expire, which says that it need not be remembered any longer.
    """

    id: str
    how: UploadEnd
    path: str = ""
