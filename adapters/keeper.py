"""
What the web may ask of the keeper of files. `adapters.files` implements it; the daemon wires it in.

Everything here may raise `Rejected` (and `NotFound`) with a sentence for the caller, `Unreachable`
when a source is offline, and `DiskFull` when there is no room.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import msgspec

from adapters.activity import Activity
from projections.envelope import Nanos
from projections.media_events import How, UploadOpened
from projections.media_sources import Project, Source

ComposeMode: TypeAlias = Literal["auto", "copy", "encode"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """
    What to do with a received file.

    Attributes:
        name: what it shall be called; another name is found when that is taken.
        folder: where in the project, as a relative path.
        mtime_ns: when it was last written where it comes from.
        sha256: what its sender says its content is; empty when nothing was said.
        is_wanted_twice: keep it though the project has the same content elsewhere.
    """

    source: str
    project: str
    name: str
    folder: str
    actor: str
    how: How = "upload"
    batch: str = ""
    mtime_ns: Nanos | None = None
    sha256: str = ""
    is_wanted_twice: bool = False
    tags: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Where the content lies now, and whether this upload brought it there."""

    is_stored: bool
    source: str
    project: str
    path: str
    sha256: str
    size_bytes: int
    at: Nanos


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a project brought. `unfinished_count` files are still being written."""

    files_count: int
    found_paths: tuple[str, ...]
    gone_count: int
    moved_count: int
    skipped_count: int
    unfinished_count: int
    read_bytes: int
    problems: tuple[str, ...]


class SourceState(msgspec.Struct, frozen=True):
    """A source and whether its directory can be reached now."""

    source: Source
    is_accessible: bool


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of files that were to be moved: where each went, which lay in the target already
    (their own place is empty now, they are in the trash), which were not there.
    """

    moved: dict[str, str]
    duplicates: tuple[str, ...]
    missing: tuple[str, ...]


class Trashed(msgspec.Struct, frozen=True, kw_only=True):
    """By path the id in the trash of what was thrown away, and what was not there."""

    ids: dict[str, str]
    missing: tuple[str, ...]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """By id the path at which a file is again, and ids that are not in the trash."""

    paths: dict[str, str]
    missing: tuple[str, ...]


class Emptied(msgspec.Struct, frozen=True, kw_only=True):
    """How much was deleted for good."""

    count: int
    size_bytes: int


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A thumbnail, or why there is none (yet)."""

    file: Path | None
    status: Literal["made", "pending", "none", "failed"]


class Composition(msgspec.Struct, frozen=True, kw_only=True):
    """
    Clips to join. `inputs` are paths in the project, or files staged in `staged` when those are
    given instead.
    """

    source: str
    project: str
    inputs: tuple[str, ...]
    to_source: str
    to_project: str
    folder: str
    name: str
    mode: ComposeMode
    may_overwrite: bool
    actor: str
    input_projects: tuple[tuple[str, str], ...] = ()
    staged: tuple[Path, ...] = ()


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """The joined clip and how it was joined."""

    outcome: Outcome
    mode_used: Literal["copy", "encode"]


class Upright(msgspec.Struct, frozen=True, kw_only=True):
    """
    One clip that is, or would be, turned upright: `status` planned or normalized; else the reason
    it was skipped, or the error.
    """

    path: str
    rotation_degrees: int = 0
    status: Literal["planned", "normalized", "skipped", "failed"]
    reason: str = ""
    sha256: str = ""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file that was announced and comes in parts.

    Attributes:
        offset_bytes: how much of it is there, on the disk.
        expires_ns: until when it is waited for; each part that comes moves it.
        end: what became of it, once it was complete. It is remembered until it expires, for those
            who missed the answer to their last part.
        path: where it is then.
    """

    announced: UploadOpened
    offset_bytes: int
    expires_ns: Nanos
    end: Literal["stored", "duplicate"] | None = None
    path: str = ""


class Incoming(Protocol):
    """A partial upload."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Takes the next bytes. It waits for the disk, so it belongs in a worker thread."""


class OpenFile(Protocol):
    """A file that was opened for reading, and what it was at that moment."""

    @property
    def fd(self) -> int:
        """The descriptor."""

    @property
    def stat(self) -> os.stat_result:
        """Size and times."""

    def detach(self) -> int:
        """The descriptor, which is the caller's to close from now on."""

    def close(self) -> None:
        """Releases it."""


