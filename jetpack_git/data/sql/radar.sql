-- The tasks whose branches are worked on, or finished and not merged.
-- name: in_flight
SELECT t.*, '[]' AS depends FROM tasks t
WHERE t.branch IS NOT NULL AND (t.status IN ('claimed', 'in_progress')
    OR (t.status = 'completed' AND t.commit_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM events e
            WHERE e.task_id = t.id AND e.kind = 'integration.merged')))

-- What those branches come from, as far as swarms have said.
-- name: bases
SELECT DISTINCT base FROM swarms

-- name: tips
SELECT * FROM radar_tips

-- name: keep_tip
INSERT INTO radar_tips (task_id, tip, paths) VALUES (:task_id, :tip, :paths)
ON CONFLICT (task_id) DO UPDATE SET tip = :tip, paths = :paths

-- name: forget_tip
DELETE FROM radar_tips WHERE task_id = :task_id

-- name: pairs
SELECT * FROM radar_pairs ORDER BY one, other

-- name: pairs_of
SELECT * FROM radar_pairs WHERE one = :task_id OR other = :task_id

-- name: keep_pair
INSERT INTO radar_pairs (one, other, paths) VALUES (:one, :other, :paths)
ON CONFLICT (one, other) DO UPDATE SET paths = :paths

-- name: forget_pair
DELETE FROM radar_pairs WHERE one = :one AND other = :other
