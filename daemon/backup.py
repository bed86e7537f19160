"""
Backups: a consistent copy of what cannot be rebuilt, made while the daemon runs and proved before
it counts; and the way back.

A backup is a folder with the log in one file, the segments of its archive, the credentials, the
kept secrets, and `backup.json`, which says what must be in it. It gets its name when it is whole: a
folder without a dot in front is a good one.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import msgspec

from daemon import __version__
from daemon.database import open_database, open_reader, storage_errors
from daemon.datadir import DataDirectory
from daemon.durable import sync
from daemon.errors import BackupRefused, CorruptLog, SegmentLost
from daemon.eventlog.archive import FOLDER
from daemon.eventlog.chain import GENESIS_HASH, chain_hash
from daemon.eventlog.integrity import check_chain, check_file
from daemon.eventlog.segment import PARTIAL, Sealed, SegmentFile
from daemon.eventlog.store import QUERIES, EventLog, Head, LogReader
from projections.envelope import NANOS_PER_SECOND, Nanos, Seq
from projections.moments import moment_text

MANIFEST = "backup.json"
LOG = "log.db"
ARCHIVE = FOLDER
SECRETS = "secrets"
PREFIX = "playhead-"

FORMAT = 2
"""Raised when an older release could not restore what a newer one wrote."""

FORMAT_WITHOUT_ARCHIVE = 1

PAGES_AT_ONCE = -1
"""All: a copy in steps begins anew whenever the daemon writes, and would never end."""

CHUNK_BYTES = 1 << 20
SECRET_FILES_MAX = 10_000


class Kept(msgspec.Struct, frozen=True):
    """A file of a backup, by its path in it."""

    path: str
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `seq` and `hash` are the end of the log."""

    format: int
    version: str
    made_at: str
    seq: Seq
    hash: str
    files: list[Kept]


Progress = Callable[[int], None]


def _silent(_count: int) -> None:
    """Nobody wants to see how far it has come."""


