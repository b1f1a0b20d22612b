-- A task that waits already keeps its place.
-- name: queue
INSERT INTO landing (task_id, base) VALUES (:task_id, :base)
ON CONFLICT (task_id) DO UPDATE SET base = :base WHERE base <> :base

-- name: leave
DELETE FROM landing WHERE task_id = :task_id

-- name: waits
SELECT 1 AS found FROM landing WHERE task_id = :task_id

-- The first of those that wait for a base, as far as they are finished.
-- name: next
SELECT t.*, '[]' AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM landing l JOIN tasks t ON t.id = l.task_id
WHERE l.base = :base AND t.status = 'completed' AND t.commit_id IS NOT NULL
    AND t.branch IS NOT NULL
ORDER BY l.seq LIMIT :limit

-- What was said last of merging the task, or of a pull request for it.
-- name: said
SELECT * FROM events
WHERE task_id = :task_id AND kind IN ('integration.merged', 'integration.refused',
    'integration.conflict', 'integration.requested')
ORDER BY seq DESC LIMIT 1

-- The task that was made of that conflict, if one was.
-- name: conflict_task
SELECT json_extract(e.data, '$.task') AS id, coalesce(t.status, 'deleted') AS status
FROM events e LEFT JOIN tasks t ON t.id = json_extract(e.data, '$.task')
WHERE e.task_id = :task_id AND e.kind = 'integration.conflict'
    AND json_extract(e.data, '$.commit') = :commit_id
    AND json_extract(e.data, '$.task') IS NOT NULL
ORDER BY e.seq DESC LIMIT 1

-- The pull request that was opened for that commit of the task's branch.
-- name: request
SELECT json_extract(data, '$.url') AS url FROM events
WHERE task_id = :task_id AND kind = 'integration.requested'
    AND json_extract(data, '$.commit') = :commit_id
ORDER BY seq DESC LIMIT 1
