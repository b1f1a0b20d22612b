-- Each run of an agent's program. The counted_* are what the program's own counters stood at,
-- which may go on from run to run of one session. A cost that nobody knows is NULL.
CREATE TABLE runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    swarm          TEXT,
    task_id        TEXT NOT NULL,
    agent          TEXT NOT NULL,
    incarnation    TEXT,
    adapter        TEXT NOT NULL,
    model          TEXT,
    session        TEXT,
    started_at     TEXT NOT NULL,
    ended_at       TEXT,
    ending         TEXT,
    exit_code      INTEGER,
    fresh          INTEGER NOT NULL DEFAULT 0,
    cached         INTEGER NOT NULL DEFAULT 0,
    output         INTEGER NOT NULL DEFAULT 0,
    cost           REAL,
    counted_fresh  INTEGER NOT NULL DEFAULT 0,
    counted_cached INTEGER NOT NULL DEFAULT 0,
    counted_output INTEGER NOT NULL DEFAULT 0,
    counted_cost   REAL,
    note           TEXT NOT NULL DEFAULT ''
);
CREATE INDEX runs_task ON runs (task_id);
CREATE INDEX runs_agent ON runs (agent);
CREATE INDEX runs_day ON runs (started_at);
CREATE INDEX runs_swarm ON runs (swarm);
CREATE INDEX runs_session ON runs (adapter, session) WHERE session IS NOT NULL;
CREATE INDEX runs_open ON runs (agent, incarnation) WHERE ended_at IS NULL;

-- The swarms of this clone, and what each is wanted to do: run, pause, drain, stop or halt.
CREATE TABLE swarms (
    id          TEXT PRIMARY KEY,
    host        TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    pid_started TEXT,
    base        TEXT NOT NULL,
    size        INTEGER NOT NULL,
    wanted      TEXT NOT NULL DEFAULT 'run',
    bypass      TEXT NOT NULL DEFAULT '',
    started_at  TEXT NOT NULL,
    ended_at    TEXT
);
CREATE INDEX swarms_running ON swarms (started_at) WHERE ended_at IS NULL;
