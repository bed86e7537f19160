-- What the status interface counts in the views. Each statement has a query-plan test.

-- name: deliveries_of_target
SELECT count(*) FROM deliveries WHERE target = ? AND status = ?;

-- name: deliveries_put_off
SELECT count(*) FROM deliveries WHERE target = ? AND status = ? AND due_ns > ?;

-- name: deliveries_in_all
SELECT count(*) FROM deliveries WHERE status = ?;

-- name: items_there
SELECT count(*) FROM items WHERE server = ? AND gone = 0;

-- name: pokes_open
SELECT count(*) FROM pokes WHERE server = ?;

-- name: days_with_type
SELECT row FROM summary WHERE day >= ? AND day <= ? AND type = ? ORDER BY day;

-- name: titles_before
SELECT row FROM titles WHERE user = ? AND (changed, key) < (?, ?) ORDER BY changed DESC, key DESC LIMIT ?;
