"""
The vocabulary of ingest: sources and their projects, the files in them, uploads on their way.

A source is a root directory, a project a directory in it. Files are named by their path inside the
project. What several events say of one file is a `MediaFile`; `Was` is what stood at a path before,
so that counts can be kept by folding alone.
"""

from typing import Literal, TypeAlias

import msgspec

from projections.envelope import Nanos
from projections.events import Event
from projections.media_facts import Facts
from projections.media_names import Kind

How: TypeAlias = Literal["upload", "found", "compose", "upright", "moved", "restored"]
"""How a file came to its place."""

MoveReason: TypeAlias = Literal["order", "noticed"]
"""Somebody asked for it, or it was seen to have happened on the disk."""

UploadEnd: TypeAlias = Literal["stored", "duplicate", "refused", "expired", "terminated"]


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The base of the parts of events."""


class MediaFile(Struct, frozen=True, kw_only=True):
    """
    A file in a project. `mtime_ns` and `inode` tell, together with the size, whether it was touched
    since; `added_ns` is when the library got it.
    """

    path: str
    sha256: str
    size_bytes: int
    mtime_ns: Nanos
    inode: int
    added_ns: Nanos
    kind: Kind = "other"
    tags: tuple[str, ...] = ()
    facts: Facts | None = None


class Was(Struct, frozen=True, kw_only=True):
    """What a path held."""

    sha256: str
    size_bytes: int
    kind: Kind


class SourceRegistered(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A root directory became a source, or its registration was changed."""

    name: str
    root: str
    kind: str = "local"
    enabled: bool = True
    is_primary: bool = False


class SourceToggled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A source was switched on or off."""

    name: str
    enabled: bool


class SourceRemoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A source was taken from the list; nothing on its disk was touched."""

    name: str


class SourceLost(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A root directory cannot be reached; what it holds is left as it is known."""

    name: str
    problem: str


class SourceReturned(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A root directory can be reached again."""

    name: str


class ProjectCreated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A project was made, or its directory was found."""

    source: str
    project: str
    notes: str = ""
    created_ns: Nanos
    is_found: bool = False


class ProjectGone(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The directory of a project is there no more."""

    source: str
    project: str


class ProjectReindexed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Somebody had a project compared with its directory. `problems` are sentences about what could
    not be read.
    """

    source: str
    project: str
    files_count: int
    found_count: int = 0
    gone_count: int = 0
    moved_count: int = 0
    skipped_count: int = 0
    read_bytes: int = 0
    problems: tuple[str, ...] = ()


class FileStored(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file was written into a project. `name` is what its sender called it."""

    source: str
    project: str
    how: How
    file: MediaFile
    name: str
    was: Was | None = None
    batch: str = ""


class DuplicateSeen(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody sent what the project has already, at `path`."""

    source: str
    project: str
    path: str
    sha256: str
    size_bytes: int
    name: str
    batch: str = ""


class UploadRefused(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file of a batch could not be taken."""

    source: str
    project: str
    name: str
    problem: str
    batch: str = ""


class FilesFound(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Files were found on the disk that are new there or have changed, by path."""

    source: str
    project: str
    files: dict[str, MediaFile]
    was: dict[str, Was] = {}


class FilesGone(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Files are on the disk no more, by path."""

    source: str
    project: str
    files: dict[str, Was]


class FilesMoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Files changed their place. `paths` says where each went, `files` what is there now by its new
    path, `was` what had stood there.
    """

    source: str
    project: str
    to_source: str
    to_project: str
    why: MoveReason
    paths: dict[str, str]
    files: dict[str, MediaFile]
    was: dict[str, Was] = {}


class FilesTagged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody tagged files; `files` are all tags of each from now on, by path."""

    source: str
    project: str
    files: dict[str, tuple[str, ...]]


class Discarded(Struct, frozen=True, kw_only=True):
    """A file and the id under which it lies in the trash."""

    id: str
    file: MediaFile


class FilesTrashed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Files went to the trash of their source, by the path they had."""

    source: str
    project: str
    files: dict[str, Discarded]


class FileRestored(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file came back out of the trash."""

    source: str
    project: str
    id: str
    file: MediaFile
    was: Was | None = None


class TrashEmptied(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Files were deleted for good, by their ids in the trash."""

    source: str
    ids: tuple[str, ...]
    size_bytes: int


class FactsMeasured(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a file's bytes tell was found out. `places`: source, project and path of each copy."""

    sha256: str
    facts: Facts
    places: tuple[tuple[str, str, str], ...]


class AlbumSynced(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A phone told that it is through with an album; `payload` is the JSON it sent."""

    source: str
    project: str
    payload: bytes


class BatchStarted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A run of uploads that belong together began."""

    batch: str
    source: str
    project: str
    remote: str = ""
    user_agent: str = ""


class BatchFinished(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A run of uploads is complete; it takes no more."""

    batch: str


class UploadOpened(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody announced a file that will come in parts."""

    id: str
    source: str
    project: str
    name: str
    size_bytes: int
    expires_ns: Nanos
    metadata: str = ""
    mtime_ns: Nanos | None = None
    sha256: str = ""
    batch: str = ""


class UploadClosed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file that came in parts is complete, or will never be."""

    id: str
    how: UploadEnd
    path: str = ""
