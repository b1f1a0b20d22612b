-- name: nodes
SELECT id, parent_id, estimate_s, children, status FROM tasks

-- name: set_score
UPDATE tasks SET graph_score = :score WHERE id = :id AND graph_score <> :score
