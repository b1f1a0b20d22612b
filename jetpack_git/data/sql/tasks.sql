-- A task is claimable when its status is pending or pending_retry, nothing blocks it, and
-- it has no children. The partial indexes tasks_ready* hold just these rows; a statement
-- uses them when it repeats their condition word for word.

-- The task whole, with what it depends on.
-- name: get
SELECT t.*,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM tasks t WHERE t.id = :id

-- Those of the tasks that are there, whole.
-- name: these
SELECT t.*,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM json_each(:ids) i JOIN tasks t ON t.id = i.value

-- A few of the ids that begin so: those that end within a level before their descendants,
-- so that many children never hide a second root.
-- name: by_prefix
SELECT id FROM tasks WHERE id >= :prefix AND id < :prefix || x'7f'
ORDER BY instr(substr(id, length(:prefix) + 1), '.') > 0, id LIMIT 9

-- Ids for a suggestion.
-- name: some_ids
SELECT id FROM tasks ORDER BY seq DESC LIMIT 2000

-- name: insert
INSERT INTO tasks (id, title, description, status, priority, parent_id, position, plan_id,
    plan_key, skills, files, estimate_s, assignee, branch, commit_id, summary, created_at,
    updated_at, claimed_at, completed_at, max_attempts, results, labels, aliases, extra)
VALUES (:id, :title, :description, :status, :priority, :parent_id, :position, :plan_id,
    :plan_key, :skills, :files, :estimate_s, :assignee, :branch, :commit_id, :summary,
    :created_at, :updated_at, :claimed_at, :completed_at, :max_attempts, :results, :labels,
    :aliases, :extra)

-- All that a file can say of a task.
-- name: update
UPDATE tasks SET title = :title, description = :description, status = :status,
    priority = :priority, parent_id = :parent_id, position = :position, plan_id = :plan_id,
    plan_key = :plan_key, skills = :skills, files = :files, estimate_s = :estimate_s,
    assignee = :assignee, branch = :branch, commit_id = :commit_id, summary = :summary,
    created_at = :created_at, updated_at = :updated_at, claimed_at = :claimed_at,
    completed_at = :completed_at, max_attempts = :max_attempts, results = :results,
    labels = :labels, aliases = :aliases, extra = :extra
WHERE id = :id

-- One statement: of several agents that claim at once exactly one gets a row.
-- name: claim
UPDATE tasks SET status = 'claimed', assignee = :agent, incarnation = :incarnation,
    claimed_at = :now, updated_at = :now, attempts = attempts + 1
WHERE id = :id AND status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL
RETURNING *,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = tasks.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = tasks.id) AS links

-- The holder moves its task on, or `to` somebody else. An incarnation that is NULL speaks for a
-- person. A task that is released counts its attempts anew.
-- name: move
UPDATE tasks SET status = :status, updated_at = :now, retry_at = :retry_at,
    assignee = CASE WHEN :status IN ('in_progress', 'completed', 'failed') THEN assignee
        ELSE :to END,
    incarnation = CASE WHEN :status = 'in_progress' THEN incarnation END,
    claimed_at = CASE WHEN :to IS NULL THEN claimed_at ELSE :now END,
    completed_at = CASE WHEN :status = 'completed' THEN :now END,
    attempts = CASE WHEN :status = 'pending' THEN 0 ELSE attempts END,
    percent = CASE WHEN :status = 'in_progress' THEN coalesce(:percent, percent) END,
    summary = coalesce(:summary, summary), commit_id = coalesce(:commit_id, commit_id),
    results = coalesce(:results, results)
WHERE id = :id AND status IN (SELECT value FROM json_each(:sources))
    AND (:holder IS NULL OR assignee IS NULL OR assignee = :holder)
    AND (:incarnation IS NULL OR incarnation IS NULL OR incarnation = :incarnation)
RETURNING *,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = tasks.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = tasks.id) AS links

-- A task whose time has come can be claimed again.
-- name: wake
UPDATE tasks SET retry_at = NULL
WHERE retry_at IS NOT NULL AND (retry_at <= :now OR updated_at > :now)

-- When the next of the tasks that wait for their time may be tried.
-- name: next_retry
SELECT retry_at FROM tasks WHERE retry_at IS NOT NULL ORDER BY retry_at LIMIT 1

-- name: set_branch
UPDATE tasks SET branch = :branch, updated_at = :now WHERE id = :id

-- name: set_commit
UPDATE tasks SET commit_id = :commit_id WHERE id = :id

-- The children of a task, in their order.
-- name: children
SELECT t.*,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM tasks t WHERE t.parent_id = :id ORDER BY t.position, t.seq

-- The place behind the last child; 0 for a root (roots stand in the order of their age).
-- name: next_position
SELECT coalesce(max(position), -1) + 1 AS position FROM tasks WHERE parent_id = :parent_id

-- The claimable tasks, the most urgent first.
-- name: ready
SELECT t.*,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM tasks t INDEXED BY tasks_ready
WHERE t.status IN ('pending', 'pending_retry') AND t.blockers = 0 AND t.children = 0
    AND t.retry_at IS NULL
