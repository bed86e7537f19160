-- What the metrics of ingest count. Each statement has a query-plan test.

-- name: held
SELECT coalesce(sum(json_extract(row, '$.files_count')), 0), coalesce(sum(json_extract(row, '$.size_bytes')), 0)
FROM media_projects WHERE source = ? AND gone = 0;

-- name: trashed
SELECT count(*) FROM media_trash WHERE source = ?;

-- name: open_uploads
SELECT count(*) FROM media_uploads WHERE expires > 0 AND json_extract(row, '$.closed') IS NULL;

-- name: unmeasured
SELECT count(*) FROM media_files WHERE unmeasured = 1;

-- name: jobs
SELECT count(*) FROM resolve_jobs WHERE state = ?;
