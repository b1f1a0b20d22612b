-- The finished tasks that wait to be merged into a base, in their order.
CREATE TABLE landing (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL UNIQUE,
    base    TEXT NOT NULL
);

-- The branches of tasks that are worked on or not merged, as the radar saw them last: the tip,
-- and the paths (a JSON list) that the branch changes.
CREATE TABLE radar_tips (
    task_id TEXT PRIMARY KEY,
    tip     TEXT NOT NULL,
    paths   TEXT NOT NULL
) WITHOUT ROWID;

-- The pairs of them that conflict, and in which paths. The id of `one` comes before `other`.
CREATE TABLE radar_pairs (
    one   TEXT NOT NULL,
    other TEXT NOT NULL,
    paths TEXT NOT NULL,
    PRIMARY KEY (one, other)
) WITHOUT ROWID;
CREATE INDEX radar_pairs_other ON radar_pairs (other);