ORDER BY t.priority, t.seq LIMIT :limit

-- name: ready_total
SELECT coalesce(sum(n), 0) AS total FROM task_counts WHERE state = 'ready'

-- How many tasks stand in each state, leaves alone.
-- name: counts
SELECT state, n FROM task_counts WHERE state NOT IN ('parent', 'claims made') AND n > 0

-- name: held
SELECT t.*, '[]' AS depends FROM tasks t
WHERE t.status IN ('claimed', 'in_progress') AND t.assignee = :agent

-- name: all_held
SELECT t.*, '[]' AS depends FROM tasks t
WHERE t.status IN ('claimed', 'in_progress') ORDER BY t.claimed_at

-- How many children of a task are open, and how many of them are completed.
-- name: progress
SELECT count(*) AS children,
    count(*) FILTER (WHERE status NOT IN ('completed', 'cancelled')) AS open,
    count(*) FILTER (WHERE status = 'completed') AS completed
FROM tasks WHERE parent_id = :id

-- name: open_leaves_below
WITH RECURSIVE down (id) AS (
    SELECT :id
    UNION
    SELECT t.id FROM tasks t JOIN down ON t.parent_id = down.id
)
SELECT t.id FROM tasks t JOIN down ON t.id = down.id
WHERE t.children = 0 AND t.status NOT IN ('completed', 'cancelled') ORDER BY t.seq

-- The leaves below each of these tasks: how many there are, and how far they are.
-- name: rollup
WITH RECURSIVE down (root, id) AS (
    SELECT value, value FROM json_each(:ids)
    UNION ALL
    SELECT down.root, t.id FROM down CROSS JOIN tasks t ON t.parent_id = down.id
)
SELECT down.root AS id, count(*) AS leaves,
    count(*) FILTER (WHERE t.status NOT IN ('completed', 'cancelled')) AS open,
    count(*) FILTER (WHERE t.status = 'completed') AS completed,
    count(*) FILTER (WHERE t.status IN ('claimed', 'in_progress')) AS held,
    count(*) FILTER (WHERE t.status = 'failed') AS failed,
    count(*) FILTER (WHERE t.state = 'blocked') AS blocked,
    count(*) FILTER (WHERE t.status <> 'cancelled') AS counted,
    sum(CASE t.status WHEN 'completed' THEN 100.0 ELSE coalesce(t.percent, 0) END)
        FILTER (WHERE t.status <> 'cancelled') AS percents,
    sum(t.estimate_s) FILTER (WHERE t.status <> 'cancelled') AS estimate_s
FROM down CROSS JOIN tasks t ON t.id = down.id AND t.children = 0
GROUP BY down.root

-- name: any_failed
SELECT 1 AS found FROM tasks INDEXED BY tasks_failed WHERE status = 'failed' LIMIT 1

-- A parent's status follows from its children.
-- name: set_parent_status
UPDATE tasks SET status = :status, updated_at = :now, assignee = NULL, incarnation = NULL,
    completed_at = CASE WHEN :status = 'completed' THEN
        coalesce((SELECT max(completed_at) FROM tasks WHERE parent_id = :id), :now) END
WHERE id = :id AND status <> :status RETURNING id

-- All the descendants of some tasks, these included.
-- name: subtree
WITH RECURSIVE down (id) AS (
    SELECT value FROM json_each(:ids)
    UNION
    SELECT t.id FROM tasks t JOIN down ON t.parent_id = down.id
)
SELECT id FROM down

-- Its ancestors, the nearest first.
-- name: ancestors
WITH RECURSIVE up (id, depth) AS (
    SELECT parent_id, 1 FROM tasks WHERE id = :id AND parent_id IS NOT NULL
    UNION ALL
    SELECT t.parent_id, up.depth + 1 FROM tasks t JOIN up ON t.id = up.id
    WHERE t.parent_id IS NOT NULL AND up.depth < 10000
)
SELECT id FROM up ORDER BY depth

-- How many unfinished tasks each of these waits for, on its own account and its ancestors'.
-- A task that is not here, because its file is on another branch, is not finished either.
-- name: refresh_blockers
WITH wanted (id, n) AS (
    SELECT t.id, (
        WITH RECURSIVE up (id) AS (
            SELECT t.id
            UNION
            SELECT p.parent_id FROM tasks p JOIN up ON p.id = up.id WHERE p.parent_id IS NOT NULL
        )
        SELECT count(DISTINCT d.depends_on) FROM up
        JOIN dependencies d ON d.task_id = up.id
        LEFT JOIN tasks b ON b.id = d.depends_on
        WHERE b.id IS NULL OR b.status NOT IN ('completed', 'cancelled')
    )
    FROM tasks t JOIN json_each(:ids) j ON t.id = j.value
)
UPDATE tasks SET blockers = wanted.n FROM wanted
WHERE tasks.id = wanted.id AND tasks.blockers <> wanted.n
RETURNING tasks.id, tasks.blockers

