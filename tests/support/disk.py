"""A disk in memory whose power can be cut after any operation, for SQLite to be opened on.

Open any number of databases with `apsw.Connection(path, vfs=disk.vfs_name)`, from any thread; the
folder of a path is ignored, all files lie side by side. Every create, write, truncate, sync and
unlink is journalled. Call `acknowledge` whenever a caller would be told "it is safe"; afterwards
`image_at` gives what a power loss at any moment would have left (`support.platter` has the rules),
to be written to a folder or booted as a new disk, and held against the promise.

Content lives only in memory. Each database also has an empty file in a private folder, from which
SQLite's own unix VFS takes locks and shared memory: so WAL works as it does in production, with
several connections. SQLite never sees a rename, so neither does this disk.
"""

import bisect
import itertools
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from random import Random
from typing import TYPE_CHECKING, Final, Literal, Self

import apsw

from support.platter import (
    MODES,
    Created,
    FolderSynced,
    Mode,
    Operation,
    Platter,
    Synced,
    SyncFailed,
    SyncIgnored,
    Truncated,
    Unlinked,
    Written,
    put,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "FOR_EVER",
    "MODES",
    "DiskFault",
    "Image",
    "Mode",
    "SimulatedDisk",
    "memory_folder",
]

OPERATIONS_MAX: Final = 1_000_000
"""The journal keeps every byte written; a workload beyond this is a test that runs away."""

FOR_EVER: Final = 1 << 30
"""How often a fault strikes that stays until `heal`: a disk once full stays full."""

# What the unix VFS reports on Linux: SQLite then writes its files here exactly as it does there.
_SECTOR_SIZE_REPORTED: Final = 4096
_CHARACTERISTICS: Final = apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

