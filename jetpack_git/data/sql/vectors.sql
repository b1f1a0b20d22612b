-- name: save
INSERT INTO memory_vectors (embedder, seq, dimension, digest, vector)
SELECT :embedder, :seq, :dimension, :digest, :vector WHERE EXISTS
    (SELECT 1 FROM memories WHERE seq = :seq)
ON CONFLICT (seq, embedder) DO UPDATE
SET dimension = :dimension, digest = :digest, vector = :vector

-- name: these
SELECT seq, vector FROM memory_vectors
WHERE embedder = :embedder AND seq IN (SELECT value FROM json_each(:seqs))

-- Memories without a vector of the embedder, the newest first.
-- name: missing
SELECT m.* FROM memories m
WHERE NOT EXISTS (SELECT 1 FROM memory_vectors WHERE embedder = :embedder AND seq = m.seq)
ORDER BY m.seq DESC LIMIT :limit

-- name: missing_total
SELECT (SELECT count(*) FROM memories)
    - (SELECT count(*) FROM memory_vectors WHERE embedder = :embedder) AS total

-- name: stale
DELETE FROM memory_vectors WHERE seq = :seq AND digest <> :digest

-- Memories whose text the embedder would not have.
-- name: refused
SELECT m.id FROM memory_vectors v JOIN memories m USING (seq)
WHERE v.embedder = :embedder AND length(v.vector) = 0 ORDER BY m.seq

-- name: unindexed
SELECT u.seq, v.vector, m.memory_type, m.scope, m.owner, m.expires_at, m.valid_from,
    m.superseded_by
FROM memory_unindexed u LEFT JOIN memories m ON m.seq = u.seq
LEFT JOIN memory_vectors v ON v.seq = u.seq AND v.embedder = :embedder
ORDER BY u.seq LIMIT :limit

-- What a search must leave out because some memory makes it necessary.
-- name: filters
SELECT EXISTS (SELECT 1 FROM memories
        WHERE scope <> 'repository' AND scope >= 'agent:' AND scope < 'agent;') AS owned,
    EXISTS (SELECT 1 FROM memories WHERE expires_at IS NOT NULL) AS ends,
    EXISTS (SELECT 1 FROM memories WHERE valid_from IS NOT NULL AND valid_from > :now) AS begins

-- name: indexed
DELETE FROM memory_unindexed WHERE seq IN (SELECT value FROM json_each(:seqs))

-- name: unindex_all
INSERT INTO memory_unindexed (seq) SELECT seq FROM memory_vectors WHERE embedder = :embedder
ON CONFLICT DO NOTHING

-- name: total
SELECT count(*) AS total FROM memory_vectors WHERE embedder = :embedder
