-- name: insert
INSERT INTO events (id, at, kind, task_id, agent, note, data)
VALUES (:id, :at, :kind, :task_id, :agent, :note, :data)

-- An event that may be here already.
-- name: load
INSERT INTO events (id, at, kind, task_id, agent, note, data)
SELECT :id, :at, :kind, :task_id, :agent, :note, :data
WHERE NOT EXISTS (SELECT 1 FROM events WHERE task_id = :task_id AND id = :id)

-- name: of_task
SELECT * FROM events WHERE task_id = :task_id ORDER BY at, seq

-- name: of_kind
SELECT * FROM events WHERE kind = :kind ORDER BY seq DESC LIMIT :limit

-- name: of_tasks
SELECT e.* FROM json_each(:ids) i JOIN events e ON e.task_id = i.value
WHERE e.kind IN (SELECT value FROM json_each(:kinds))
ORDER BY e.task_id, e.at, e.seq
