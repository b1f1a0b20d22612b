CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE plans (
    id         TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    source     TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    extra      TEXT NOT NULL DEFAULT '{}'
);

-- seq is the age of a task in this clone; blockers and children are derived (tasks.refresh_*).
CREATE TABLE tasks (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    title        TEXT NOT NULL,
    description  TEXT NOT NULL DEFAULT '',
    status       TEXT NOT NULL DEFAULT 'pending',
    priority     INTEGER NOT NULL DEFAULT 2,
    parent_id    TEXT,
    position     INTEGER NOT NULL DEFAULT 0,
    plan_id      TEXT,
    plan_key     TEXT,
    skills       TEXT NOT NULL DEFAULT '[]',
    files        TEXT NOT NULL DEFAULT '[]',
    estimate_s   INTEGER,
    assignee     TEXT,
    incarnation  TEXT,
    branch       TEXT,
    commit_id    TEXT,
    summary      TEXT,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    claimed_at   TEXT,
    completed_at TEXT,
    attempts     INTEGER NOT NULL DEFAULT 0,
    extra        TEXT NOT NULL DEFAULT '{}',
    blockers     INTEGER NOT NULL DEFAULT 0,
    children     INTEGER NOT NULL DEFAULT 0,
    graph_score  REAL NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX tasks_plan_key ON tasks (plan_id, plan_key) WHERE plan_key IS NOT NULL;
CREATE INDEX tasks_parent ON tasks (parent_id, position) WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_roots ON tasks (seq) WHERE parent_id IS NULL;
CREATE INDEX tasks_unmerged ON tasks (completed_at, seq)
    WHERE status = 'completed' AND commit_id IS NOT NULL AND branch IS NOT NULL;
CREATE INDEX tasks_held ON tasks (assignee) WHERE status IN ('claimed', 'in_progress');
CREATE INDEX tasks_ready ON tasks (priority, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0;
CREATE INDEX tasks_ready_age ON tasks (skills, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0;
CREATE INDEX tasks_ready_priority ON tasks (skills, priority, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0;
CREATE INDEX tasks_ready_graph ON tasks (skills, graph_score DESC, priority, seq)
    WHERE status IN ('pending', 'pending_retry') AND blockers = 0 AND children = 0;

CREATE TABLE dependencies (
    task_id    TEXT NOT NULL,
    depends_on TEXT NOT NULL,
    PRIMARY KEY (task_id, depends_on)
) WITHOUT ROWID;
CREATE INDEX dependencies_on ON dependencies (depends_on);

-- child_*: the process that runs the agent's task now, for whoever recovers after a crash.
CREATE TABLE agents (
    name          TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    status        TEXT NOT NULL,
    skills        TEXT NOT NULL DEFAULT '[]',
    incarnation   TEXT,
    host          TEXT,
    pid           INTEGER,
    pid_started   TEXT,
    child_pid     INTEGER,
    child_started TEXT,
    worktree      TEXT,
    task_id       TEXT,
    started_at    TEXT NOT NULL,
    heartbeat_at  TEXT
);

CREATE TABLE reservations (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    pattern     TEXT NOT NULL,
    anchor      TEXT NOT NULL,
    agent       TEXT NOT NULL,
    incarnation TEXT,
    task_id     TEXT,
    shared      INTEGER NOT NULL DEFAULT 0,
    reason      TEXT NOT NULL DEFAULT 'edit',
    created_at  TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    released_at TEXT
);
CREATE INDEX reservations_active ON reservations (anchor) WHERE released_at IS NULL;
CREATE INDEX reservations_agent ON reservations (agent) WHERE released_at IS NULL;

-- id is the same in every clone; seq is the order in this one.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    task_id TEXT,
    agent   TEXT,
    note    TEXT NOT NULL DEFAULT '',
    data    TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX events_task ON events (task_id, seq) WHERE task_id IS NOT NULL;

-- Every version of a mirror file that was ever written or read (its git blob id).
CREATE TABLE mirror_known (
    path TEXT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (path, blob)
) WITHOUT ROWID;

-- The last known version of a mirror file in each worktree, with the file's size and time.
CREATE TABLE mirror_seen (
    worktree TEXT NOT NULL,
    path     TEXT NOT NULL,
    blob     TEXT NOT NULL,
    stat     TEXT NOT NULL,
    PRIMARY KEY (worktree, path)
) WITHOUT ROWID;

-- Written in the transaction of a change, gone once its files are there.
CREATE TABLE mirror_pending (
    worktree TEXT NOT NULL,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    marks    INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (worktree, kind, id)
) WITHOUT ROWID;
