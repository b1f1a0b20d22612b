-- name: mark
INSERT INTO mirror_pending (worktree, kind, id) VALUES (:worktree, :kind, :id)
ON CONFLICT (worktree, kind, id) DO UPDATE SET marks = marks + 1

-- What is due after that kind and id.
-- name: pending
SELECT kind, id, marks FROM mirror_pending
WHERE worktree = :worktree AND (kind, id) > (:kind, :id) ORDER BY kind, id LIMIT :limit

-- name: is_due
SELECT 1 AS found FROM mirror_pending WHERE worktree = :worktree AND kind = 'task' AND id = :id

-- name: pending_total
SELECT count(*) AS total FROM mirror_pending

-- name: pending_worktrees
SELECT DISTINCT worktree FROM mirror_pending

-- name: unmark_all
DELETE FROM mirror_pending WHERE worktree = :worktree AND (kind, id, marks) IN
    (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(:done))

-- name: forget_worktree
DELETE FROM mirror_pending WHERE worktree = :worktree

-- name: forget_loose
DELETE FROM mirror_texts WHERE worktree = :worktree

-- name: forget_seen
DELETE FROM mirror_seen WHERE worktree = :worktree

-- name: is_known
SELECT 1 AS known FROM mirror_known WHERE path = :path AND blob = :blob

-- name: remember
INSERT INTO mirror_known (path, blob) VALUES (:path, :blob) ON CONFLICT DO NOTHING RETURNING path

-- name: remember_all
INSERT INTO mirror_known (path, blob)
SELECT value ->> 0, value ->> 1 FROM json_each(:versions) WHERE true
ON CONFLICT DO NOTHING RETURNING path

-- name: see
INSERT INTO mirror_seen (worktree, path, blob, stat) VALUES (:worktree, :path, :blob, :stat)
ON CONFLICT (worktree, path) DO UPDATE SET blob = :blob, stat = :stat

-- name: see_all
INSERT INTO mirror_seen (worktree, path, blob, stat)
SELECT :worktree, value ->> 0, value ->> 1, value ->> 2 FROM json_each(:seen) WHERE true
ON CONFLICT (worktree, path) DO UPDATE SET blob = excluded.blob, stat = excluded.stat

-- name: seen
SELECT blob, stat FROM mirror_seen WHERE worktree = :worktree AND path = :path

-- The state of each file that the worktree had, as one JSON object: rows would take far longer.
-- name: all_seen
SELECT json_group_object(path, stat) AS stats FROM mirror_seen WHERE worktree = :worktree

-- name: these_seen
SELECT path, blob FROM mirror_seen
WHERE worktree = :worktree AND path IN (SELECT value FROM json_each(:paths))

-- name: unsee
DELETE FROM mirror_seen WHERE worktree = :worktree AND path = :path

-- name: seen_worktrees
SELECT DISTINCT worktree FROM mirror_seen

-- name: worktrees
SELECT worktree FROM mirror_pending UNION SELECT worktree FROM mirror_seen

-- Those of the ids that no task bears.
-- name: missing
SELECT value AS id FROM json_each(:ids) WHERE value NOT IN (SELECT id FROM tasks)

-- Another task that bears the key in the plan; there can be only one.
-- name: holder_of_key
SELECT id FROM tasks WHERE plan_id = :plan_id AND plan_key = :plan_key AND id <> :id

-- Tasks whose parent, or what they depend on, is not there.
-- name: dangling
SELECT id, parent_id AS missing FROM tasks WHERE parent_id NOT IN (SELECT id FROM tasks)
UNION ALL
SELECT task_id, depends_on FROM dependencies
WHERE task_id IN (SELECT id FROM tasks) AND depends_on NOT IN (SELECT id FROM tasks)
ORDER BY 1, 2

-- Tasks that wait for others: for what they depend on, or for their children.
-- name: waiting
SELECT task_id AS id FROM dependencies UNION SELECT parent_id FROM tasks WHERE parent_id IS NOT NULL

-- Those of the tasks that have children.
-- name: parents
SELECT id FROM tasks WHERE children > 0 AND id IN (SELECT value FROM json_each(:ids))

-- name: keep_texts
INSERT INTO mirror_texts (worktree, path, blob, text)
SELECT :worktree, value ->> 0, value ->> 1, value ->> 2 FROM json_each(:texts) WHERE true
ON CONFLICT (worktree, path) DO UPDATE SET blob = excluded.blob, text = excluded.text

-- name: texts
SELECT blob, text FROM mirror_texts WHERE blob IN (SELECT value FROM json_each(:blobs))

-- Of no use any more: what was committed.
-- name: forget_texts
DELETE FROM mirror_texts WHERE blob IN (SELECT value FROM json_each(:blobs))

-- name: any_loose
SELECT 1 AS found FROM mirror_texts WHERE worktree = :worktree LIMIT 1

-- What was written in the worktree and is in no commit, with the branch of its task.
-- name: loose
SELECT x.path, x.blob, s.stat, t.branch FROM mirror_texts x
JOIN mirror_seen s ON s.worktree = x.worktree AND s.path = x.path AND s.blob = x.blob
LEFT JOIN tasks t ON t.id = substr(x.path, 8, length(x.path) - 10)
WHERE x.worktree = :worktree ORDER BY x.path

-- Files that were deleted in the worktree, of which no commit knows yet.
-- name: loose_gone
SELECT path FROM mirror_texts WHERE worktree = :worktree AND blob = 'gone'

-- name: forget_gone
DELETE FROM mirror_texts
WHERE worktree = :worktree AND blob = 'gone' AND path IN (SELECT value FROM json_each(:paths))

-- name: known
SELECT value ->> 0 AS path, value ->> 1 AS blob FROM json_each(:versions)
WHERE EXISTS (SELECT 1 FROM mirror_known WHERE path = value ->> 0 AND blob = value ->> 1)
