-- The first task that bore an alias keeps it.
-- name: add
INSERT INTO aliases (alias, task_id) VALUES (:alias, :task_id) ON CONFLICT DO NOTHING

-- name: clear
DELETE FROM aliases
WHERE task_id = :task_id AND alias NOT IN (SELECT value FROM json_each(:keep))

-- name: get
SELECT task_id AS id FROM aliases WHERE alias = :alias

-- name: by_prefix
SELECT DISTINCT task_id AS id FROM aliases
WHERE alias >= :prefix AND alias < :prefix || x'7f' ORDER BY alias LIMIT 9

-- name: these
SELECT alias, task_id, version, base FROM json_each(:aliases) i JOIN aliases a ON a.alias = i.value

-- name: import
INSERT INTO aliases (alias, task_id, version, base) VALUES (:alias, :task_id, :version, :base)
ON CONFLICT (alias) DO UPDATE SET version = :version, base = :base WHERE task_id = :task_id
