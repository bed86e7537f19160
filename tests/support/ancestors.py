"""
Files as the ancestors leave them behind: databases with their schema, made by SQLite itself.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import apsw

TIMESTAMPSYNC = """
CREATE TABLE timestamps (
    id INTEGER PRIMARY KEY,
    name text NOT NULL,
    seconds INTEGER NOT NULL,
    timestamp DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"""

JELLYPORTER = """
CREATE TABLE movies (
    id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, local_id TEXT NOT NULL,
    name TEXT NOT NULL, imdb_id INTEGER, tmdb_id INTEGER, runtime INTEGER NOT NULL,
    watched_date INTEGER NOT NULL, watched_progress FLOAT NOT NULL,
    watched_position_ticks INTEGER NOT NULL, is_favorite BOOL NOT NULL,
    last_seen INTEGER NOT NULL, UNIQUE (server, local_id)
);
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, local_id TEXT NOT NULL,
    name TEXT NOT NULL, series_name TEXT NOT NULL, season_name TEXT NOT NULL, imdb_id INTEGER,
    tmdb_id INTEGER, tvdb_id INTEGER, runtime INTEGER NOT NULL, watched_date INTEGER NOT NULL,
    watched_progress REAL NOT NULL, watched_position_ticks INTEGER NOT NULL,
    is_favorite BOOL NOT NULL, last_seen INTEGER NOT NULL, UNIQUE (server, local_id)
);
CREATE TABLE changelog (
    id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, local_id TEXT NOT NULL,
    date INTEGER NOT NULL, new_watched_date INTEGER NOT NULL, new_watched_progress REAL NOT NULL,
    new_watched_position_ticks INTEGER NOT NULL, new_is_favorite BOOL NOT NULL
);
CREATE TABLE state (
    id INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, type TEXT NOT NULL,
    last_sync INTEGER NOT NULL CHECK (last_sync > 0), UNIQUE (server, type)
);
CREATE TABLE schema_version (version INTEGER NOT NULL);
"""

JELLYFIN_DB_SYNC = """
CREATE TABLE user_mappings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, server_name TEXT NOT NULL,
    jellyfin_user_id TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, UNIQUE (username, server_name)
);
CREATE TABLE sync_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_type TEXT NOT NULL, source_server TEXT NOT NULL,
    target_server TEXT NOT NULL, username TEXT NOT NULL, item_id TEXT, item_name TEXT,
    synced_value TEXT, success BOOLEAN NOT NULL, message TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE pending_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_type TEXT NOT NULL, source_server TEXT NOT NULL,
    target_server TEXT NOT NULL, username TEXT NOT NULL, user_id TEXT NOT NULL,
    item_id TEXT NOT NULL, item_name TEXT NOT NULL, item_path TEXT, provider_imdb TEXT,
    provider_tmdb TEXT, provider_tvdb TEXT, event_data TEXT NOT NULL DEFAULT '{}',
    status TEXT NOT NULL DEFAULT 'pending', retry_count INTEGER NOT NULL DEFAULT 0,
    max_retries INTEGER NOT NULL DEFAULT 5, last_error TEXT,
    item_not_found_count INTEGER NOT NULL DEFAULT 0,
    item_not_found_max INTEGER NOT NULL DEFAULT 0, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, next_retry_at TIMESTAMP
);
CREATE TABLE item_path_cache (
    id INTEGER PRIMARY KEY AUTOINCREMENT, server_name TEXT NOT NULL, item_path TEXT NOT NULL,
    item_id TEXT NOT NULL, item_name TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, UNIQUE (server_name, item_path)
);
"""


def made(
    path: Path, schema: str, rows: Iterable[tuple[str, Sequence[object]]] = (), *, wal: bool = False
) -> apsw.Connection:
    """
    A database with this schema and rows, each a statement with its values; still open, so that in
    WAL mode what was written last is only in the write-ahead log.
    """
    connection = apsw.Connection(str(path))
    if wal:
        connection.pragma("journal_mode", "wal")
        connection.wal_autocheckpoint(0)
    connection.execute(schema)
    for statement, values in rows:
        connection.execute(statement, tuple(values))
    return connection


BOOKMARK = "INSERT INTO timestamps VALUES (?, ?, ?, ?)"

MOVIE = (
    "INSERT INTO movies (server, local_id, name, runtime, watched_date, watched_progress,"
    " watched_position_ticks, is_favorite, last_seen) VALUES (?, ?, ?, 1, 1, 0.1, 0, 0, 1)"
)
EPISODE = (
    "INSERT INTO episodes (server, local_id, name, series_name, season_name, runtime,"
    " watched_date, watched_progress, watched_position_ticks, is_favorite, last_seen)"
    " VALUES (?, ?, ?, ?, ?, 1, 1, 0.1, 0, 0, 1)"
)
CHANGE = (
    "INSERT INTO changelog (server, local_id, date, new_watched_date, new_watched_progress,"
    " new_watched_position_ticks, new_is_favorite) VALUES (?, ?, ?, ?, ?, ?, ?)"
)

MAPPING = (
    "INSERT INTO user_mappings (username, server_name, jellyfin_user_id, updated_at)"
    " VALUES (?, ?, ?, ?)"
)
LOG_ENTRY = (
    "INSERT INTO sync_log (event_type, source_server, target_server, username, item_id, item_name,"
    " synced_value, success, message, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PENDING = (
    "INSERT INTO pending_events (event_type, source_server, target_server, username, user_id,"
    " item_id, item_name, event_data, status, retry_count, last_error, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
