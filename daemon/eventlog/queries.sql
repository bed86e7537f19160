-- Named statements of the event log. Each has a query-plan test.

-- name: append
INSERT INTO events (seq, id, at, recorded, type, source, actor, cause, data, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: head
SELECT seq, hash, recorded FROM events ORDER BY seq DESC LIMIT 1;

-- name: seq_of_id
SELECT seq, actor FROM events WHERE id = ?;

-- name: seqs_of_ids
SELECT id, seq, actor FROM events WHERE id IN (SELECT unhex(value) FROM json_each(?));

-- name: hash_at
SELECT hash FROM events WHERE seq = ?;

-- name: scan
SELECT seq, id, at, recorded, type, source, actor, cause, data
FROM events WHERE seq > :after AND seq <= :until ORDER BY seq LIMIT :count_max;

-- name: scan_with_hash
SELECT seq, id, at, recorded, type, source, actor, cause, data, hash
FROM events WHERE seq > :after ORDER BY seq LIMIT :count_max;

-- name: last_recorded_until
SELECT seq FROM events WHERE seq <= :until AND recorded <= :moment ORDER BY seq DESC LIMIT 1;

-- name: filtered
SELECT seq, id, at, recorded, type, source, actor, cause, data
FROM events
WHERE seq > :after AND seq <= :until
  AND (:source IS NULL OR source = :source) AND (:actor IS NULL OR actor = :actor)
  AND (:since IS NULL OR recorded >= :since) AND (:before IS NULL OR recorded < :before)
ORDER BY seq LIMIT :count_max;

-- name: filtered_backwards
SELECT seq, id, at, recorded, type, source, actor, cause, data
FROM events
WHERE seq > :after AND seq <= :until
  AND (:source IS NULL OR source = :source) AND (:actor IS NULL OR actor = :actor)
  AND (:since IS NULL OR recorded >= :since) AND (:before IS NULL OR recorded < :before)
ORDER BY seq DESC LIMIT :count_max;

-- name: filtered_by_type
SELECT seq, id, at, recorded, type, source, actor, cause, data
FROM events
WHERE type = :type AND seq > :after AND seq <= :until
  AND (:source IS NULL OR source = :source) AND (:actor IS NULL OR actor = :actor)
  AND (:since IS NULL OR recorded >= :since) AND (:before IS NULL OR recorded < :before)
ORDER BY seq LIMIT :count_max;

-- name: filtered_by_type_backwards
SELECT seq, id, at, recorded, type, source, actor, cause, data
FROM events
WHERE type = :type AND seq > :after AND seq <= :until
  AND (:source IS NULL OR source = :source) AND (:actor IS NULL OR actor = :actor)
  AND (:since IS NULL OR recorded >= :since) AND (:before IS NULL OR recorded < :before)
ORDER BY seq DESC LIMIT :count_max;

-- name: has_archive
SELECT 1 FROM sqlite_schema WHERE name = 'segments';

-- name: segments
SELECT name, first, last, previous, hash, began, recorded, earliest, digest, size_bytes
FROM segments ORDER BY last;

-- name: segment_holding
SELECT name, first, last, previous, hash, began, recorded, earliest, digest, size_bytes
FROM segments WHERE last >= ? ORDER BY last LIMIT 1;

-- name: first_segment
SELECT name, first, last, previous, hash, began, recorded, earliest, digest, size_bytes
FROM segments ORDER BY last LIMIT 1;

-- name: last_segment
SELECT name, first, last, previous, hash, began, recorded, earliest, digest, size_bytes
FROM segments ORDER BY last DESC LIMIT 1;

-- name: archived_seqs_of_ids
SELECT id, seq, actor FROM archived_ids WHERE id IN (SELECT unhex(value) FROM json_each(?));

-- name: first_recorded_from
SELECT seq FROM events WHERE recorded >= ? ORDER BY seq LIMIT 1;

-- name: recorded_at
SELECT recorded FROM events WHERE seq = ?;

-- name: first_recorded
SELECT recorded FROM events ORDER BY seq LIMIT 1;

-- name: add_segment
INSERT INTO segments (name, first, last, previous, hash, began, recorded, earliest, digest, size_bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: keep_ids
INSERT INTO archived_ids (id, seq, actor)
SELECT id, seq, actor FROM events WHERE seq <= ? ORDER BY +id;

-- name: let_leave
DELETE FROM events WHERE seq <= ?;
