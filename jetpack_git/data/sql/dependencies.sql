-- name: add
INSERT INTO dependencies (task_id, depends_on) VALUES (:task_id, :depends_on)
ON CONFLICT DO NOTHING

-- name: remove
DELETE FROM dependencies WHERE task_id = :task_id AND depends_on = :depends_on RETURNING task_id

-- name: clear
DELETE FROM dependencies WHERE task_id = :task_id

-- The tasks that wait for this one.
-- name: dependents
SELECT task_id FROM dependencies WHERE depends_on = :id

-- name: all
SELECT task_id, depends_on FROM dependencies

-- What must be finished before the task: its own dependencies and, `via` them, its ancestors'.
-- name: before
WITH RECURSIVE up (id) AS (
    SELECT :id
    UNION
    SELECT t.parent_id FROM tasks t JOIN up ON t.id = up.id WHERE t.parent_id IS NOT NULL
)
SELECT d.depends_on AS id, coalesce(b.status, 'missing') AS status,
    coalesce(b.state, 'missing') AS state, b.assignee, coalesce(b.children, 0) AS children, min(d.task_id) AS via
FROM up
JOIN dependencies d ON d.task_id = up.id
LEFT JOIN tasks b ON b.id = d.depends_on
GROUP BY d.depends_on ORDER BY d.depends_on

-- What a task waits for: its own and its ancestors' dependencies, and its children.
-- name: edges_from
WITH RECURSIVE up (id) AS (
    SELECT :id
    UNION
    SELECT t.parent_id FROM tasks t JOIN up ON t.id = up.id WHERE t.parent_id IS NOT NULL
)
SELECT depends_on AS id FROM dependencies WHERE task_id IN (SELECT id FROM up)
UNION
SELECT id FROM tasks WHERE parent_id = :id

-- Whether a task waits at last for one of the goals. What is reached by way `up` is an ancestor
-- of one that waits: its dependencies count, and its other children do not.
-- name: leads_to
WITH RECURSIVE reached (id, up) AS (
    SELECT :id, 0
    UNION
    SELECT d.depends_on, 0 FROM reached r CROSS JOIN dependencies d ON d.task_id = r.id
    UNION
    SELECT t.parent_id, 1 FROM reached r CROSS JOIN tasks t ON t.id = r.id
    WHERE t.parent_id IS NOT NULL
    UNION
    SELECT t.id, 0 FROM reached r CROSS JOIN tasks t INDEXED BY tasks_parent ON t.parent_id = r.id
    WHERE r.up = 0
)
SELECT 1 AS found FROM reached
WHERE up = 0 AND id IN (SELECT value FROM json_each(:goals)) LIMIT 1
