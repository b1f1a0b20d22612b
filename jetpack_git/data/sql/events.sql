-- name: insert
INSERT INTO events (id, at, kind, task_id, agent, note, data)
VALUES (:id, :at, :kind, :task_id, :agent, :note, :data)
ON CONFLICT (id) DO NOTHING

-- name: of_task
SELECT * FROM events WHERE task_id = :task_id ORDER BY at, seq

-- name: of_kind
SELECT * FROM events WHERE kind = :kind ORDER BY seq DESC LIMIT :limit
