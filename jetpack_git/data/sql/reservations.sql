-- name: insert
INSERT INTO reservations (pattern, anchor, agent, incarnation, task_id, shared, reason,
    created_at, expires_at)
VALUES (:pattern, :anchor, :agent, :incarnation, :task_id, :shared, :reason, :now, :expires_at)
RETURNING *

-- An agent that reserves the same thing again keeps its place in the order.
-- name: renew
UPDATE reservations SET expires_at = max(expires_at, :expires_at),
    task_id = coalesce(:task_id, task_id), incarnation = coalesce(:incarnation, incarnation)
WHERE anchor = :anchor AND pattern = :pattern AND agent = :agent AND shared = :shared
    AND reason = :reason AND released_at IS NULL AND expires_at > :now
RETURNING *

-- The active reservations whose literal beginning is just one of these paths. All that can
-- cover a file stand at the file or at one of the folders above it.
-- name: at
SELECT * FROM reservations INDEXED BY reservations_active
WHERE released_at IS NULL AND expires_at > :now
    AND anchor IN (SELECT value FROM json_each(:anchors))
ORDER BY seq

-- The same, but only what tells whether a path can meet them.
-- name: near
SELECT seq, anchor, pattern FROM reservations INDEXED BY reservations_active
WHERE released_at IS NULL AND expires_at > :now
    AND anchor IN (SELECT value FROM json_each(:anchors))

-- name: numbered
SELECT * FROM reservations WHERE seq IN (SELECT value FROM json_each(:seqs)) ORDER BY seq

-- Those that were active at some time or are, at such paths, if nobody has pruned them.
-- name: since
SELECT * FROM reservations
WHERE coalesce(released_at, expires_at) > :now
    AND anchor IN (SELECT value FROM json_each(:anchors))
ORDER BY seq

-- The active reservations below a folder.
-- name: below
SELECT * FROM reservations INDEXED BY reservations_active
WHERE released_at IS NULL AND expires_at > :now
    AND (:anchor = '' OR (anchor > :anchor || '/' AND anchor < :anchor || '0'))
ORDER BY seq

-- name: active
SELECT * FROM reservations
WHERE released_at IS NULL AND expires_at > :now AND (:agent IS NULL OR agent = :agent)
ORDER BY seq LIMIT :limit

-- name: active_total
SELECT count(*) AS total FROM reservations
WHERE released_at IS NULL AND expires_at > :now AND (:agent IS NULL OR agent = :agent)

-- name: any_active
SELECT 1 AS found FROM reservations WHERE released_at IS NULL AND expires_at > :now LIMIT 1

-- What ran out is active no more, and no longer in the way of a search for what is.
-- name: expire
UPDATE reservations SET released_at = expires_at
WHERE agent = :agent AND released_at IS NULL AND expires_at <= :now

-- name: release
UPDATE reservations SET released_at = :now
WHERE agent = :agent AND released_at IS NULL AND (:pattern IS NULL OR pattern = :pattern)
    AND (:task_id IS NULL OR task_id = :task_id)
    AND (:incarnation IS NULL OR incarnation IS NULL OR incarnation = :incarnation)
RETURNING *

-- What ran out stays so: somebody else may have been told meanwhile that the way is free.
-- name: extend
UPDATE reservations SET expires_at = max(expires_at, :expires_at)
WHERE agent = :agent AND incarnation = :incarnation AND released_at IS NULL
    AND expires_at > :since

-- name: hand_over
UPDATE reservations SET agent = :to, incarnation = NULL
WHERE agent = :agent AND task_id = :task_id AND released_at IS NULL

-- What was made for a task that is over; a program's swarm sees to that itself.
-- name: finish
UPDATE reservations SET released_at = :now
WHERE agent = :agent AND task_id = :task_id AND released_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM agents
        WHERE name = :agent AND kind = 'program' AND status IN ('idle', 'working'))
RETURNING *

-- name: release_ids
UPDATE reservations SET released_at = :now
WHERE agent = :agent AND released_at IS NULL AND seq IN (SELECT value FROM json_each(:ids))
RETURNING *

-- name: prune
DELETE FROM reservations WHERE coalesce(released_at, expires_at) < :before
