-- name: get
SELECT * FROM plans WHERE id = :id

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
