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
