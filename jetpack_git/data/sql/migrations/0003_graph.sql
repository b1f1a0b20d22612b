CREATE TABLE graph_totals (
    longest_s INTEGER NOT NULL,
    deepest   INTEGER NOT NULL
);
INSERT INTO graph_totals VALUES (0, 0);

-- The score by which graph-prioritized claims go: 100 on the critical path, 10 for each task
-- that waits, 20 * (1 - depth / deepest).
CREATE VIEW graph_scores (seq, score) AS
SELECT t.seq, 100.0 * (t.path_s = g.longest_s) + 10.0 * t.dependents
    + 20.0 * (1 - t.depth * 1.0 / max(g.deepest, 1))
FROM graph_totals g CROSS JOIN tasks t;

CREATE TRIGGER tasks_measured AFTER UPDATE OF depth, dependents, path_s ON tasks
BEGIN
    UPDATE tasks SET graph_score = (SELECT score FROM graph_scores WHERE seq = NEW.seq)
    WHERE seq = NEW.seq;
END;

-- The totals may have changed since: only claimable tasks follow them at once.
CREATE TRIGGER tasks_offered AFTER UPDATE OF status, blockers, children, retry_at ON tasks
WHEN NEW.status IN ('pending', 'pending_retry') AND NEW.blockers = 0 AND NEW.children = 0
    AND NEW.retry_at IS NULL
    AND NEW.graph_score <> (SELECT score FROM graph_scores WHERE seq = NEW.seq)
BEGIN
    UPDATE tasks SET graph_score = (SELECT score FROM graph_scores WHERE seq = NEW.seq)
    WHERE seq = NEW.seq;
END;

CREATE INDEX tasks_depth ON tasks (depth) WHERE children = 0 AND depth > 0;
CREATE INDEX tasks_path ON tasks (path_s) WHERE children = 0 AND path_s > 0;
CREATE INDEX tasks_ready_deep ON tasks (depth)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0
    AND retry_at IS NULL AND depth > 0;

-- Tasks around which the graph has changed since it was measured there.
CREATE TABLE graph_dirty (task_id TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO graph_dirty SELECT id FROM tasks;
DELETE FROM meta WHERE name = 'graph';

-- How many tasks a user sees in each state; those that have children count as 'parent'.
CREATE TABLE task_counts (
    state TEXT PRIMARY KEY,
    n     INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO task_counts
SELECT CASE WHEN children > 0 THEN 'parent' ELSE state END, count(*) FROM tasks GROUP BY 1;

CREATE TRIGGER tasks_added AFTER INSERT ON tasks
BEGIN
    INSERT INTO task_counts VALUES (iif(NEW.children > 0, 'parent', NEW.state), 1)
    ON CONFLICT (state) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER tasks_removed AFTER DELETE ON tasks
BEGIN
    UPDATE task_counts SET n = n - 1 WHERE state = iif(OLD.children > 0, 'parent', OLD.state);
END;

CREATE TRIGGER tasks_moved AFTER UPDATE OF status, blockers, children, retry_at ON tasks
WHEN iif(OLD.children > 0, 'parent', OLD.state) <> iif(NEW.children > 0, 'parent', NEW.state)
BEGIN
    UPDATE task_counts SET n = n - 1 WHERE state = iif(OLD.children > 0, 'parent', OLD.state);
    INSERT INTO task_counts VALUES (iif(NEW.children > 0, 'parent', NEW.state), 1)
    ON CONFLICT (state) DO UPDATE SET n = n + 1;
END;