class FileKeeper(Protocol):
    """The keeper of all files."""

    @property
    def activity(self) -> Activity:
        """What is being done right now."""

    async def sources(self) -> list[SourceState]:
        """All sources."""

    async def source(self, name: str | None) -> Source:
        """An enabled source; the primary one when none is named."""

    async def register_source(
        self, name: str, *, root: str, kind: str, enabled: bool, actor: str
    ) -> SourceState:
        """Makes a directory a source, or changes one."""

    async def toggle_source(self, name: str, *, enabled: bool, actor: str) -> SourceState:
        """Switches a source on or off."""

    async def remove_source(self, name: str, *, actor: str) -> None:
        """Takes a source from the list; its disk is not touched."""

    async def create_project(
        self, source: str | None, *, label: str | None, notes: str, actor: str
    ) -> Project:
        """Makes a project of that label; the one there is, when there is one."""

    async def project(self, source: str | None, project: str) -> Project:
        """A project whose directory is there."""

    async def projects(self, source: str | None) -> list[str]:
        """The names of the projects that the disk of a source has, sorted."""

    async def reindex(self, source: str | None, project: str, *, actor: str) -> ScanReport:
        """Compares a project with its directory now."""

    async def receive(self, source: str | None, project: str, *, size_bytes: int = 0) -> Incoming:
        """A place for the bytes of an upload to this project, of about this size."""

    async def store(self, incoming: Incoming, order: Order) -> Outcome:
        """Puts a received file at its place. The part is gone afterwards, however it ends."""

    async def discard(self, incoming: Incoming) -> None:
        """Forgets a partial upload."""

    async def open_upload(
        self,
        source: str | None,
        project: str,
        *,
        name: str,
        size_bytes: int,
        metadata: str,
        mtime_ns: int | None,
        sha256: str,
        batch: str,
        actor: str,
    ) -> Upload:
        """Announces a file that will come in parts."""

    async def upload(self, upload_id: str, *, actor: str) -> Upload:
        """
        An announced file; one that is complete too, for a while.

        Raises:
            NotFound: there is none, it is another user's, or it has expired.
        """

    async def resume(self, upload_id: str, *, actor: str, offset: int) -> Incoming:
        """
        The part to write the next bytes of an announced file to; they begin at `offset`. Whoever
        got it calls `pause`, `rewind` or `complete` next, once, however the writing ends.

        Raises:
            NotFound: as `upload` does, or it is complete.
            Conflict: the part has another length, or somebody else is writing it.
        """

    async def pause(self, upload_id: str, incoming: Incoming) -> Upload:
        """Puts a part aside, on the disk, with all that was written of it."""

    async def rewind(self, upload_id: str, incoming: Incoming, *, offset: int) -> Upload:
        """Puts a part aside without what was written since `offset`: it was not what it should."""

    async def complete(self, upload_id: str, incoming: Incoming, *, actor: str) -> Outcome:
        """
        Puts a file that is all there at its place, and closes the announcement with it.

        Raises:
            Rejected: the content is not what was announced; the announcement is closed.
            PlayheadError: it cannot be placed now; the part is put aside as by `pause`, so that
                another `resume` at its end and `complete` may do it.
        """

    async def terminate(self, upload_id: str, *, actor: str) -> None:
        """
        Gives an announced file up.

        Raises:
            NotFound: as `upload` does.
            Conflict: it is complete, or somebody is writing it.
        """

    async def open(self, source: str | None, project: str, path: str) -> OpenFile:
        """A file for reading; whoever asked closes it."""

    async def present(
        self, source: str | None, project: str, contents: Sequence[str]
    ) -> dict[str, str]:
        """Of these hashes, those whose content a project really has on its disk, and where."""

    async def trash(
        self, source: str | None, project: str, paths: Sequence[str], *, actor: str
    ) -> Trashed:
        """Throws files into the trash of their source."""

    async def restore(self, ids: Sequence[str], *, actor: str) -> Restored:
        """Takes files out of the trash again."""

    async def empty_trash(
        self,
        source: str | None,
        *,
        ids: Sequence[str] | None,
        before_ns: int | None,
        actor: str,
    ) -> Emptied:
        """Deletes what is in the trash for good: these ids, or what went there before a moment."""

    async def move(
        self,
        source: str | None,
        project: str,
        paths: Sequence[str],
        *,
        to_source: str | None,
        to_project: str,
        actor: str,
    ) -> Moved:
        """Moves files to another project."""

    async def rename(
        self, source: str | None, project: str, paths: dict[str, str], *, actor: str
    ) -> dict[str, str]:
        """Renames files inside a project; by old path the path each got."""

    async def organize(self, source: str | None, *, actor: str) -> tuple[str | None, list[str]]:
        """
        Moves the finished files that lie loose in a source's root into its project Unsorted-Loose;
        the project, if there were any, and their names.
        """

    async def picture(self, source: str | None, project: str, sha256: str) -> Picture:
        """The thumbnail of a file; one that is not made yet is made next."""

    async def stage(self) -> Path:
        """
        A fresh directory for clips that come only to be joined; what is left in it by accident goes
        at the next start.

        Raises:
            Unreachable: the directory for temporary files lies inside a source.
        """

    async def unstage(self, folder: Path) -> None:
        """Removes such a directory with all in it."""

    async def compose(self, composition: Composition) -> Composed:
        """Joins clips."""

    async def make_upright(
        self,
        source: str | None,
        project: str,
        paths: Sequence[str] | None,
        *,
        dry_run: bool,
        limit: int | None,
        actor: str,
    ) -> list[Upright]:
        """Turns rotated clips upright, or says which it would; originals go to the trash."""
