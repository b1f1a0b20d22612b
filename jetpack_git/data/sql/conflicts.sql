-- The same clash is kept once.
-- name: add
INSERT INTO conflicts (task_id, field, ours, theirs, chosen, at)
VALUES (:task_id, :field, :ours, :theirs, :chosen, :at)
ON CONFLICT DO NOTHING RETURNING number

-- name: open
SELECT * FROM conflicts WHERE resolved_at IS NULL AND (:task_id IS NULL OR task_id = :task_id)
ORDER BY number

-- name: open_total
SELECT count(*) AS total FROM conflicts WHERE resolved_at IS NULL

-- name: resolve
UPDATE conflicts SET resolved_at = :now WHERE number = :number
