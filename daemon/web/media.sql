-- The files of one project, and the trash, over HTTP. Each statement has a query-plan test.
-- A key is JSON, ["source","project","path"]: the files of a project are one stretch of keys.

-- name: files_of_project
SELECT row FROM media_files WHERE +gone = 0
  AND key > rtrim(json_array(:source, :project), ']') || ','
  AND key < rtrim(json_array(:source, :project), ']') || '-'
ORDER BY key LIMIT :limit;

-- name: contents_of_project
SELECT DISTINCT sha256 FROM media_files WHERE +gone = 0
  AND key > rtrim(json_array(:source, :project), ']') || ','
  AND key < rtrim(json_array(:source, :project), ']') || '-'
LIMIT :limit;

-- name: inventory_page
SELECT row FROM media_files WHERE +gone = 0
  AND key > rtrim(json_array(:source, :project), ']') || ','
  AND key < rtrim(json_array(:source, :project), ']') || '-'
  AND (:origins = '[]' OR coalesce(nullif(origin, ''), 'unknown') IN (SELECT value FROM json_each(:origins)))
  AND (:since IS NULL OR created >= :since)
  AND (:until IS NULL OR created <= :until)
ORDER BY created, sha256, key LIMIT :limit OFFSET :offset;

-- name: inventory_count
SELECT count(*) FROM media_files WHERE +gone = 0
  AND key > rtrim(json_array(:source, :project), ']') || ','
  AND key < rtrim(json_array(:source, :project), ']') || '-'
  AND (:origins = '[]' OR coalesce(nullif(origin, ''), 'unknown') IN (SELECT value FROM json_each(:origins)))
  AND (:since IS NULL OR created >= :since)
  AND (:until IS NULL OR created <= :until);

-- name: trash_page
SELECT row, deleted, key FROM media_trash WHERE (:source IS NULL OR source = :source)
  AND (:key IS NULL OR (deleted, key) < (:deleted, :key))
ORDER BY deleted DESC, key DESC LIMIT :limit;
