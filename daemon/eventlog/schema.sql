-- The event log: one table, append only. Times are unix nanoseconds.
CREATE TABLE IF NOT EXISTS events (
    seq      INTEGER PRIMARY KEY,              -- 1, 2, 3, ... without gaps
    id       BLOB    NOT NULL UNIQUE,          -- 16 bytes; a producer's own id makes an append idempotent
    at       INTEGER NOT NULL,                 -- when it happened
    recorded INTEGER NOT NULL,                 -- when the log took it
    type     TEXT    NOT NULL,                 -- name, with .2, .3, ... from the second version on
    source   TEXT    NOT NULL,                 -- the adapter it came through
    actor    TEXT    NOT NULL,                 -- who asked
    cause    INTEGER,                          -- seq of the event that brought this one about
    data     BLOB    NOT NULL,                 -- msgpack map of the event's fields
    hash     BLOB    NOT NULL                  -- SHA-256 over the previous hash and all of the above
) STRICT;

CREATE INDEX IF NOT EXISTS events_by_type ON events (type, seq);

CREATE TRIGGER IF NOT EXISTS events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;

CREATE TRIGGER IF NOT EXISTS events_are_never_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;
