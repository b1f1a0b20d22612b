-- name: get
SELECT * FROM plans WHERE id = :id

-- name: of_source
SELECT * FROM plans WHERE source = :source ORDER BY created_at DESC, id LIMIT 1

-- name: all
SELECT p.*, (SELECT count(*) FROM tasks t WHERE t.plan_id = p.id AND t.children = 0) AS tasks,
    (SELECT count(*) FROM tasks t
        WHERE t.plan_id = p.id AND t.children = 0 AND t.status = 'completed') AS completed,
    (SELECT count(*) FROM tasks t
        WHERE t.plan_id = p.id AND t.children = 0 AND t.status = 'cancelled') AS cancelled
FROM plans p ORDER BY p.created_at, p.id

-- name: save
INSERT INTO plans (id, title, source, created_at, extra)
VALUES (:id, :title, :source, :created_at, :extra)
ON CONFLICT (id) DO UPDATE SET title = :title, source = :source, created_at = :created_at,
    extra = :extra

-- name: save_if_new
INSERT INTO plans (id, title, source, created_at) VALUES (:id, :title, '', :created_at)
ON CONFLICT DO NOTHING RETURNING id

-- Whether some dependency joins the plan's tasks with others.
-- name: crosses
SELECT 1 AS found FROM dependencies d
JOIN tasks t ON t.id = d.task_id
JOIN tasks b ON b.id = d.depends_on
WHERE (t.plan_id IS :plan_id) <> (b.plan_id IS :plan_id) LIMIT 1

-- Another task may get the key.
-- name: forget_key
UPDATE tasks SET plan_key = NULL WHERE id = :id

-- name: leave
UPDATE tasks SET plan_id = NULL, plan_key = NULL WHERE id = :id
