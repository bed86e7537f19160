-- The library over HTTP: pages of files by what somebody looks for. Each statement has a query-plan test.
-- {column} is the sort column, {past} the comparison with the last row of the page before, {order} the direction.
-- {gone} is the column or, with a + before it, no reason to use an index: reading all rows in their own order is twenty
-- times as fast as looking each up, unless the first few by date are enough.
-- Words and tags are parameters of their own: a list of them would be opened for every row.

-- name: library_page
SELECT row, {column}, key FROM media_files WHERE {gone} = 0
  AND source IN (SELECT value FROM json_each(:sources))
  AND (:project IS NULL OR project = :project)
  AND (:kind IS NULL OR kind = :kind)
  AND (:origin IS NULL OR origin = :origin)
  AND (:since IS NULL OR created >= :since)
  AND (:until IS NULL OR created < :until)
  AND (:tag1 IS NULL OR (
    instr(tags, :tag1) AND (:tag2 IS NULL OR instr(tags, :tag2))
    AND (:tag3 IS NULL OR instr(tags, :tag3)) AND (:tag4 IS NULL OR instr(tags, :tag4))
  ))
  AND (:word1 IS NULL OR (
    (instr(name, :word1) OR instr(tags, :word1))
    AND (:word2 IS NULL OR instr(name, :word2) OR instr(tags, :word2))
    AND (:word3 IS NULL OR instr(name, :word3) OR instr(tags, :word3))
    AND (:word4 IS NULL OR instr(name, :word4) OR instr(tags, :word4))
    AND (:word5 IS NULL OR instr(name, :word5) OR instr(tags, :word5))
    AND (:word6 IS NULL OR instr(name, :word6) OR instr(tags, :word6))
  ))
  AND (:key IS NULL OR ({column}, key) {past} (:value, :key))
ORDER BY {column} {order}, key {order} LIMIT :limit;

-- name: library_count
SELECT count(*) FROM media_files WHERE +gone = 0
  AND source IN (SELECT value FROM json_each(:sources))
  AND (:project IS NULL OR project = :project)
  AND (:kind IS NULL OR kind = :kind)
  AND (:origin IS NULL OR origin = :origin)
  AND (:since IS NULL OR created >= :since)
  AND (:until IS NULL OR created < :until)
  AND (:tag1 IS NULL OR (
    instr(tags, :tag1) AND (:tag2 IS NULL OR instr(tags, :tag2))
    AND (:tag3 IS NULL OR instr(tags, :tag3)) AND (:tag4 IS NULL OR instr(tags, :tag4))
  ))
  AND (:word1 IS NULL OR (
    (instr(name, :word1) OR instr(tags, :word1))
    AND (:word2 IS NULL OR instr(name, :word2) OR instr(tags, :word2))
    AND (:word3 IS NULL OR instr(name, :word3) OR instr(tags, :word3))
    AND (:word4 IS NULL OR instr(name, :word4) OR instr(tags, :word4))
    AND (:word5 IS NULL OR instr(name, :word5) OR instr(tags, :word5))
    AND (:word6 IS NULL OR instr(name, :word6) OR instr(tags, :word6))
  ));

-- name: library_held
SELECT coalesce(sum(json_extract(row, '$.files_count')), 0) FROM media_projects WHERE gone = 0
  AND source IN (SELECT value FROM json_each(:sources))
  AND (:project IS NULL OR project = :project);

-- name: library_tags
SELECT value, count(*) FROM media_files, json_each(row, '$.file.tags') WHERE gone = 0 AND tags > ''
  AND source IN (SELECT value FROM json_each(:sources))
  AND (:project IS NULL OR project = :project)
GROUP BY value ORDER BY value LIMIT :limit;
