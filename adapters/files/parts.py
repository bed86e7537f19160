"""
Files on their way in: written once, hashed while they are written, then renamed to their place.

A part lies in the root of its source, `_playhead/uploads/<id>.part`, so that giving it its name is
one step which needs no second copy. Whoever stops halfway leaves a part that `clean` removes, or
that an upload in pieces is resumed from; never something that bears the name of a clip.
"""

import errno
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self

from adapters.disk.errors import DiskFull, Missing, named
from adapters.disk.hashing import Cancelled, Progress, feed, ignore, never
from adapters.disk.kernel import open_beneath, sync_folder
from adapters.disk.opening import OpenFile, entry_of, open_regular, regular_status
from adapters.disk.placing import copy_in, rename_in
from adapters.disk.writing import STRAIGHT_FROM_BYTES, write_straight
from adapters.files.markers import OWN
from adapters.files.roots import Root
from projections.errors import PlayheadError, Rejected
from projections.media_names import check_file_name, check_folder
from projections.media_scan import Entry

UPLOADS = "uploads"
SUFFIX = ".part"
PART_MODE = 0o600
"""Nobody else has business with half a file."""

MTIME_NS_MAX = 2**62
"""The year 2116. Clients send nonsense, and some disks refuse it."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Mark:
    """A point in a part to which it can be taken back."""

    def __init__(self, size_bytes: int, found: "hashlib._Hash") -> None:
        self.size_bytes = size_bytes
        self.found = found


class Part:
    """
    A file on its way in. Used by one thread at a time.

    `create`, `write` as often as needed, `finish`, `place`; `discard` at any time and also at the
    end, where it does nothing. Between two visits of an upload in pieces: `pause`, and `resume`.
    """

    def __init__(self, root: Root, part_id: str, fd: int, found: "hashlib._Hash") -> None:
        self.root = root
        self.id = part_id
        self.size_bytes = 0
        self.outlives_full_disk = False
        """Whether what was written stays when there is no room for more: somebody may go on."""
        self._fd = fd
        self._found = found
        self._beside: ThreadPoolExecutor | None = None
        self._is_finished = False
        self._is_placed = False

    @classmethod
    def create(cls, root: Root, part_id: str) -> Self:
        """
        A new and empty part.

        Raises:
            Unreachable: the root is not there.
            NameTaken: there is one of this id.
            PlayheadError: the disk would not have it.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        try:
            with root.made_own_folder(UPLOADS) as uploads:
                fd = open_beneath(uploads, file_name(part_id), flags, mode=PART_MODE)
        except OSError as error:
            raise named(error, f"The upload {part_id}") from error
        return cls(root, part_id, fd, hashlib.sha256(usedforsecurity=False))

    @classmethod
    def resume(
        cls,
        root: Root,
        part_id: str,
        *,
        progress: Progress = ignore,
        cancelled: Cancelled = never,
    ) -> Self:
        """
        A part that was begun earlier, perhaps by a process that has ended: what is there is read to
        know its hash.

        Raises:
            Unreachable: the root is not there.
            Missing: there is none of this id.
            Stopped: `cancelled` said so.
            PlayheadError: it cannot be read.
        """
        found = hashlib.sha256(usedforsecurity=False)
        try:
            with root.own_folder(UPLOADS) as uploads:
                fd = open_beneath(uploads, file_name(part_id), os.O_RDWR)
            part = cls(root, part_id, fd, found)
            try:
                size_bytes = os.fstat(fd).st_size
                part.size_bytes = feed(
                    found, fd, size_bytes, progress=progress, cancelled=cancelled
                )
            except BaseException:
                part._close()
                raise
        except OSError as error:
            raise named(error, f"The upload {part_id}") from error
        return part

    @property
    def path(self) -> Path:
        """Where it lies, for programs that want a path."""
        return self.root.path / OWN / UPLOADS / file_name(self.id)

    @property
    def is_over(self) -> bool:
        """Whether it is at its place, or gone: there is nothing to discard."""
        return self._is_placed

    @property
    def sha256(self) -> str:
        """The hash of what was written up to now, in hexadecimal."""
        return self._found.hexdigest()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """
        Adds bytes at the end.

        Raises:
            DiskFull: there is no room; the part is gone, or without these bytes.
            PlayheadError: the disk failed; call `discard`.
        """
        assert not self._is_finished
        view = memoryview(data).cast("B")
        found = self._found.copy()
        try:
            self._write_and_hash(view, found)
        except OSError as error:
            if self.outlives_full_disk:
                raise self._cut(error) from error
            raise self._failed(error) from error
        self._found = found
        self.size_bytes += len(view)

    def _write_and_hash(self, view: memoryview, found: "hashlib._Hash") -> None:
        """Large buffers at the same time: one waits for the disk, the other for the processor."""
        if len(view) < STRAIGHT_FROM_BYTES:
            write_straight(self._fd, view, self.size_bytes)
            found.update(view)
            return
        if self._beside is None:
            self._beside = ThreadPoolExecutor(1, thread_name_prefix="part")
        writing = self._beside.submit(write_straight, self._fd, view, self.size_bytes)
        found.update(view)
        writing.result()

    def mark(self) -> Mark:
        """Where it stands now."""
        return Mark(self.size_bytes, self._found.copy())

    def take_back(self, mark: Mark) -> None:
        """
        Forgets what was written since, because it arrived damaged.

        Raises:
            PlayheadError: the disk failed; call `discard`.
        """
        try:
            os.ftruncate(self._fd, mark.size_bytes)
        except OSError as error:
            raise self._failed(error) from error
        self._found = mark.found.copy()
        self.size_bytes = mark.size_bytes

    def sync(self) -> None:
        """
        Makes what was written durable: only then may it be acknowledged.

        Raises:
            DiskFull: there is no room; the part is gone.
            PlayheadError: the disk failed, or had before; call `discard`.
        """
        if self._fd < 0:
            raise Missing(f"The upload {self.id} is gone.")
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            raise self._failed(error) from error

    def pause(self) -> None:
        """
        Makes what was written durable and closes the file; `resume` goes on. Where the part is gone
        nothing is to be done.

        Raises:
            PlayheadError: as `sync` does.
        """
        if self._fd < 0:
            return
        self.sync()
        with self.root.own_folder(UPLOADS) as uploads:
            sync_folder(uploads)
        self._close()

    def finish(self, mode: int, mtime_ns: int | None = None) -> str:
        """
        Makes the complete part durable, with the permissions that it will have at its place.

        Args:
            mode: the permissions.
            mtime_ns: when its sender last wrote to it, if known and no nonsense.

        Returns:
            Its hash.

        Raises:
            DiskFull: there is no room; the part is gone.
            PlayheadError: the disk failed; call `discard`.
        """
        try:
            os.fchmod(self._fd, mode)
            if mtime_ns is not None and 0 <= mtime_ns <= MTIME_NS_MAX:
                os.utime(self._fd, ns=(mtime_ns, mtime_ns))
            os.fsync(self._fd)
        except OSError as error:
            raise self._failed(error) from error
        self._is_finished = True
        return self.sha256

    def place(self, project: str, folder: str, name: str) -> Entry:
        """
        Gives it its name in a project, durably. Another file of this name is never replaced: the
        part gets the next that is free. Folders are made as needed, the project is not.

        Returns:
            The file as it lies there now, its path inside the project.

        Raises:
            Unreachable: the root is not there.
            Missing: there is no such project, or the part is gone.
            NameTaken: no name is left for it.
            Rejected: name or folder are none that a project may have.
            PlayheadError: the disk would not have it; nothing was left in the project.
        """
        check_folder(folder)
        return self._put(project, folder, check_file_name(name), is_new=True)

    def replace(self, project: str, path: str) -> Entry:
        """
        Takes the place of a file in a project, durably: at any moment it is the old or the new one.

        Returns:
            The file as it lies there now.

        Raises:
            PlayheadError: as `place` does, or the project lies on another disk than the part.
        """
        folder, _, name = path.rpartition("/")
        return self._put(project, folder, check_file_name(name), is_new=False)

    def _put(self, project: str, folder: str, name: str, *, is_new: bool) -> Entry:
        assert self._is_finished
        assert not self._is_placed
        try:
            with (
                self.root.own_folder(UPLOADS) as uploads,
                self.root.made_folder(project, folder) as target,
            ):
                if is_new:
                    name, status = self._place(uploads, target, name)
                else:
                    status = self._replace(uploads, target, name)
        except OSError as error:
            what = f"The file {project}/{folder}/{name}" if folder else f"The file {project}/{name}"
            raise named(error, what) from error
        self._is_placed = True
        self._close()
        return entry_of(f"{folder}/{name}" if folder else name, status)

    def _place(self, uploads: int, target: int, wanted: str) -> tuple[str, os.stat_result]:
        own = file_name(self.id)
        try:
            taken = rename_in(uploads, own, target, wanted)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return self._copy(uploads, target, wanted)
        sync_folder(target)  # should the old name come back after a power cut, `clean` removes it
        return taken, os.fstat(self._fd)

    def _copy(self, uploads: int, target: int, wanted: str) -> tuple[str, os.stat_result]:
        """For a project that is a disk of its own, mounted in the root."""
        file = OpenFile(self._fd, os.fstat(self._fd))
        taken = copy_in(file, target, wanted, sha256=self.sha256)
        os.unlink(file_name(self.id), dir_fd=uploads)
        return taken, regular_status(target, taken)

    def _replace(self, uploads: int, target: int, name: str) -> os.stat_result:
        os.rename(file_name(self.id), name, src_dir_fd=uploads, dst_dir_fd=target)
        sync_folder(target)
        sync_folder(uploads)
        return os.fstat(self._fd)

    def discard(self) -> None:
        """Removes the part, unless it is at its place; where the root is gone, `clean` will."""
        self._close()
        if self._is_placed:
            return
        self._is_placed = True
        with suppress(PlayheadError):
            remove(self.root, self.id)

    def _cut(self, error: OSError) -> PlayheadError:
        """Nothing is left of bytes that were not all written: their room is needed."""
        with suppress(OSError):
            os.ftruncate(self._fd, self.size_bytes)
        return named(error, f"The upload {self.id}")

    def _failed(self, error: OSError) -> PlayheadError:
        found = named(error, f"The upload {self.id}")
        if isinstance(found, DiskFull):
            self.discard()
        return found

    def _close(self) -> None:
        if self._beside is not None:
            self._beside.shutdown()
            self._beside = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def file_name(part_id: str) -> str:
    """
    The name of a part's file.

    Raises:
        Rejected: this can be no id.
    """
    if not _ID.fullmatch(part_id):
        raise Rejected(
            f"{part_id[:64]!r} is no id of an upload.", hint="Use the one you were given."
        )
    return part_id + SUFFIX


def remove(root: Root, part_id: str) -> None:
    """
    Removes the part of an upload that will not be resumed. None there is none to remove.

    Raises:
        Unreachable: the root is not there.
        PlayheadError: the disk would not let it go.
    """
    try:
        with root.own_folder(UPLOADS) as uploads:
            os.unlink(file_name(part_id), dir_fd=uploads)
    except (Missing, FileNotFoundError):
        return
    except OSError as error:
        raise named(error, f"The upload {part_id}") from error


def look(root: Root, part_id: str) -> os.stat_result:
    """
    How much of an upload has arrived, and when the last of it did.

    Raises:
        Unreachable: the root is not there.
        Missing: there is no part of this id.
        PlayheadError: it cannot be said.
    """
    try:
        with root.own_folder(UPLOADS) as uploads, open_regular(uploads, file_name(part_id)) as file:
            return file.stat
    except OSError as error:
        raise named(error, f"The upload {part_id}") from error