_MEMORY_FOLDER: Final = Path("/dev/shm")
_numbers = itertools.count(1)


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Give a temporary folder, in memory where there is such a place: fsync is cheap there."""
    with tempfile.TemporaryDirectory(prefix="playhead-disk-", dir=_parent()) as folder:
        yield Path(folder)


def _parent() -> Path | None:
    return _MEMORY_FOLDER if _MEMORY_FOLDER.is_dir() else None


@dataclass(frozen=True, slots=True)
class Image:
    """What a power loss after `operation` operations left: every file with its content."""

    operation: int
    mode: Mode
    seed: int
    files: Mapping[str, bytes]

    def __str__(self) -> str:
        return f"power lost after operation {self.operation}, mode {self.mode}, seed {self.seed}"

    def write_to(self, folder: Path) -> None:
        """Make the folder hold exactly these files; whatever other file lies in it is removed.

        First close every connection to the image before: one that is closed later deletes the WAL
        of this one, because SQLite finds it by name.
        """
        for stale in folder.iterdir():
            if stale.name not in self.files:
                stale.unlink()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)

    def boot(self) -> "SimulatedDisk":
        """Return a new disk that starts with these files, so that the power can be cut again."""
        return SimulatedDisk(files=self.files)


@dataclass(slots=True)
class DiskFault:
    """An error the disk will report; `hits` says how often it has."""

    on: Literal["write", "sync"]
    nth: int
    code: int
    times: int
    file: str | None
    seen: int = 0
    hits: int = 0

    def strikes(self, on: Literal["write", "sync"], *, file: str) -> bool:
        """Count one attempt, and say whether it fails."""
        if on != self.on or self.file not in {None, file}:
            return False
        self.seen += 1
        if not self.nth <= self.seen < self.nth + self.times:
            return False
        self.hits += 1
        return True


@dataclass(slots=True)
class _Inode:
    """A file's content; without a number it is SQLite's scratch space, which no crash image has."""

    number: int | None
    name: str
    content: bytearray = field(default_factory=bytearray)


class SimulatedDisk:
    """One disk with one folder, registered as an APSW VFS until closed.

    A lying disk returns from every sync without having done it.
    """

    def __init__(self, *, lying: bool = False, files: Mapping[str, bytes] | None = None) -> None:
        """Register a disk that holds the given files, durably."""
        self.vfs_name = f"playhead-disk-{next(_numbers)}"
        self._lying = lying
        self._initial = dict(files or {})
        self._inodes = {
            name: _Inode(number, name, bytearray(content))
            for number, (name, content) in enumerate(self._initial.items())
        }
        self._inodes_made = len(self._inodes)
        self._journal: list[Operation] = []
        self._acknowledged: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._faults: list[DiskFault] = []
        self._platter = Platter(self._initial)
        self._lock = threading.RLock()
        self._locks_folder = tempfile.TemporaryDirectory(prefix="playhead-locks-", dir=_parent())
        self._vfs = _DiskVFS(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Unregister the VFS; the journal can still be asked for images."""
        self._vfs.unregister()
        self._locks_folder.cleanup()

    @property
    def operations(self) -> int:
        """How many operations the disk has taken so far."""
        return len(self._journal)

    @property
    def names(self) -> frozenset[str]:
        """The files that exist now, as the running process sees them."""
        return frozenset(self._inodes)

    def acknowledge(self, value: int, *, of: str = "log.db") -> None:
        """Note that from now on a caller has been promised everything of `of` up to `value`."""
        with self._lock:
            self._acknowledged[of].append((self.operations, value))

    def acknowledged_at(self, operation: int, *, of: str = "log.db") -> int:
        """Return the greatest value promised when that many operations were done, 0 if none."""
        promises = self._acknowledged[of]
        made = bisect.bisect_right(promises, operation, key=lambda promise: promise[0])
        return max((value for _, value in promises[:made]), default=0)

    def image_at(self, operation: int, mode: Mode, *, seed: int) -> Image:
        """Return what a power loss after that many operations leaves.

        Asking in ascending order is fast: only going back replays the journal from its start.
        """
        assert 0 <= operation <= self.operations
        with self._lock:
            if operation < self._platter.applied:
                self._platter = Platter(self._initial)
            for done in itertools.islice(self._journal, self._platter.applied, operation):
                self._platter.apply(done)
            return Image(operation, mode, seed, self._platter.files_left(mode, seed=seed))

    def crashes(self, count: int, *, seed: int, first: int = 0) -> Iterator[Image]:
        """Yield what `count` power losses leave: random moments from `first` on, modes in turn."""
        random = Random(seed)
        points = sorted(random.randint(first, self.operations) for _ in range(count))
        for point, mode in zip(points, itertools.cycle(MODES), strict=False):
            yield self.image_at(point, mode, seed=random.getrandbits(32))

    def fail_write(
        self,
        nth: int,
        *,
        code: int = apsw.SQLITE_FULL,
        times: int = 1,
        file: str | None = None,
    ) -> DiskFault:
        """Make the nth write from now (to `file`, or to any) fail, and so `times` in a row."""
        return self._add_fault(DiskFault("write", nth, code, times, file))

    def fail_sync(
        self,
        nth: int,
        *,
        code: int = apsw.SQLITE_IOERR_FSYNC,
        times: int = 1,
        file: str | None = None,
    ) -> DiskFault:
        """Make the nth sync from now fail; no later sync makes durable what waited for it."""
        return self._add_fault(DiskFault("sync", nth, code, times, file))

    def heal(self) -> None:
        """Forget every fault: from now on the disk works."""
        with self._lock:
            self._faults.clear()

    def _add_fault(self, fault: DiskFault) -> DiskFault:
        assert fault.nth >= 1
        assert fault.times >= 1
        with self._lock:
            self._faults.append(fault)
        return fault

    def _record(self, operation: Operation) -> None:
        assert self.operations < OPERATIONS_MAX, "the workload outgrew the simulated disk's journal"
        self._journal.append(operation)

    def _check(self, on: Literal["write", "sync"], inode: _Inode) -> None:
        # Every fault counts every attempt, also those another fault has already failed.
        struck = [fault for fault in self._faults if fault.strikes(on, file=inode.name)]
        if struck:
            raise apsw.exception_for(struck[0].code)

    def _open(self, name: str | None, flags: int) -> _Inode:
        if name is None:
            return _Inode(None, "")
        with self._lock:
            inode = self._inodes.get(name)
            exclusive = bool(flags & apsw.SQLITE_OPEN_EXCLUSIVE)
            if inode is not None and not exclusive:
                return inode
            if inode is not None or not flags & apsw.SQLITE_OPEN_CREATE:
                raise apsw.exception_for(apsw.SQLITE_CANTOPEN)
            inode = _Inode(self._inodes_made, name)
            self._record(Created(name, self._inodes_made))
            self._inodes_made += 1
            self._inodes[name] = inode
            return inode

    def _write(self, inode: _Inode, data: bytes, *, offset: int) -> None:
        with self._lock:
            if inode.number is None:
                put(inode.content, Written(-1, offset, data))
                return
            self._check("write", inode)
            change = Written(inode.number, offset, data)
            self._record(change)
            put(inode.content, change)

    def _truncate(self, inode: _Inode, size_bytes: int) -> None:
        with self._lock:
            change = Truncated(-1 if inode.number is None else inode.number, size_bytes)
            if inode.number is not None:
                self._record(change)
            put(inode.content, change)

    def _sync(self, inode: _Inode) -> None:
        if inode.number is None:
            return
        with self._lock:
            try:
                self._check("sync", inode)
            except apsw.Error:
                self._record(SyncFailed(inode.number))
                raise
            self._record(SyncIgnored() if self._lying else Synced(inode.number))

    def _delete(self, name: str, *, sync_folder: bool) -> None:
        with self._lock:
            if self._inodes.pop(name, None) is None:
                raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE_NOENT)
            self._record(Unlinked(name))
            if sync_folder:
                self._record(SyncIgnored() if self._lying else FolderSynced())

    def _lock_file(self, name: str) -> str:
        path = Path(self._locks_folder.name, name)
        path.touch()
        return str(path)


