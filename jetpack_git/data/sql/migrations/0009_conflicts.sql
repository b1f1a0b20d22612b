-- What clashed when versions of a task were merged. The values are JSON; `chosen` is in use until
-- somebody has decided.
CREATE TABLE conflicts (
    number      INTEGER PRIMARY KEY,
    task_id     TEXT NOT NULL,
    field       TEXT NOT NULL,
    ours        TEXT NOT NULL,
    theirs      TEXT NOT NULL,
    chosen      TEXT NOT NULL,
    at          TEXT NOT NULL,
    resolved_at TEXT,
    UNIQUE (task_id, field, ours, theirs)
);
CREATE INDEX conflicts_open ON conflicts (task_id) WHERE resolved_at IS NULL;

-- The versions that stand in some worktree and in no commit: what a change by hand began with.
CREATE TABLE mirror_texts (
    blob TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;
