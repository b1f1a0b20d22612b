-- name: add
INSERT INTO links (task_id, kind, other) VALUES (:task_id, :kind, :other) ON CONFLICT DO NOTHING

-- name: remove
DELETE FROM links WHERE task_id = :task_id AND kind = :kind AND other = :other RETURNING task_id

-- name: clear
DELETE FROM links WHERE task_id = :task_id

-- The tasks that are linked to this one.
-- name: to
SELECT kind, task_id AS id FROM links WHERE other = :id ORDER BY kind, task_id
