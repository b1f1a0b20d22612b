-- What a listing shows. `found` are all that fit, `mark` is the task that the page begins behind.
-- name: ascending
WITH found (seq, place) AS (
    SELECT t.seq, CASE :sort WHEN 'priority' THEN t.priority WHEN 'updated' THEN t.updated_at
        WHEN 'title' THEN lower(t.title) ELSE t.seq END AS place
    FROM tasks t
    WHERE (:states IS NULL OR t.status IN (SELECT value FROM json_each(:states))
            OR t.state IN (SELECT value FROM json_each(:states)))
        AND (:states IS NULL OR t.children = 0 OR t.status IN ('completed', 'cancelled'))
        AND (:assignee IS NULL OR t.assignee = :assignee)
        AND (:plan_id IS NULL OR t.plan_id = :plan_id)
        AND (:label IS NULL OR EXISTS (SELECT 1 FROM json_each(t.labels) WHERE value = :label))
        AND (:skill IS NULL OR EXISTS (SELECT 1 FROM json_each(t.skills) WHERE value = :skill))
        AND (:text IS NULL OR t.title LIKE :text ESCAPE '\' OR t.description LIKE :text ESCAPE '\')
        AND (:stale IS NULL OR t.updated_at < :stale)
),
mark (seq, place) AS (
    SELECT t.seq, CASE :sort WHEN 'priority' THEN t.priority WHEN 'updated' THEN t.updated_at
        WHEN 'title' THEN lower(t.title) ELSE t.seq END AS place
    FROM tasks t WHERE t.id = :after
)
SELECT t.*, (SELECT count(*) FROM found) AS total,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM found CROSS JOIN tasks t ON t.seq = found.seq
WHERE :after IS NULL OR (found.place, found.seq) > (SELECT place, seq FROM mark)
ORDER BY found.place, found.seq LIMIT :limit

-- The same the other way round.
-- name: descending
WITH found (seq, place) AS (
    SELECT t.seq, CASE :sort WHEN 'priority' THEN t.priority WHEN 'updated' THEN t.updated_at
        WHEN 'title' THEN lower(t.title) ELSE t.seq END AS place
    FROM tasks t
    WHERE (:states IS NULL OR t.status IN (SELECT value FROM json_each(:states))
            OR t.state IN (SELECT value FROM json_each(:states)))
        AND (:states IS NULL OR t.children = 0 OR t.status IN ('completed', 'cancelled'))
        AND (:assignee IS NULL OR t.assignee = :assignee)
        AND (:plan_id IS NULL OR t.plan_id = :plan_id)
        AND (:label IS NULL OR EXISTS (SELECT 1 FROM json_each(t.labels) WHERE value = :label))
        AND (:skill IS NULL OR EXISTS (SELECT 1 FROM json_each(t.skills) WHERE value = :skill))
        AND (:text IS NULL OR t.title LIKE :text ESCAPE '\' OR t.description LIKE :text ESCAPE '\')
        AND (:stale IS NULL OR t.updated_at < :stale)
),
mark (seq, place) AS (
    SELECT t.seq, CASE :sort WHEN 'priority' THEN t.priority WHEN 'updated' THEN t.updated_at
        WHEN 'title' THEN lower(t.title) ELSE t.seq END AS place
    FROM tasks t WHERE t.id = :after
)
SELECT t.*, (SELECT count(*) FROM found) AS total,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM found CROSS JOIN tasks t ON t.seq = found.seq
WHERE :after IS NULL OR (found.place, found.seq) < (SELECT place, seq FROM mark)
ORDER BY found.place DESC, found.seq DESC LIMIT :limit

-- The tasks that hold all the words, with those around the first of them; of a very long one the
-- title, because snippet() takes the square of how often a word is there.
-- name: search
SELECT t.*, '[]' AS links, CASE WHEN length(t.description) > 100000 THEN t.title
        ELSE snippet(task_words, -1, '[', ']', '…', 12) END AS around,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends
FROM task_words w CROSS JOIN tasks t ON t.seq = w.rowid
WHERE task_words MATCH :words ORDER BY bm25(task_words, 8, 8, 1, 2, 4), t.seq LIMIT :limit

-- name: search_total
SELECT count(*) AS total FROM task_words WHERE task_words MATCH :words