-- name: count_blockers
UPDATE tasks SET blockers = blockers + :change WHERE id IN (SELECT value FROM json_each(:ids))

-- name: is_closed
SELECT 1 AS closed FROM tasks WHERE id = :id AND status IN ('completed', 'cancelled')

-- name: refresh_children
UPDATE tasks SET children = (SELECT count(*) FROM tasks c WHERE c.parent_id = tasks.id)
WHERE id IN (SELECT value FROM json_each(:ids))
    AND children <> (SELECT count(*) FROM tasks c WHERE c.parent_id = tasks.id)
RETURNING id, children

-- The tasks that a plan made, and those below them that are no other plan's.
-- name: of_plan
WITH RECURSIVE mine (id) AS (
    SELECT id FROM tasks WHERE plan_id = :plan_id
    UNION
    SELECT t.id FROM tasks t JOIN mine ON t.parent_id = mine.id WHERE t.plan_id IS NULL
)
SELECT t.*,
    (SELECT json_group_array(depends_on) FROM dependencies WHERE task_id = t.id) AS depends,
    (SELECT json_group_array(json_array(kind, other)) FROM links WHERE task_id = t.id) AS links
FROM mine JOIN tasks t ON t.id = mine.id

-- The commits of the finished leaves that these tasks are or have below them.
-- name: commits_below
WITH RECURSIVE down (id) AS (
    SELECT value FROM json_each(:ids)
    UNION
    SELECT t.id FROM tasks t JOIN down ON t.parent_id = down.id
)
SELECT t.id, t.commit_id FROM tasks t JOIN down ON t.id = down.id
WHERE t.status = 'completed' AND t.commit_id IS NOT NULL ORDER BY t.completed_at, t.seq

-- The finished leaves among these and what is below them that have a branch and no commit.
-- name: uncommitted_below
WITH RECURSIVE down (id) AS (
    SELECT value FROM json_each(:ids)
    UNION
    SELECT t.id FROM tasks t JOIN down ON t.parent_id = down.id
)
SELECT t.id FROM tasks t JOIN down ON t.id = down.id
WHERE t.status = 'completed' AND t.commit_id IS NULL AND t.branch IS NOT NULL

-- The finished tasks whose branch was not merged yet, in the order of their completion.
-- name: unmerged
SELECT t.*, '[]' AS depends FROM tasks t
WHERE t.status = 'completed' AND t.commit_id IS NOT NULL AND t.branch IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM events e
        WHERE e.task_id = t.id AND e.kind = 'integration.merged')
ORDER BY t.completed_at, t.seq

-- name: parents
SELECT DISTINCT parent_id AS id FROM tasks WHERE parent_id IN (SELECT id FROM tasks)

-- The tasks whose derived values are not what they follow from.
-- name: wrong_counts
SELECT t.id FROM tasks t
WHERE t.children <> (SELECT count(*) FROM tasks c WHERE c.parent_id = t.id)
    OR t.blockers <> (
        WITH RECURSIVE up (id) AS (
            SELECT t.id
            UNION
            SELECT p.parent_id FROM tasks p JOIN up ON p.id = up.id WHERE p.parent_id IS NOT NULL
        )
        SELECT count(DISTINCT d.depends_on) FROM up
        JOIN dependencies d ON d.task_id = up.id
        LEFT JOIN tasks b ON b.id = d.depends_on
        WHERE b.id IS NULL OR b.status NOT IN ('completed', 'cancelled')
    )
    OR (t.children > 0 AND (t.status IN ('completed', 'cancelled')) <> NOT EXISTS (
        SELECT 1 FROM tasks c
        WHERE c.parent_id = t.id AND c.status NOT IN ('completed', 'cancelled')
    ))

-- name: delete
DELETE FROM tasks WHERE id = :id

-- name: is_deleted
SELECT 1 AS found FROM events WHERE task_id = :id AND kind = 'task.deleted'
    AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = :id) LIMIT 1

-- name: held_ids
SELECT id FROM tasks WHERE status IN ('claimed', 'in_progress') AND assignee = :agent LIMIT 2

-- name: any_deleted
SELECT 1 AS found FROM events WHERE kind = 'task.deleted' LIMIT 1

-- name: detach
UPDATE tasks SET parent_id = NULL WHERE id = :id

-- A parent's status followed from its children; without any it has not begun.
-- name: open_leaf
UPDATE tasks SET status = 'pending', completed_at = NULL, updated_at = :now
WHERE id = :id AND children = 0 AND status IN ('completed', 'cancelled')

-- Those of the tasks, and of what is below them, that failed for good.
-- name: failed_below
WITH RECURSIVE down (id) AS (
    SELECT value FROM json_each(:ids)
    UNION
    SELECT t.id FROM down CROSS JOIN tasks t ON t.parent_id = down.id
)
SELECT t.id FROM down CROSS JOIN tasks t ON t.id = down.id
WHERE t.status = 'failed' AND t.children = 0 ORDER BY t.seq
