-- One statement: of several that want the name exactly one gets a row.
-- name: take
INSERT INTO leases (name, pattern, agent, incarnation, task_id, ttl_s, since, expires_at)
VALUES (:name, :pattern, :agent, :incarnation, :task_id, :ttl_s, :now, :expires_at)
ON CONFLICT (name) DO UPDATE SET agent = :agent, pattern = :pattern, incarnation = :incarnation, ttl_s = :ttl_s,
    task_id = coalesce(:task_id, CASE WHEN agent = :agent THEN task_id END),
    since = CASE WHEN agent = :agent AND leases.expires_at > :now THEN since ELSE :now END,
    expires_at = :expires_at
WHERE leases.agent = :agent OR leases.expires_at <= :now
RETURNING *

-- name: get
SELECT * FROM leases WHERE name = :name AND expires_at > :now

-- name: active
SELECT * FROM leases WHERE expires_at > :now ORDER BY name

-- Those of files, as the guard sees reservations: before all others.
-- name: files
SELECT -1 AS seq, name AS pattern, agent, incarnation, task_id, 0 AS shared, 'edit' AS reason,
    since AS created_at, expires_at, NULL AS released_at
FROM leases WHERE pattern AND expires_at > :now ORDER BY name

-- name: any_files
SELECT 1 AS found FROM leases WHERE pattern AND expires_at > :now LIMIT 1

-- Whoever has it, though the agent wanted it otherwise.
-- name: holder
SELECT * FROM leases WHERE name = :name

-- name: release
DELETE FROM leases WHERE agent = :agent AND (:name IS NULL OR name = :name)
    AND (:task_id IS NULL OR task_id = :task_id) RETURNING *

-- name: hand_over
UPDATE leases SET agent = :to, incarnation = NULL WHERE agent = :agent AND task_id = :task_id

-- name: extend
UPDATE leases SET expires_at = strftime('%Y-%m-%dT%H:%M:%fZ', :now, '+' || ttl_s || ' seconds')
WHERE agent = :agent AND expires_at > :now

-- name: prune
DELETE FROM leases WHERE expires_at <= :now
