-- Named statements over the views. Each selects whole rows and has a query-plan test.
-- Tables are made from the projections' declarations: key, the declared columns, row (JSON).

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

-- name: deliveries_with_status
SELECT row FROM deliveries WHERE status = ? AND seq > ? ORDER BY seq LIMIT ?;

-- name: delivery_of_plan
SELECT row FROM deliveries WHERE seq = ? LIMIT 1;
