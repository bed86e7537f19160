-- What is asked of the log about its past. Each statement has a query-plan test.

-- name: activity
SELECT (recorded - :begin) / :step AS bucket, type, count(*)
FROM events WHERE seq > :after AND seq <= :until AND recorded >= :begin
GROUP BY bucket, type;
