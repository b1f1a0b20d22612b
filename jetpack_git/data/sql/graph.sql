-- What a task depends on comes as lines: no id has more than one.
-- name: nodes
SELECT id, parent_id, estimate_s, children, status, depth, dependents, path_s,
    (SELECT group_concat(depends_on, char(10)) FROM dependencies WHERE task_id = tasks.id) AS depends
FROM tasks

-- name: changed
INSERT INTO graph_dirty SELECT value FROM json_each(:ids) WHERE true ON CONFLICT DO NOTHING

-- name: any_dirty
SELECT 1 AS found FROM graph_dirty LIMIT 1

-- name: clean
DELETE FROM graph_dirty

-- The tasks whose measures may follow from one another's with those around which the graph has
-- changed, and the parents of all of them. The dependencies of a parent reach all below it.
-- name: region
WITH RECURSIVE around (id, inherits) AS (
    SELECT task_id, 0 FROM graph_dirty
    UNION
    SELECT d.depends_on, 0 FROM around a CROSS JOIN dependencies d ON d.task_id = a.id
    UNION
    SELECT d.task_id, 0 FROM around a
    CROSS JOIN dependencies d INDEXED BY dependencies_on ON d.depends_on = a.id
    UNION
    SELECT t.parent_id, 0 FROM around a CROSS JOIN tasks t ON t.id = a.id
    WHERE t.parent_id IS NOT NULL
    UNION
    SELECT t.id, 1 FROM around a CROSS JOIN tasks t INDEXED BY tasks_parent ON t.parent_id = a.id
    WHERE t.parent_id IS NOT NULL AND (a.inherits
        OR EXISTS (SELECT 1 FROM dependencies d WHERE d.task_id = a.id)
        OR EXISTS (SELECT 1 FROM dependencies d WHERE d.depends_on = a.id))
    LIMIT :limit
)
SELECT t.id, t.parent_id, t.estimate_s, t.children, t.status, t.depth, t.dependents, t.path_s,
    (SELECT group_concat(depends_on, char(10)) FROM dependencies WHERE task_id = t.id) AS depends
FROM tasks t WHERE t.id IN (SELECT id FROM around)

-- name: measure
UPDATE tasks SET depth = :depth, dependents = :dependents, path_s = :path_s WHERE id = :id

-- name: totals
SELECT longest_s, deepest FROM graph_totals

-- name: new_totals
SELECT coalesce((SELECT max(path_s) FROM tasks INDEXED BY tasks_path
        WHERE children = 0 AND path_s > 0), 0) AS longest_s,
    coalesce((SELECT max(depth) FROM tasks INDEXED BY tasks_depth
        WHERE children = 0 AND depth > 0), 0) AS deepest

-- name: set_totals
UPDATE graph_totals SET longest_s = :longest_s, deepest = :deepest

-- Whatever was or is on the critical path; the trigger computes the scores.
-- name: rescore_critical
UPDATE tasks SET path_s = path_s WHERE children = 0 AND path_s > 0 AND path_s IN (:old, :new)

-- name: rescore_deep
UPDATE tasks INDEXED BY tasks_ready_deep SET depth = depth
WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL AND depth > 0

-- name: whole
SELECT t.id, t.title, t.parent_id, t.estimate_s, t.children, t.status, t.state,
    (SELECT group_concat(depends_on, char(10)) FROM dependencies WHERE task_id = t.id) AS depends
FROM tasks t ORDER BY t.seq

-- name: of_plan
SELECT t.id, t.title, t.parent_id, t.estimate_s, t.children, t.status, t.state,
    (SELECT group_concat(depends_on, char(10)) FROM dependencies WHERE task_id = t.id) AS depends
FROM tasks t WHERE t.plan_id = :plan_id ORDER BY t.seq

-- The task with all below it.
-- name: below
WITH RECURSIVE down (id) AS (
    SELECT :id
    UNION
    SELECT t.id FROM tasks t JOIN down ON t.parent_id = down.id
)
SELECT t.id, t.title, t.parent_id, t.estimate_s, t.children, t.status, t.state,
    (SELECT group_concat(depends_on, char(10)) FROM dependencies WHERE task_id = t.id) AS depends
FROM tasks t WHERE t.id IN (SELECT id FROM down) ORDER BY t.seq

-- The leaves that wait for nothing but this leaf, and the parents at any height that it would
-- close, because they have no other open child.
-- name: unblocked_by
WITH RECURSIVE closing (id) AS (
    SELECT :id
    UNION
    SELECT t.parent_id FROM closing c CROSS JOIN tasks t ON t.id = c.id
    WHERE t.parent_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM tasks o WHERE o.parent_id = t.parent_id AND o.id <> t.id
            AND o.status NOT IN ('completed', 'cancelled')
    )
),
waiting (id, depends_on) AS (
    SELECT d.task_id, d.depends_on FROM closing c
    CROSS JOIN dependencies d INDEXED BY dependencies_on ON d.depends_on = c.id
    UNION
    SELECT t.id, w.depends_on FROM waiting w
    CROSS JOIN tasks t INDEXED BY tasks_parent ON t.parent_id = w.id
    WHERE t.parent_id IS NOT NULL
)
SELECT t.id FROM waiting w CROSS JOIN tasks t ON t.id = w.id
WHERE t.status IN ('pending', 'pending_retry') AND t.children = 0
GROUP BY t.id HAVING count(*) = max(t.blockers)
