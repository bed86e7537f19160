"""
Opening SQLite databases: the settings both files share, and one translation of APSW's exceptions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from daemon.errors import CorruptLog, StorageError
from projections.errors import PlayheadError

BUSY_TIMEOUT_MS = 5_000
"""A reader of another process (the command line) may hold a lock this long before we give up."""

JOURNAL_SIZE_BYTES_MAX = 64 * 1024 * 1024
"""A write-ahead log that grew beyond this under load is cut back at the next checkpoint."""

SYNCHRONOUS_LEVELS = frozenset({"FULL", "NORMAL"})


def open_database(
    path: Path,
    *,
    synchronous: str,
    vfs: str | None = None,
    statements_max: int = 64,
    damage: type[PlayheadError] = CorruptLog,
) -> apsw.Connection:
    """
    A writable connection in WAL mode; the file and its folder are made when missing, readable by
    their owner only.

    Args:
        path: the database file.
        synchronous: FULL when a commit must survive power loss, NORMAL when it may be repeated.
        vfs: name of a registered SQLite VFS that keeps the file elsewhere (tests simulate disks).
        statements_max: prepared statements kept.
        damage: what to raise when the file is damaged.

    Raises:
        StorageError: the file cannot be opened or is no database.
    """
    assert synchronous in SYNCHRONOUS_LEVELS
    with storage_errors(f"open {path}", damage=damage):
        if vfs is None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600, exist_ok=True)
        connection = apsw.Connection(str(path), vfs=vfs, statementcachesize=statements_max)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        _demand_write_ahead_log(connection, path)
        connection.pragma("synchronous", synchronous)
        connection.pragma("journal_size_limit", JOURNAL_SIZE_BYTES_MAX)
        connection.pragma("trusted_schema", 0)
    return connection


def _demand_write_ahead_log(connection: apsw.Connection, path: Path) -> None:
    """SQLite keeps another mode without a word where there is no shared memory, as on NFS."""
    mode = connection.pragma("journal_mode", "wal")
    if mode != "wal":
        connection.close()
        message = f"The file system of {path} cannot hold a write-ahead log (SQLite chose {mode})."
        raise StorageError(message, hint="Keep the data directory on a local disk.")


def open_reader(path: Path, *, vfs: str | None = None, statements_max: int = 64) -> apsw.Connection:
    """
    A read-only connection to an existing database; it may be open in another process.

    Raises:
        StorageError: there is no such file or it is no database.
    """
    with storage_errors(f"read {path}"):
        if vfs is None and not path.is_file():
            hint = "Check --data; `playhead serve` makes the file at its first start."
            raise StorageError(f"There is no database at {path}.", hint=hint)
        flags = apsw.SQLITE_OPEN_READONLY
        connection = apsw.Connection(
            str(path), flags=flags, vfs=vfs, statementcachesize=statements_max
        )
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.pragma("query_only", 1)
        connection.pragma("trusted_schema", 0)
    return connection


@contextmanager
def storage_errors(action: str, *, damage: type[PlayheadError] = CorruptLog) -> Iterator[None]:
    """
    Turns what APSW and the operating system raise into our own errors, naming the action.

    Raises:
        StorageError: the disk refused.
        CorruptLog: the file is damaged; another error if `damage` names it.
    """
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise damage(f"Could not {action}: the file is damaged ({error}).") from error
    except apsw.FullError as error:
        hint = "Free some space on the disk of the data directory; the daemon recovers by itself."
        raise StorageError(f"Could not {action}: the disk is full.", hint=hint) from error
    except (apsw.Error, OSError) as error:
        raise StorageError(f"Could not {action}: {error}.") from error
