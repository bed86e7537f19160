-- What is read of the ancestors' databases. Each statement reads a whole table once, in the order of its key.

-- name: columns
SELECT lower(t.name), lower(c.name)
FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
WHERE t.type = 'table';

-- name: timestampsync_timestamps
SELECT name, seconds, timestamp FROM timestamps ORDER BY id;

-- name: jellyporter_changelog
SELECT c.id, c.server, c.local_id, c.date, c.new_watched_date, c.new_watched_progress,
       c.new_watched_position_ticks, c.new_is_favorite,
       coalesce(m.name, e.series_name || ' ' || e.season_name || ' ' || e.name)
FROM changelog AS c
LEFT JOIN movies AS m ON m.server = c.server AND m.local_id = c.local_id
LEFT JOIN episodes AS e ON e.server = c.server AND e.local_id = c.local_id
ORDER BY c.id;

-- name: jellyfin_db_sync_sync_log
SELECT id, event_type, source_server, target_server, username, item_id, item_name, synced_value,
       success, message, created_at
FROM sync_log ORDER BY id;

-- name: jellyfin_db_sync_pending_events
SELECT id, event_type, source_server, target_server, username, item_id, item_name, event_data,
       created_at, status, retry_count, last_error
FROM pending_events ORDER BY id;

-- name: jellyfin_db_sync_user_mappings
SELECT username, server_name, jellyfin_user_id, updated_at FROM user_mappings ORDER BY id;
