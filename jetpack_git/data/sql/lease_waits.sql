-- The agent waits for it; a row if this holder has not been told.
-- name: add
INSERT INTO lease_waits (name, agent, holder) VALUES (:name, :agent, :holder)
ON CONFLICT (name, agent) DO UPDATE SET holder = :holder WHERE holder <> :holder
RETURNING agent

-- name: any
SELECT 1 AS found FROM lease_waits LIMIT 1

-- Those whose holder has the lease no more.
-- name: end
DELETE FROM lease_waits WHERE NOT EXISTS (
    SELECT 1 FROM leases l
    WHERE l.name = lease_waits.name AND l.agent = lease_waits.holder AND l.expires_at > :now
) RETURNING name, agent, holder

-- name: next_end
SELECT min(l.expires_at) AS at FROM lease_waits w
JOIN leases l ON l.name = w.name AND l.agent = w.holder WHERE w.agent = :agent