class _DiskVFS(apsw.VFS):
    """SQLite's view of the disk; what has nothing to do with files comes from the default VFS."""

    def __init__(self, disk: SimulatedDisk) -> None:
        super().__init__(disk.vfs_name, "")
        self._disk = disk

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        base_name = None if path is None else PurePath(path).name
        inode = self._disk._open(base_name, flags[0])
        file: apsw.VFSFile
        if base_name is not None and flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            file = _DatabaseFile(self._disk, inode, flags, self._disk._lock_file(base_name))
        else:
            file = _SideFile(self._disk, inode)
        flags[1] = flags[0]
        return file

    def xAccess(self, pathname: str, flags: int) -> bool:
        return PurePath(pathname).name in self._disk.names

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001 - SQLite's signature
        self._disk._delete(PurePath(filename).name, sync_folder=syncdir)

    def xFullPathname(self, name: str) -> str:
        return f"/{PurePath(name).name}"


class _File(apsw.VFSFile):
    """The content half of an open file."""

    _disk: SimulatedDisk
    _inode: _Inode

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._inode.content[offset : offset + amount])

    def xWrite(self, data: "Buffer", offset: int) -> None:
        self._disk._write(self._inode, bytes(data), offset=offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk._truncate(self._inode, newsize)

    def xSync(self, flags: int) -> None:
        self._disk._sync(self._inode)

    def xFileSize(self) -> int:
        return len(self._inode.content)

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return _SECTOR_SIZE_REPORTED

    def xDeviceCharacteristics(self) -> int:
        return _CHARACTERISTICS


class _DatabaseFile(_File):
    """A database: locks and shared memory are real, taken on an empty stand-in file."""

    def __init__(self, disk: SimulatedDisk, inode: _Inode, flags: list[int], path: str) -> None:
        super().__init__("", path, flags)
        self._disk = disk
        self._inode = inode


class _SideFile(_File):
    """A journal, a WAL or scratch space: never shared, so never locked."""

    def __init__(self, disk: SimulatedDisk, inode: _Inode) -> None:
        self._disk = disk
        self._inode = inode

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xClose(self) -> None:
        pass
