-- Named statements over the views. Each selects whole rows and has a query-plan test.
-- Tables are made from the projections' declarations: key, the declared columns, row (JSON).
-- A key is JSON too, ["source","project","path"] for one: the files of a project are one stretch of keys.

-- name: positions_by_name
SELECT row FROM positions WHERE user = ? AND name = ? ORDER BY key LIMIT ?;

-- name: positions_by_fingerprint
SELECT row FROM positions WHERE user = ? AND fingerprint = ? ORDER BY key LIMIT ?;

-- name: positions_before
SELECT row FROM positions WHERE at < ? ORDER BY at LIMIT ?;

-- name: positions_latest
SELECT row FROM positions WHERE user = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: timestamps_of_user
SELECT row FROM timestamps WHERE user = ? AND id > ? ORDER BY id LIMIT ?;

-- name: timestamps_by_id
SELECT row FROM timestamps WHERE user = ? AND id = ? ORDER BY key LIMIT ?;

-- name: timestamps_of_media
SELECT row FROM timestamps WHERE user = ? AND media = ? ORDER BY key LIMIT ?;

-- name: sessions_of_media
SELECT row FROM sessions WHERE user = ? AND media = ? AND first_seq < ? ORDER BY first_seq DESC LIMIT ?;

-- name: summary_of_days
SELECT row FROM summary WHERE day >= ? AND day <= ? ORDER BY day, type, source LIMIT ?;

-- name: people
SELECT row FROM people ORDER BY key LIMIT ?;

-- name: items_of_server
SELECT row FROM items WHERE server = ? AND gone = 0 AND item_id > ? ORDER BY item_id LIMIT ?;

-- name: items_of_media
SELECT row FROM items WHERE media = ? ORDER BY key LIMIT ?;

-- name: items_by_name
SELECT row FROM items WHERE name = ? ORDER BY key LIMIT ?;

-- name: items_with_beginning
SELECT row FROM items WHERE name >= ? AND name < ? ORDER BY name LIMIT ?;

-- name: items_ambiguous
SELECT row FROM items WHERE ambiguous = 1 ORDER BY key LIMIT ?;

-- name: titles_of_user
SELECT row FROM titles WHERE user = ? AND changed < ? ORDER BY changed DESC LIMIT ?;

-- name: titles_of_media
SELECT row FROM titles WHERE media = ? ORDER BY key LIMIT ?;

-- name: pokes_of_server
SELECT row FROM pokes WHERE server = ? ORDER BY first LIMIT ?;

-- name: deliveries_due
SELECT row FROM deliveries WHERE target = ? AND status = ? AND due_ns <= ? ORDER BY due_ns LIMIT ?;

-- name: deliveries_after
SELECT row FROM deliveries WHERE target = ? AND status = ? AND due_ns > ? ORDER BY due_ns LIMIT ?;

-- name: deliveries_held
SELECT row FROM deliveries WHERE target = ? AND held = 1 AND due_ns > ? ORDER BY due_ns LIMIT ?;

-- name: deliveries_with_status
SELECT row FROM deliveries WHERE status = ? AND seq > ? ORDER BY seq LIMIT ?;

-- name: delivery_of_plan
SELECT row FROM deliveries WHERE seq = ? LIMIT 1;

-- name: sources
SELECT row FROM media_sources ORDER BY key LIMIT ?;

-- name: projects_of_source
SELECT row FROM media_projects WHERE source = ? AND gone = 0 AND project > ? ORDER BY project LIMIT ?;

-- name: media_of_content
SELECT row FROM media_files WHERE sha256 = ? ORDER BY key LIMIT ?;

-- name: media_of_project
SELECT row FROM media_files
WHERE key > CASE ?3 WHEN '' THEN rtrim(json_array(?1, ?2), ']') || ',' ELSE json_array(?1, ?2, ?3) END
  AND key < rtrim(json_array(?1, ?2), ']') || '-'
ORDER BY key LIMIT ?4;

-- name: media_unmeasured
SELECT row FROM media_files WHERE unmeasured = 1 AND key > ? ORDER BY key LIMIT ?;

-- name: trash_of_source
SELECT row FROM media_trash WHERE source = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: trash_before
SELECT row FROM media_trash WHERE deleted < ? ORDER BY deleted LIMIT ?;

-- name: uploads_expired
SELECT row FROM media_uploads WHERE expires < ? ORDER BY expires LIMIT ?;

-- name: items_of_batch
SELECT row FROM media_batch_items WHERE batch = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: media_of_contents
SELECT row FROM media_files WHERE sha256 IN (SELECT value FROM json_each(?)) LIMIT ?;

-- name: filings_by_path
SELECT row FROM filings WHERE undone = 0 AND path = ? ORDER BY seq DESC LIMIT ?;

-- name: filings_beneath
SELECT row FROM filings WHERE undone = 0 AND path >= ? AND path < ? ORDER BY path LIMIT ?;

-- name: filings_latest
SELECT row FROM filings WHERE seq < ? ORDER BY seq DESC LIMIT ?;

-- name: filings_of_organizer
SELECT row FROM filings WHERE organizer = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: jobs_with_state
SELECT row FROM resolve_jobs WHERE state = ? AND seq > ? ORDER BY seq LIMIT ?;

-- name: positions_users
WITH RECURSIVE names (user) AS (
  SELECT min(user) FROM positions
  UNION ALL SELECT (SELECT min(user) FROM positions WHERE user > names.user) FROM names WHERE names.user IS NOT NULL
)
SELECT (SELECT row FROM positions WHERE positions.user = names.user LIMIT 1) FROM names WHERE names.user IS NOT NULL LIMIT ?;

-- name: titles_users
WITH RECURSIVE names (user) AS (
  SELECT min(user) FROM titles
  UNION ALL SELECT (SELECT min(user) FROM titles WHERE user > names.user) FROM names WHERE names.user IS NOT NULL
)
SELECT (SELECT row FROM titles WHERE titles.user = names.user LIMIT 1) FROM names WHERE names.user IS NOT NULL LIMIT ?;

-- name: jobs_due
SELECT row FROM resolve_jobs WHERE state = ? AND +due <= ? ORDER BY seq LIMIT ?;

-- name: jobs_overdue
SELECT row FROM resolve_jobs WHERE state = ? AND due <= ? ORDER BY due LIMIT ?;

-- name: job_with_key
SELECT row FROM resolve_jobs WHERE asked = ? LIMIT 1;

-- name: jobs_latest
SELECT row FROM resolve_jobs WHERE seq < ? ORDER BY seq DESC LIMIT ?;

-- name: jobs_latest_with_state
SELECT row FROM resolve_jobs WHERE state = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: markers_latest
SELECT row FROM markers WHERE seq < ? ORDER BY seq DESC LIMIT ?;

-- name: markers_of_content
SELECT row FROM markers WHERE sha256 = ? ORDER BY seq LIMIT ?;

-- name: markers_of_path
SELECT row FROM markers WHERE path = ? ORDER BY seq LIMIT ?;

-- name: projects_ever_of_source
SELECT row FROM media_projects WHERE source = ? LIMIT ?;
