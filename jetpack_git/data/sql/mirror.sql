-- name: mark
INSERT INTO mirror_pending (worktree, kind, id) VALUES (:worktree, :kind, :id)
ON CONFLICT (worktree, kind, id) DO UPDATE SET marks = marks + 1

-- name: pending
SELECT kind, id, marks FROM mirror_pending WHERE worktree = :worktree ORDER BY kind, id LIMIT :limit

-- name: pending_total
SELECT count(*) AS total FROM mirror_pending

-- name: pending_worktrees
SELECT DISTINCT worktree FROM mirror_pending

-- name: unmark
DELETE FROM mirror_pending
WHERE worktree = :worktree AND kind = :kind AND id = :id AND marks = :marks

-- name: forget_worktree
DELETE FROM mirror_pending WHERE worktree = :worktree

-- name: forget_seen
DELETE FROM mirror_seen WHERE worktree = :worktree

-- name: is_known
SELECT 1 AS known FROM mirror_known WHERE path = :path AND blob = :blob

-- name: remember
INSERT INTO mirror_known (path, blob) VALUES (:path, :blob) ON CONFLICT DO NOTHING

-- name: see
INSERT INTO mirror_seen (worktree, path, blob, stat) VALUES (:worktree, :path, :blob, :stat)
ON CONFLICT (worktree, path) DO UPDATE SET blob = :blob, stat = :stat

-- name: seen
SELECT blob, stat FROM mirror_seen WHERE worktree = :worktree AND path = :path

-- name: all_seen
SELECT path, blob, stat FROM mirror_seen WHERE worktree = :worktree

-- name: unsee
DELETE FROM mirror_seen WHERE worktree = :worktree AND path = :path

-- name: seen_worktrees
SELECT DISTINCT worktree FROM mirror_seen

-- name: worktrees
SELECT worktree FROM mirror_pending UNION SELECT worktree FROM mirror_seen
