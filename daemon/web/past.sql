-- What is asked of the log about its past. Each statement has a query-plan test.

-- name: first
SELECT recorded FROM events ORDER BY seq LIMIT 1;

-- name: last
SELECT recorded FROM events ORDER BY seq DESC LIMIT 1;

-- name: recorded_at
SELECT recorded FROM events WHERE seq = ?;

-- name: activity
SELECT (recorded - :begin) / :step AS bucket, type, count(*)
FROM events WHERE seq > :after AND seq <= :until AND recorded >= :begin
GROUP BY bucket, type;
