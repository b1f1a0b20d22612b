-- The hard form of a reservation: one holder. `pattern` says that the name stands for files.
CREATE TABLE leases (
    name        TEXT PRIMARY KEY,
    pattern     INTEGER NOT NULL DEFAULT 0,
    agent       TEXT NOT NULL,
    incarnation TEXT,
    task_id     TEXT,
    ttl_s       REAL NOT NULL,
    since       TEXT NOT NULL,
    expires_at  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX leases_agent ON leases (agent);

-- What was released is kept for a while, and found by its age when that is over.
CREATE INDEX reservations_released ON reservations (released_at) WHERE released_at IS NOT NULL;
