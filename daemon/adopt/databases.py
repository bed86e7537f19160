"""
Reading the ancestors' databases, without changing a byte of them.

A write-ahead log beside a database belongs to it: what was written last may be only there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import apsw
import msgspec

from daemon.adopt.files import is_readable_file
from daemon.adopt.jellyfin_db_sync import LogEntry, PendingRow
from daemon.adopt.jellyporter import Change
from daemon.adopt.people import Mapping
from daemon.adopt.refusal import NotAdoptable
from daemon.adopt.timestampsync import Row
from daemon.sql import load_queries

BUSY_TIMEOUT_MS = 5_000
"""The ancestor may be running and writing."""

HEADER_BYTES = 100
WAL_VERSION_AT = 18
"""The SQLite file format: the byte that is 2 in a database in WAL mode."""

QUERIES = load_queries("daemon.adopt")

SCHEMAS: dict[str, dict[str, frozenset[str]]] = {
    "timestampsync": {"timestamps": frozenset({"id", "name", "seconds", "timestamp"})},
    "jellyporter": {
        "changelog": frozenset(
            {
                "id",
                "server",
                "local_id",
                "date",
                "new_watched_date",
                "new_watched_progress",
                "new_watched_position_ticks",
                "new_is_favorite",
            }
        ),
        "movies": frozenset({"server", "local_id", "name"}),
        "episodes": frozenset({"server", "local_id", "name", "series_name", "season_name"}),
    },
    "jellyfin-db-sync": {
        "user_mappings": frozenset({"username", "server_name", "jellyfin_user_id", "updated_at"}),
        "sync_log": frozenset(
            {
                "id",
                "event_type",
                "source_server",
                "target_server",
                "username",
                "item_id",
                "item_name",
                "synced_value",
                "success",
                "message",
                "created_at",
            }
        ),
        "pending_events": frozenset(
            {
                "id",
                "event_type",
                "source_server",
                "target_server",
                "username",
                "item_id",
                "item_name",
                "event_data",
                "created_at",
                "status",
                "retry_count",
                "last_error",
            }
        ),
    },
}
"""The tables of each ancestor that are read, and their columns."""

T = TypeVar("T", bound=msgspec.Struct)


class Database:
    """An ancestor's database, open for reading. Use `open_database` to get one."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def bookmarks(self) -> Iterator[Row]:
        """TimestampSync's bookmarks."""
        return self._rows("timestampsync_timestamps", Row)

    def changes(self) -> Iterator[Change]:
        """What jellyporter wrote to servers, oldest first."""
        return self._rows("jellyporter_changelog", Change)

    def log_entries(self) -> Iterator[LogEntry]:
        """What jellyfin-db-sync says that it did, oldest first."""
        return self._rows("jellyfin_db_sync_sync_log", LogEntry)

    def pending(self) -> Iterator[PendingRow]:
        """What jellyfin-db-sync has not delivered."""
        return self._rows("jellyfin_db_sync_pending_events", PendingRow)

    def mappings(self) -> Iterator[Mapping]:
        """Under which names jellyfin-db-sync saw which accounts."""
        return self._rows("jellyfin_db_sync_user_mappings", Mapping)

    def columns(self) -> dict[str, set[str]]:
        """The columns of every table."""
        tables: dict[str, set[str]] = {}
        for table, column in self._read("columns"):
            tables.setdefault(table, set()).add(column)
        return tables

    def _rows(self, query: str, kind: type[T]) -> Iterator[T]:
        for row in self._read(query):
            yield kind(*row)

    def _read(self, query: str) -> Iterator[tuple[Any, ...]]:
        with _complaints(self._path):
            yield from self._connection.execute(QUERIES[query])


@contextmanager
def open_database(path: Path, origin: str) -> Iterator[Database]:
    """
    The database of an ancestor.

    Raises:
        NotAdoptable: it is not there, is no SQLite file, cannot be read or is not `origin`'s.
    """
    if not is_readable_file(path):
        raise NotAdoptable(f"There is no database {path}.", hint="Check --database.")
    try:
        connection = _opened(path)
    except OSError as error:
        raise NotAdoptable(f"{path} cannot be read: {error.strerror}.") from error
    try:
        database = Database(connection, path)
        _demand_schema(database, path, origin)
        connection.execute("BEGIN")  # one moment for all tables
        yield database
    finally:
        connection.close()


def _opened(path: Path) -> apsw.Connection:
    """
    SQLite puts files beside a database in WAL mode even for reading, which the ancestor may not be
    able to open later. Where none are, nobody has it open and the file alone is the whole truth.
    """
    try:
        return _connected(path, "immutable=1" if _is_at_rest(path) else "mode=ro")
    except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
        message = f"{path} cannot be read together with what was written beside it."
        hint = "Copy the database with its -wal and -journal files to a folder you may write to."
        raise NotAdoptable(message, hint=hint) from error
    except apsw.Error as error:
        raise _translated(path, error) from error


def _is_at_rest(path: Path) -> bool:
    """Whether a database is in WAL mode and has no write-ahead log."""
    if path.with_name(path.name + "-wal").exists():
        return False
    with path.open("rb") as file:
        return file.read(HEADER_BYTES)[WAL_VERSION_AT : WAL_VERSION_AT + 1] == b"\x02"


def _connected(path: Path, query: str) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"file:{quote(str(path.absolute()))}?{query}", flags=flags)
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.pragma("trusted_schema", 0)
        connection.pragma("query_only", 1)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _complaints(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise _translated(path, error) from error


def _translated(path: Path, error: apsw.Error) -> NotAdoptable:
    if isinstance(error, apsw.NotADBError):
        return NotAdoptable(f"{path} is no SQLite database.", hint="Check --database.")
    if isinstance(error, apsw.CorruptError):
        hint = f"Try to save what there is: sqlite3 {path} .recover | sqlite3 saved.db"
        return NotAdoptable(f"{path} is damaged: {error}.", hint=hint)
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        hint = "Stop the program that writes to it, then run the command again."
        return NotAdoptable(f"{path} is in use: {error}.", hint=hint)
    return NotAdoptable(f"{path} cannot be read: {error}.")


def _demand_schema(database: Database, path: Path, origin: str) -> None:
    columns = database.columns()
    lacking = _lacking(columns, SCHEMAS[origin])
    if not lacking:
        return
    others = [other for other, schema in SCHEMAS.items() if not _lacking(columns, schema)]
    hint = f"It looks like one of {others[0]}'s." if others else "Check --database."
    if not others and len(lacking) < len(SCHEMAS[origin]):
        hint = f"Start the latest {origin} on it once: it completes its tables."
    raise NotAdoptable(f"{path} is no database of {origin}: it lacks {lacking[0]}.", hint=hint)


def _lacking(columns: dict[str, set[str]], schema: dict[str, frozenset[str]]) -> list[str]:
    """What of a schema is not there: at most one complaint per table."""
    complaints = []
    for table, wanted in schema.items():
        missing = sorted(wanted - columns.get(table, set()))
        if table not in columns:
            complaints.append(f"the table {table}")
        elif missing:
            complaints.append(f"the column {missing[0]} of {table}")
    return complaints
