-- The event log: append only; its beginning may leave for the archive. Times are unix nanoseconds.
BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS events (
    seq      INTEGER PRIMARY KEY,              -- without gaps from 1, or from the end of the last segment
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

-- What left the table, and where it went. A row is added in the transaction in which its events leave.
CREATE TABLE IF NOT EXISTS segments (
    name       TEXT    NOT NULL UNIQUE,        -- file in the folder `archive` beside this one
    first      INTEGER NOT NULL,               -- seq of its first event
    last       INTEGER PRIMARY KEY,            -- seq of its last
    previous   BLOB    NOT NULL,               -- hash of the event before the first
    hash       BLOB    NOT NULL,               -- hash of the last
    began      INTEGER NOT NULL,               -- when the log took the first
    recorded   INTEGER NOT NULL,               -- when the log took the last
    earliest   INTEGER NOT NULL,               -- the smallest `recorded` in it: clocks are set back
    digest     BLOB    NOT NULL,               -- SHA-256 of the file's first line, which covers the rest
    size_bytes INTEGER NOT NULL
) STRICT;

-- Ids are for ever: an event that comes again is known, wherever it is.
CREATE TABLE IF NOT EXISTS archived_ids (
    id    BLOB    PRIMARY KEY,
    seq   INTEGER NOT NULL,
    actor TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;

-- Earlier releases let nothing leave; this one only what is in a segment and known by its id.
DROP TRIGGER IF EXISTS events_are_never_removed;

CREATE TRIGGER IF NOT EXISTS only_sealed_events_leave BEFORE DELETE ON events
WHEN OLD.seq > coalesce((SELECT max(last) FROM segments), 0)
  OR NOT EXISTS (SELECT 1 FROM archived_ids WHERE id = OLD.id AND seq = OLD.seq AND actor = OLD.actor)
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;

-- A segment is the beginning of what is in the table, to an event whose hash it names; never all of it.
CREATE TRIGGER IF NOT EXISTS segments_continue_each_other BEFORE INSERT ON segments
WHEN NEW.first <> 1 + coalesce((SELECT max(last) FROM segments), 0)
  OR NEW.last < NEW.first
  OR NEW.hash IS NOT (SELECT hash FROM events WHERE seq = NEW.last)
  OR NOT EXISTS (SELECT 1 FROM events WHERE seq > NEW.last)
BEGIN SELECT RAISE(ABORT, 'only the beginning of the event log can be sealed'); END;

CREATE TRIGGER IF NOT EXISTS segments_are_never_changed BEFORE UPDATE ON segments
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;

CREATE TRIGGER IF NOT EXISTS segments_are_never_removed BEFORE DELETE ON segments
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;

CREATE TRIGGER IF NOT EXISTS archived_ids_are_those_of_events BEFORE INSERT ON archived_ids
WHEN NOT EXISTS (SELECT 1 FROM events WHERE id = NEW.id AND seq = NEW.seq AND actor = NEW.actor)
BEGIN SELECT RAISE(ABORT, 'only events of the log have ids in its archive'); END;

CREATE TRIGGER IF NOT EXISTS archived_ids_are_never_changed BEFORE UPDATE ON archived_ids
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;

CREATE TRIGGER IF NOT EXISTS archived_ids_are_never_removed BEFORE DELETE ON archived_ids
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END;

COMMIT;
