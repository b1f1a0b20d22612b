-- Where an agent looks for work. Each statement repeats the condition of the partial index
-- that it names, and reads no more rows than its limit.

-- The distinct lists of skills among the claimable tasks, by jumping from one to the next.
-- name: skill_sets
WITH RECURSIVE sets (skills) AS (
    SELECT min(skills) FROM tasks INDEXED BY tasks_ready_age
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL
    UNION ALL
    SELECT (SELECT min(t.skills) FROM tasks t INDEXED BY tasks_ready_age
        WHERE t.status IN ('pending', 'pending_retry') AND t.blockers = 0 AND t.children = 0
            AND t.retry_at IS NULL
            AND t.skills > sets.skills)
    FROM sets WHERE sets.skills IS NOT NULL
)
SELECT skills FROM sets WHERE skills IS NOT NULL

-- name: oldest
SELECT id, title, skills, files, priority, seq, graph_score FROM tasks INDEXED BY tasks_ready_age
WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL
    AND skills = :skills
ORDER BY seq LIMIT :limit OFFSET :offset

-- name: most_urgent
SELECT id, title, skills, files, priority, seq, graph_score FROM tasks INDEXED BY tasks_ready_priority
WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL
    AND skills = :skills
ORDER BY priority, seq LIMIT :limit OFFSET :offset

-- name: most_urgent_of_all
SELECT id, title, skills, files, priority, seq, graph_score FROM tasks INDEXED BY tasks_ready
WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL
ORDER BY priority, seq LIMIT :limit OFFSET :offset

-- name: highest_score
SELECT id, title, skills, files, priority, seq, graph_score FROM tasks INDEXED BY tasks_ready_graph
WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL
    AND skills = :skills
ORDER BY graph_score DESC, priority, seq LIMIT :limit OFFSET :offset

-- How many claims were made in this clone, and whether some task's next attempt may begin.
-- One that failed after now says that the clock was set back.
-- name: begin
SELECT n, EXISTS (
    SELECT 1 FROM tasks INDEXED BY tasks_waiting
    WHERE retry_at IS NOT NULL AND (retry_at <= :now OR updated_at > :now)
) AS due FROM task_counts WHERE state = 'claims made'
