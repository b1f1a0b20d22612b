-- name: get
SELECT * FROM memories WHERE id = :id

-- name: by_prefix
SELECT id FROM memories WHERE id >= :prefix AND id < :prefix || x'f48fbfbf' ORDER BY id LIMIT 9

-- name: some_ids
SELECT id FROM memories ORDER BY seq DESC LIMIT 1000

-- name: these
SELECT * FROM memories WHERE id IN (SELECT value FROM json_each(:ids))

-- name: numbered
SELECT * FROM memories WHERE seq IN (SELECT value FROM json_each(:seqs))

-- name: any
SELECT 1 AS found FROM memories LIMIT 1

-- Whether some memory is for one agent alone.
-- name: any_owned
SELECT 1 AS found FROM memories
WHERE scope <> 'repository' AND scope >= 'agent:' AND scope < 'agent;' LIMIT 1

-- No fewer than there are.
-- name: at_most
SELECT coalesce(max(seq), 0) AS total FROM memories

-- name: insert
INSERT INTO memories (id, memory_type, title, body, importance, tags, scope, agent, task_id,
    commit_id, created_at, updated_at, valid_from, expires_at, superseded_by, extra)
VALUES (:id, :memory_type, :title, :body, :importance, :tags, :scope, :agent, :task_id,
    :commit_id, :created_at, :updated_at, :valid_from, :expires_at, :superseded_by, :extra)
RETURNING seq

-- name: update
UPDATE memories SET memory_type = :memory_type, title = :title, body = :body,
    importance = :importance, tags = :tags, scope = :scope, agent = :agent, task_id = :task_id,
    commit_id = :commit_id, created_at = :created_at, updated_at = :updated_at,
    valid_from = :valid_from, expires_at = :expires_at, superseded_by = :superseded_by,
    extra = :extra
WHERE id = :id RETURNING seq

-- name: delete
DELETE FROM memories WHERE id = :id

-- name: superseded
SELECT * FROM memories WHERE superseded_by = :by

-- What each superseded memory names, and whether that is there.
-- name: successors
SELECT m.id, m.superseded_by, m.memory_type,
    EXISTS (SELECT 1 FROM memories WHERE id = m.superseded_by) AS is_there
FROM memories m WHERE m.superseded_by IS NOT NULL ORDER BY m.seq

-- What was forgotten, here or by a commit.
-- name: forgotten
SELECT DISTINCT note AS id FROM events WHERE kind = 'memory.forgotten'

-- name: index_words
INSERT INTO memory_words (rowid, title, body, tags) VALUES (:seq, :title, :body, :tags)

-- name: drop_words
DELETE FROM memory_words WHERE rowid = :seq

-- name: drop_all_words
DELETE FROM memory_words

-- name: everything
SELECT * FROM memories

-- A memory that is not in the index of words.
-- name: unindexed
SELECT seq FROM memories WHERE seq NOT IN (SELECT rowid FROM memory_words) LIMIT 1

-- How many memories have the word in them.
-- name: word_count
SELECT count(*) AS total FROM memory_words WHERE memory_words MATCH :words

-- What a listing shows: the newest first. `live` leaves out what is superseded or over.
-- name: list
WITH found (seq) AS MATERIALIZED (
    SELECT seq FROM memories
    WHERE (:live = 0 OR (superseded_by IS NULL AND (expires_at IS NULL OR expires_at > :now)))
        AND owner IN ('', :agent)
        AND (:types IS NULL OR memory_type IN (SELECT value FROM json_each(:types)))
        AND (:scope IS NULL OR scope = :scope OR scope LIKE :scope || ':%')
        AND (:source IS NULL OR agent = :source)
        AND (:task_id IS NULL OR task_id = :task_id OR scope = 'task:' || :task_id)
        AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = :tag))
        AND (:text IS NULL OR title LIKE :text ESCAPE '\' OR body LIKE :text ESCAPE '\')
)
SELECT m.*, (SELECT count(*) FROM found) AS total FROM found JOIN memories m USING (seq)
ORDER BY m.seq DESC LIMIT :limit

