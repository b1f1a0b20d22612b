-- How many claims were made in this clone stands with the counts, on a page that each claim
-- writes anyway: every so many of them is for the oldest task.
INSERT INTO task_counts VALUES ('claims made', 0);
DELETE FROM meta WHERE name = 'claims';

CREATE TRIGGER tasks_claimed AFTER UPDATE OF status ON tasks
WHEN NEW.status = 'claimed' AND OLD.status <> 'claimed'
BEGIN
    UPDATE task_counts SET n = n + 1 WHERE state = 'claims made';
END;

-- An event's id needs no index of its own: it is looked up among the events of its task.
CREATE TABLE events_of_tasks (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    task_id TEXT,
    agent   TEXT,
    note    TEXT NOT NULL DEFAULT '',
    data    TEXT NOT NULL DEFAULT '{}'
);
INSERT INTO events_of_tasks SELECT seq, id, at, kind, task_id, agent, note, data FROM events;
DROP TABLE events;
ALTER TABLE events_of_tasks RENAME TO events;
CREATE INDEX events_task ON events (task_id, seq) WHERE task_id IS NOT NULL;