def back_up(
    directory: DataDirectory, target: Path, *, now: Nanos, progress: Progress = _silent
) -> tuple[Path, Manifest]:
    """
    Makes a backup in a folder of its own in `target`. The daemon may be running. `progress` is told
    how many more events were proved.

    Raises:
        StorageError: a disk refused; nothing of the backup is left.
        CorruptLog: the copy does not hold together; nothing of it is left.
    """
    with storage_errors(f"write a backup to {target}"):
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = target / f".{PREFIX}{os.getpid()}.partial"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
    try:
        _copy_log(directory.log, unfinished / LOG)
        _copy_segments(directory, unfinished, before=backups_in(target)[-1:])
        head = prove(unfinished / LOG, progress=progress)
        with storage_errors(f"write a backup to {target}"):
            _copy_rest(directory, unfinished)
            manifest = _manifest(unfinished, head, now)
            _write(unfinished / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
            place = target / _name(now, head.seq)
            _sync_tree(unfinished)
            unfinished.rename(place)
            sync(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return place, manifest


def _name(now: Nanos, seq: Seq) -> str:
    """Names sort by age, and none is given twice: the log only grows."""
    moment = datetime.fromtimestamp(now // NANOS_PER_SECOND, UTC)
    return f"{PREFIX}{moment:%Y%m%dT%H%M%SZ}-{seq}"


def _copy_log(log: Path, copy: Path) -> None:
    """Copies the log as of one moment."""
    source = open_reader(log)
    with storage_errors(f"copy the log to {copy}"):
        copy.touch(mode=0o600)
        target = apsw.Connection(str(copy))
        with target.backup("main", source, "main") as copying:
            copying.step(PAGES_AT_ONCE)
        target.pragma("journal_mode", "delete")  # one file, that can be read where it may not write
        target.close()
    source.close()


def _copy_segments(directory: DataDirectory, target: Path, *, before: list[Path]) -> None:
    """
    Adds the segments that the copied log names. One that a backup `before` this holds unchanged is
    linked to: years of events are not copied again every night.
    """
    reader = LogReader.open(target / LOG)
    segments = reader.archive.segments()
    reader.close()
    for sealed in segments:
        folder = target / ARCHIVE
        with storage_errors(f"write a backup to {target}"):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not any(_linked(each / ARCHIVE, folder, sealed) for each in before):
            source = SegmentFile(directory.archive, sealed)
            with storage_errors(f"copy {source.path} to {folder}"):
                _copy(source.path, folder / sealed.name)


def _linked(kept: Path, folder: Path, sealed: Sealed) -> bool:
    """Whether a segment is there now, as a second name of one that an earlier backup holds."""
    try:
        SegmentFile(kept, sealed).refuse_damage()
        os.link(kept / sealed.name, folder / sealed.name)
    except (SegmentLost, OSError):
        return False
    return True


def prove(log: Path, *, progress: Progress = _silent) -> Head:
    """
    The end of a log in which everything holds.

    Raises:
        CorruptLog: something does not.
    """
    reader = LogReader.open(log)
    try:
        damage = check_file(reader)
        chain = check_chain(reader, progress=progress)
        for finding in [*damage, *chain.findings]:
            where = "" if finding.seq is None else f"event {finding.seq}: "
            raise CorruptLog(f"{log} does not hold: {where}{finding.detail}.")
        return reader.head()
    finally:
        reader.close()


def _copy_rest(directory: DataDirectory, target: Path) -> None:
    if directory.credentials.is_file():
        _copy(directory.credentials, target / directory.credentials.name)
    for file in _files_in(directory.root / SECRETS):
        (target / SECRETS).mkdir(mode=0o700, exist_ok=True)
        _copy(file, target / SECRETS / file.name)


def _files_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        found = sorted(file for file in folder.iterdir() if file.is_file())
        yield from found[:SECRET_FILES_MAX]


def _copy(source: Path, target: Path) -> None:
    _write(target, source.read_bytes())


def _write(path: Path, data: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(data)


def _manifest(folder: Path, head: Head, now: Nanos) -> Manifest:
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    return Manifest(
        format=FORMAT if (folder / ARCHIVE).is_dir() else FORMAT_WITHOUT_ARCHIVE,
        version=__version__,
        made_at=moment_text(now),
        seq=head.seq,
        hash=head.hash.hex(),
        files=[_kept(file, folder) for file in found],
    )


def _kept(file: Path, folder: Path) -> Kept:
    return Kept(str(file.relative_to(folder)), file.stat().st_size, _sha256(file))


def _sha256(file: Path) -> str:
    state = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def _sync_tree(folder: Path) -> None:
    for file in folder.rglob("*"):
        sync(file)
    sync(folder)


def backups_in(folder: Path) -> list[Path]:
    """The finished backups in a folder, the oldest first."""
    if not folder.is_dir():
        return []
    found = folder.glob(f"{PREFIX}*")
    return sorted(each for each in found if (each / MANIFEST).is_file())


def remove_old(folder: Path, *, keep: int) -> list[Path]:
    """
    Removes all but the latest backups of a folder.

    Returns:
        Those that are gone.
    """
    assert keep > 0
    old = backups_in(folder)[:-keep]
    with storage_errors(f"remove old backups from {folder}"):
        for each in old:
            shutil.rmtree(each)
    return old


def read_manifest(backup: Path) -> Manifest:
    """
    What a backup says it holds, having compared every file with it.

    Raises:
        BackupRefused: it is none, or not what it was.
    """
    try:
        manifest = msgspec.json.decode((backup / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        hint = "Name the folder that holds backup.json."
        raise BackupRefused(f"{backup} is no backup.", hint=hint) from error
    if manifest.format > FORMAT:
        message = f"{backup} was made by Playhead {manifest.version}, which this one cannot read."
        raise BackupRefused(message, hint="Restore it with that version, or a newer one.")
    for kept in manifest.files:
        file = backup / kept.path
        if ".." in Path(kept.path).parts or Path(kept.path).is_absolute():
            raise BackupRefused(f"{backup} claims to hold {kept.path}, which lies elsewhere.")
        if not file.is_file() or _kept(file, backup) != kept:
            raise BackupRefused(f"{file} is not what it was when the backup was made.")
    return manifest


def restore(
    backup: Path,
    directory: DataDirectory,
    *,
    until: Callable[[LogReader], Seq] | None = None,
    progress: Progress = _silent,
) -> Head:
    """
    Puts a backup into a data directory that has no log, and proves it. The views are made from it
    at the next start.

    Args:
        backup: the folder of the backup.
        directory: where it shall be; its lock must be held.
        until: the last event to take, asked of the backup's log; without it all are.
        progress: is told how many more events were proved.

    Returns:
        The end of the restored log.

    Raises:
        BackupRefused: it is no good backup, or there is a log in the directory.
        StorageError: a disk refused.
        CorruptLog: the log in it does not hold together.
    """
    manifest = read_manifest(backup)
    refuse_occupied(directory)
    unfinished = directory.root / ".restored.partial"
    with storage_errors(f"restore to {directory.root}"):
        unfinished.unlink(missing_ok=True)
        if until is None:
            _restore_segments(backup, directory, manifest)
            shutil.copyfile(backup / LOG, unfinished)
            unfinished.chmod(0o600)
        else:
            reader = LogReader.open(backup / LOG)
            _copy_prefix(reader, unfinished, until(reader))
    head = prove(unfinished, progress=progress)
    if until is None and (head.seq, head.hash.hex()) != (manifest.seq, manifest.hash):
        raise BackupRefused(f"The log in {backup} ends elsewhere than backup.json says.")
    with storage_errors(f"restore to {directory.root}"):
        for kept in manifest.files:
            target = directory.root / kept.path
            is_of_log = kept.path == LOG or kept.path.startswith(f"{ARCHIVE}/")
            if not is_of_log and not target.exists():
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _copy(backup / kept.path, target)
        sync(unfinished)
        unfinished.rename(directory.log)
        sync(directory.root)
    return head


def _restore_segments(backup: Path, directory: DataDirectory, manifest: Manifest) -> None:
    """Puts the segments where they belong; one that is there already must be the same."""
    for kept in manifest.files:
        if not kept.path.startswith(f"{ARCHIVE}/"):
            continue
        target = directory.root / kept.path
        if target.exists():
            if _kept(target, directory.root) != kept:
                hint = "Restore to an empty directory, or move that file away first."
                raise BackupRefused(f"{target} is there already, and is another.", hint=hint)
            continue
        target.parent.mkdir(mode=0o700, exist_ok=True)
        beside = target.with_name(f".{target.name}{PARTIAL}")
        beside.unlink(missing_ok=True)
        _copy(backup / kept.path, beside)
        sync(beside)
        beside.rename(target)
        sync(target.parent)


def refuse_occupied(directory: DataDirectory) -> None:
    """
    Raises:
        BackupRefused: there is a log already, or there are views of another.
    """
    for file in (directory.log, directory.views):
        if file.exists():
            hint = "Restore to an empty directory, or move that file away first."
            raise BackupRefused(f"{file} is there already.", hint=hint)


def _copy_prefix(reader: LogReader, target: Path, until: Seq) -> None:
    """
    The first events of a log as a log: each hash depends on what came before, so they hold. What
    was archived is in the table again.
    """
    EventLog.create(target).close()
    connection = open_database(target, synchronous="NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(QUERIES["append"], _rows_with_hash(reader, until))
    connection.execute("COMMIT")
    connection.pragma("journal_mode", "delete")
    connection.close()


def _rows_with_hash(reader: LogReader, until: Seq) -> Iterator[tuple[Any, ...]]:
    previous, after = GENESIS_HASH, reader.archive.head().seq
    for page in reader.archive.pages(until=until):
        for row in page:
            previous = chain_hash(previous, row)
            yield (*row, previous)
    parameters = {"after": after, "count_max": max(until - after, 0)}
    yield from reader.connection.execute(QUERIES["scan_with_hash"], parameters)
