-- The same clash is kept once; one that was decided, and comes again, is open again.
-- name: add
INSERT INTO conflicts (task_id, field, ours, theirs, chosen, at)
VALUES (:task_id, :field, :ours, :theirs, :chosen, :at)
ON CONFLICT (task_id, field, ours, theirs) DO UPDATE
SET resolved_at = NULL, chosen = excluded.chosen, at = excluded.at WHERE resolved_at IS NOT NULL
RETURNING number

-- name: open
SELECT * FROM conflicts WHERE resolved_at IS NULL AND (:task_id IS NULL OR task_id = :task_id)
ORDER BY number

-- name: open_total
SELECT count(*) AS total FROM conflicts WHERE resolved_at IS NULL

-- name: resolve
UPDATE conflicts SET resolved_at = :now WHERE number = :number
