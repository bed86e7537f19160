"""
Opening SQLite databases: the settings both files share, and one translation of APSW's exceptions.
"""

from pathlib import Path
from types import TracebackType

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


class storage_errors:  # noqa: N801 - used like contextlib's lower-case context managers
    """
    Turns what APSW and the operating system raise inside into our own errors, naming the action.

    A class, because the writer enters it for every statement and a generator costs four times as
    much.

    Raises:
        StorageError: the disk refused.
        CorruptLog: the file is damaged; another error if `damage` names it.
    """

    __slots__ = ("_action", "_damage")

    def __init__(self, action: str, *, damage: type[PlayheadError] = CorruptLog) -> None:
        self._action = action
        self._damage = damage

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, apsw.Error | OSError):
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> PlayheadError:
        if isinstance(error, apsw.CorruptError | apsw.NotADBError):
            return self._damage(f"Could not {self._action}: the file is damaged ({error}).")
        if isinstance(error, apsw.FullError):
            hint = "Free some space on the disk of the data directory; the daemon recovers itself."
            return StorageError(f"Could not {self._action}: the disk is full.", hint=hint)
        return StorageError(f"Could not {self._action}: {error}.")
