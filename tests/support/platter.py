"""What a disk holds after the power failed: a pure model, fed one operation at a time.

`support.disk` journals what SQLite does to its files; this module answers what would have been
left of it. The rules:

- what was synced is there;
- of what was not, each 512-byte sector holds one of the contents it had since the last sync
  (a sector is never torn);
- an unlink is durable after any later sync, of a file or of the folder;
- a created name is durable after a sync of that file or of the folder; a name created again is a
  new inode;
- a sync that failed has lost what it should have written, and no later sync brings that back.

Nothing here does I/O, and the same operations, mode and seed always give the same image.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

SECTOR_BYTES: Final = 512
"""The largest write a disk promises not to tear."""

Mode = Literal["none", "all", "prefix", "random"]
"""How much of what was not synced survives: nothing, everything, the oldest part, any part."""

MODES: Final[tuple[Mode, ...]] = ("none", "all", "prefix", "random")

_KEPT_SHARES: Final = (0.05, 0.5, 0.95)
"""How likely a sector is up to date in mode random: mostly lost, half, mostly kept."""


@dataclass(frozen=True, slots=True)
class Created:
    """A name now refers to a new, empty inode."""

    name: str
    inode: int


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A name no longer refers to anything."""

    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes were put at an offset; a gap before them reads as zeros."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """The file was given this size."""

    inode: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Synced:
    """A sync of this inode returned, and was true."""

    inode: int


@dataclass(frozen=True, slots=True)
class FolderSynced:
    """A sync of the folder returned, and was true."""


@dataclass(frozen=True, slots=True)
class SyncFailed:
    """A sync reported an error, and what was waiting for it is forgotten, as Linux does."""

    inode: int


@dataclass(frozen=True, slots=True)
class SyncIgnored:
    """A sync returned success without having done anything."""


Change = Written | Truncated
Entry = Created | Unlinked
Operation = Change | Entry | Synced | FolderSynced | SyncFailed | SyncIgnored


def put(content: bytearray, change: Change) -> None:
    """Apply one change to the content of a file."""
    if isinstance(change, Truncated):
        del content[change.size_bytes :]
        content.extend(bytes(change.size_bytes - len(content)))
        return
    end = change.offset + len(change.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[change.offset : end] = change.data


def sectors(change: Written) -> Iterator[Written]:
    """Cut a write at the sector boundaries it crosses."""
    end = change.offset + len(change.data)
    first_boundary = (change.offset // SECTOR_BYTES + 1) * SECTOR_BYTES
    edges = [change.offset, *range(first_boundary, end, SECTOR_BYTES), end]
    for start, stop in itertools.pairwise(edges):
        data = change.data[start - change.offset : stop - change.offset]
        yield Written(change.inode, start, data)


class Platter:
    """A disk at one moment: what is durable, and what is still on its way there, oldest first."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Start with files that have been durable for ever, as inodes 0, 1, 2 and so on."""
        self.applied = 0
        self._names = {name: inode for inode, name in enumerate(files)}
        self._durable = defaultdict(
            bytearray, {inode: bytearray(data) for inode, data in enumerate(files.values())}
        )
        self._changes: dict[int, list[tuple[int, Change]]] = defaultdict(list)
        self._entries: dict[str, list[tuple[int, Entry]]] = defaultdict(list)

    def apply(self, operation: Operation) -> None:
        """Take the next operation."""
        match operation:
            case Written() | Truncated():
                self._changes[operation.inode].append((self.applied, operation))
            case Created() | Unlinked():
                self._entries[operation.name].append((self.applied, operation))
            case Synced(inode):
                self._settle_changes(inode)
                self._settle_entries(inode)
            case FolderSynced():
                for name in list(self._entries):
                    self._settle(name, len(self._entries[name]))
            case SyncFailed(inode):
                self._changes.pop(inode, None)
            case SyncIgnored():
                pass
        self.applied += 1

    def files_left(self, mode: Mode, *, seed: int) -> dict[str, bytes]:
        """Return name and content of every file that is there after the power failed now."""
        random = Random(seed)
        match mode:
            case "none":
                return self._in_order(0, torn_sectors=0)
            case "all":
                return self._in_order(self.applied, torn_sectors=0)
            case "prefix":
                cut = random.randint(self._oldest_pending(), self.applied)
                return self._in_order(cut, torn_sectors=random.randrange(8))
            case "random":
                return self._scattered(random)

    def _settle_changes(self, inode: int) -> None:
        for _, change in self._changes.pop(inode, ()):
            put(self._durable[inode], change)

    def _settle_entries(self, inode: int) -> None:
        for name, entries in list(self._entries.items()):
            settled = 0
            for count, (_, entry) in enumerate(entries, start=1):
                if isinstance(entry, Unlinked) or entry.inode == inode:
                    settled = count
            self._settle(name, settled)

    def _settle(self, name: str, count: int) -> None:
        entries = self._entries.pop(name)
        _rename(self._names, (entry for _, entry in entries[:count]))
        if entries[count:]:
            self._entries[name] = entries[count:]

    def _oldest_pending(self) -> int:
        changes = [waiting[0][0] for waiting in self._changes.values()]
        entries = [waiting[0][0] for waiting in self._entries.values()]
        return min(changes + entries, default=self.applied)

    def _in_order(self, cut: int, *, torn_sectors: int) -> dict[str, bytes]:
        names = dict(self._names)
        for entries in self._entries.values():
            _rename(names, (entry for index, entry in entries if index < cut))
        return {
            name: self._content_before(inode, cut, torn_sectors=torn_sectors)
            for name, inode in names.items()
        }

    def _content_before(self, inode: int, cut: int, *, torn_sectors: int) -> bytes:
        content = bytearray(self._durable.get(inode, b""))
        for index, change in self._changes.get(inode, ()):
            if index < cut:
                put(content, change)
            elif index == cut and isinstance(change, Written):
                for piece in itertools.islice(sectors(change), torn_sectors):
                    put(content, piece)
        return bytes(content)

    def _scattered(self, random: Random) -> dict[str, bytes]:
        names = dict(self._names)
        for entries in self._entries.values():
            kept = entries[: random.randint(0, len(entries))]
            _rename(names, (entry for _, entry in kept))
        return {name: self._scattered_content(inode, random) for name, inode in names.items()}

    def _scattered_content(self, inode: int, random: Random) -> bytes:
        content = bytearray(self._durable.get(inode, b""))
        pieces = [
            piece
            for _, change in self._changes.get(inode, ())
            for piece in (sectors(change) if isinstance(change, Written) else (change,))
        ]
        left = _versions_kept(pieces, random)
        for piece in pieces:
            if isinstance(piece, Truncated):
                if random.getrandbits(1):
                    put(content, piece)
            elif left[piece.offset // SECTOR_BYTES] > 0:
                left[piece.offset // SECTOR_BYTES] -= 1
                put(content, piece)
        return bytes(content)


def _rename(names: dict[str, int], entries: Iterable[Entry]) -> None:
    for entry in entries:
        if isinstance(entry, Created):
            names[entry.name] = entry.inode
        else:
            names.pop(entry.name, None)


def _versions_kept(pieces: Iterable[Change], random: Random) -> dict[int, int]:
    """Choose for each sector how many of its pending writes it had seen."""
    share = random.choice(_KEPT_SHARES)
    pending = Counter(
        piece.offset // SECTOR_BYTES for piece in pieces if isinstance(piece, Written)
    )
    return {
        sector: count if random.random() < share else random.randrange(count)
        for sector, count in pending.items()
    }
