-- The library over HTTP: pages of files by what somebody looks for. Each statement has a query-plan test.
-- {column} is the sort column, {past} the comparison with the last row of the page before, {order} the direction.

-- name: library_page
SELECT row, {column}, key FROM media_files WHERE gone = 0
  AND source IN (SELECT value FROM json_each(:sources))
  AND (:project IS NULL OR project = :project)
  AND (:kind IS NULL OR kind = :kind)
  AND (:origin IS NULL OR origin = :origin)
  AND (:since IS NULL OR created >= :since)
  AND (:until IS NULL OR created < :until)
  AND NOT EXISTS (SELECT 1 FROM json_each(:tags) WHERE instr(tags, char(10) || value || char(10)) = 0)
  AND NOT EXISTS (SELECT 1 FROM json_each(:words) WHERE instr(name, value) = 0 AND instr(tags, value) = 0)
  AND (:key IS NULL OR ({column}, key) {past} (:value, :key))
ORDER BY {column} {order}, key {order} LIMIT :limit;

-- name: library_count
SELECT count(*) FROM media_files WHERE gone = 0
  AND source IN (SELECT value FROM json_each(:sources))
  AND (:project IS NULL OR project = :project)
  AND (:kind IS NULL OR kind = :kind)
  AND (:origin IS NULL OR origin = :origin)
  AND (:since IS NULL OR created >= :since)
  AND (:until IS NULL OR created < :until)
  AND NOT EXISTS (SELECT 1 FROM json_each(:tags) WHERE instr(tags, char(10) || value || char(10)) = 0)
  AND NOT EXISTS (SELECT 1 FROM json_each(:words) WHERE instr(name, value) = 0 AND instr(tags, value) = 0);

-- name: library_tags
SELECT value, count(*) FROM media_files, json_each(row, '$.file.tags') WHERE gone = 0 AND tags > ''
  AND source IN (SELECT value FROM json_each(:sources))
  AND (:project IS NULL OR project = :project)
GROUP BY value ORDER BY value LIMIT :limit;
