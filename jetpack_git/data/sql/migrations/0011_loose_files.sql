-- What was last written to a file of a worktree and is in no commit yet.
DROP TABLE mirror_texts;
CREATE TABLE mirror_texts (
    worktree TEXT NOT NULL,
    path     TEXT NOT NULL,
    blob     TEXT NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (worktree, path)
) WITHOUT ROWID;
