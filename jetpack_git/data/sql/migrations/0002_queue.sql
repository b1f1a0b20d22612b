-- A claimable task is one whose next attempt may begin: retry_at is NULL again by then.
-- max_attempts is NULL where the config says it. percent is the last report of its holder.
-- depth, dependents and path_s are what the graph says of a leaf (work/metrics.py).
ALTER TABLE tasks ADD COLUMN retry_at TEXT;
ALTER TABLE tasks ADD COLUMN max_attempts INTEGER;
ALTER TABLE tasks ADD COLUMN percent INTEGER;
ALTER TABLE tasks ADD COLUMN results TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tasks ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tasks ADD COLUMN aliases TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tasks ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN dependents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN path_s INTEGER NOT NULL DEFAULT 0;
-- What a user sees.
ALTER TABLE tasks ADD COLUMN state TEXT GENERATED ALWAYS AS (
    CASE WHEN status NOT IN ('pending', 'pending_retry') OR children > 0 THEN status
        WHEN blockers > 0 THEN 'blocked'
        WHEN retry_at IS NULL THEN 'ready'
        ELSE 'pending_retry' END
) VIRTUAL;

DROP INDEX tasks_ready;
DROP INDEX tasks_ready_age;
DROP INDEX tasks_ready_priority;
DROP INDEX tasks_ready_graph;
CREATE INDEX tasks_ready ON tasks (priority, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL;
CREATE INDEX tasks_ready_age ON tasks (skills, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL;
CREATE INDEX tasks_ready_priority ON tasks (skills, priority, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL;
CREATE INDEX tasks_ready_graph ON tasks (skills, graph_score DESC, priority, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL;
CREATE INDEX tasks_waiting ON tasks (retry_at, updated_at) WHERE retry_at IS NOT NULL;
CREATE INDEX tasks_failed ON tasks (seq) WHERE status = 'failed';

-- How a task is related to another one that it does not wait for.
CREATE TABLE links (
    task_id TEXT NOT NULL,
    kind    TEXT NOT NULL,
    other   TEXT NOT NULL,
    PRIMARY KEY (task_id, kind, other)
) WITHOUT ROWID;
CREATE INDEX links_other ON links (other);

-- The ids that a task had elsewhere; tasks.aliases says the same, by task.
CREATE TABLE aliases (
    alias   TEXT PRIMARY KEY,
    task_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX aliases_task ON aliases (task_id);
