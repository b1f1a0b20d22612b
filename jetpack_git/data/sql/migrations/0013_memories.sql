-- recalled, helpful and harmful count in this clone alone. `owner` is the only agent who sees it.
CREATE TABLE memories (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    memory_type   TEXT NOT NULL,
    title         TEXT NOT NULL,
    body          TEXT NOT NULL DEFAULT '',
    importance    REAL NOT NULL DEFAULT 0.5,
    tags          TEXT NOT NULL DEFAULT '[]',
    scope         TEXT NOT NULL DEFAULT 'repository',
    agent         TEXT,
    task_id       TEXT,
    commit_id     TEXT,
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL,
    valid_from    TEXT,
    expires_at    TEXT,
    superseded_by TEXT,
    extra         TEXT NOT NULL DEFAULT '{}',
    recalled      INTEGER NOT NULL DEFAULT 0,
    helpful       INTEGER NOT NULL DEFAULT 0,
    harmful       INTEGER NOT NULL DEFAULT 0,
    owner         TEXT NOT NULL GENERATED ALWAYS AS
        (CASE WHEN scope LIKE 'agent:%' THEN substr(scope, 7) ELSE '' END) VIRTUAL
);
CREATE INDEX memories_task ON memories (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX memories_scope ON memories (scope) WHERE scope <> 'repository';
CREATE INDEX memories_expiry ON memories (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memories_beginning ON memories (valid_from) WHERE valid_from IS NOT NULL;

-- The words of the memories, as work/terms.py makes them from the text.
CREATE VIRTUAL TABLE memory_words USING fts5(
    title, body, tags, content = '', contentless_delete = 1,
    tokenize = "porter unicode61 remove_diacritics 2 categories 'L* N* Co M*'"
);

-- One vector for each embedder, as float32 in the machine's order; digest is that of the text.
CREATE TABLE memory_vectors (
    seq       INTEGER NOT NULL,
    embedder  TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    vector    BLOB NOT NULL,
    PRIMARY KEY (seq, embedder)
) WITHOUT ROWID;
CREATE INDEX memory_vectors_embedder ON memory_vectors (embedder);

-- What the index of vectors does not know yet. It is made from memory_vectors, and can go.
CREATE TABLE memory_unindexed (
    seq INTEGER PRIMARY KEY
);
CREATE TRIGGER memory_vectors_added AFTER INSERT ON memory_vectors
BEGIN
    INSERT INTO memory_unindexed (seq) VALUES (NEW.seq) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER memory_vectors_changed AFTER UPDATE ON memory_vectors
BEGIN
    INSERT INTO memory_unindexed (seq) VALUES (NEW.seq) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER memories_moved
AFTER UPDATE OF memory_type, scope, valid_from, expires_at, superseded_by ON memories
BEGIN
    INSERT INTO memory_unindexed (seq) VALUES (NEW.seq) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER memories_removed AFTER DELETE ON memories
BEGIN
    DELETE FROM memory_vectors WHERE seq = OLD.seq;
    DELETE FROM memory_words WHERE rowid = OLD.seq;
    INSERT INTO memory_unindexed (seq) VALUES (OLD.seq) ON CONFLICT DO NOTHING;
END;