-- The best memories that match, and whether each `fits`; a word in the title counts twice.
-- name: matching
SELECT m.seq, w.score,
    (:live = 0 OR (m.superseded_by IS NULL AND (m.expires_at IS NULL OR m.expires_at > :now)
        AND (m.valid_from IS NULL OR m.valid_from <= :now)))
    AND m.owner IN ('', :agent)
    AND (:types IS NULL OR m.memory_type IN (SELECT value FROM json_each(:types)))
    AND (:scope IS NULL OR m.scope = :scope OR m.scope LIKE :scope || ':%')
    AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(m.tags) WHERE value = :tag)) AS fits
FROM (
    SELECT rowid AS seq, -bm25(memory_words, 2.0, 1.0, 1.5) AS score FROM memory_words
    WHERE memory_words MATCH :words ORDER BY score DESC, seq LIMIT :pool
) w CROSS JOIN memories m ON m.seq = w.seq
ORDER BY w.score DESC, m.seq

-- All memories that fit, as above.
-- name: fitting
SELECT m.seq FROM memories m
WHERE (:live = 0 OR (m.superseded_by IS NULL AND (m.expires_at IS NULL OR m.expires_at > :now)
        AND (m.valid_from IS NULL OR m.valid_from <= :now)))
    AND m.owner IN ('', :agent)
    AND (:types IS NULL OR m.memory_type IN (SELECT value FROM json_each(:types)))
    AND (:scope IS NULL OR m.scope = :scope OR m.scope LIKE :scope || ':%')
    AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(m.tags) WHERE value = :tag))

-- The memories of that very text which hold, for that agent; the lasting and general ones first.
-- name: copies
SELECT m.* FROM memory_vectors v CROSS JOIN memories m USING (seq)
WHERE v.digest = :digest AND v.embedder = :embedder AND m.owner IN ('', :agent)
    AND m.superseded_by IS NULL AND (m.expires_at IS NULL OR m.expires_at > :now)
ORDER BY m.expires_at IS NOT NULL, m.scope <> 'repository', m.seq LIMIT :limit

-- The scopes that a task is of: its own, those of what is above it, and their plans'.
-- name: scopes_of
WITH RECURSIVE up (id, parent_id, plan_id) AS (
    SELECT id, parent_id, plan_id FROM tasks WHERE id = :task_id
    UNION SELECT t.id, t.parent_id, t.plan_id FROM up JOIN tasks t ON t.id = up.parent_id
)
SELECT 'task:' || id AS scope FROM up
UNION SELECT 'plan:' || plan_id FROM up WHERE plan_id IS NOT NULL

-- Those that apply to some scopes; an agent's own are found by itself alone.
-- name: within
SELECT seq FROM memories WHERE seq IN (SELECT value FROM json_each(:seqs))
    AND (scope = 'repository' OR owner <> '' OR scope IN (SELECT value FROM json_each(:scopes)))

-- The best known memories of some scopes that fit, whatever is asked.
-- name: of_scopes
SELECT * FROM memories
WHERE scope IN (SELECT value FROM json_each(:scopes)) AND superseded_by IS NULL
    AND (:types IS NULL OR memory_type IN (SELECT value FROM json_each(:types)))
    AND (:scope IS NULL OR scope = :scope OR scope LIKE :scope || ':%')
    AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = :tag))
    AND (expires_at IS NULL OR expires_at > :now) AND (valid_from IS NULL OR valid_from <= :now)
ORDER BY importance DESC, seq DESC LIMIT :limit

-- name: best
SELECT * FROM memories
WHERE superseded_by IS NULL AND (expires_at IS NULL OR expires_at > :now)
    AND (valid_from IS NULL OR valid_from <= :now) AND owner IN ('', :agent)
    AND (scope = 'repository' OR owner = :agent)
ORDER BY importance + 0.1 * (helpful - harmful) DESC, seq DESC LIMIT :limit

-- The working memories of a task that are not over.
-- name: working_of
SELECT * FROM memories WHERE task_id = :task_id AND memory_type = 'working'
    AND superseded_by IS NULL AND (expires_at IS NULL OR expires_at > :now) ORDER BY seq

-- name: count_recall
UPDATE memories SET recalled = recalled + 1 WHERE seq IN (SELECT value FROM json_each(:seqs))

-- name: rate
UPDATE memories SET helpful = helpful + :helpful, harmful = harmful + :harmful WHERE id = :id

-- Working memories whose time is over. Others are kept, for whoever looks back.
-- name: prune
DELETE FROM memories WHERE memory_type = 'working' AND expires_at <= :before
