-- name: begin
INSERT INTO swarms (id, host, pid, pid_started, base, size, bypass, started_at)
VALUES (:id, :host, :pid, :pid_started, :base, :size, :bypass, :now)

-- name: get
SELECT * FROM swarms WHERE id = :id

-- name: running
SELECT * FROM swarms WHERE ended_at IS NULL ORDER BY started_at

-- A wish to stop is not taken back.
-- name: want
UPDATE swarms SET wanted = :wanted
WHERE id = :id AND ended_at IS NULL
    AND (wanted NOT IN ('stop', 'halt') OR :wanted IN ('stop', 'halt'))
RETURNING id

-- name: resize
UPDATE swarms SET size = :size WHERE id = :id AND ended_at IS NULL RETURNING id

-- name: end
UPDATE swarms SET ended_at = :now WHERE id = :id AND ended_at IS NULL
