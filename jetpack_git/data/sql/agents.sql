-- name: get
SELECT * FROM agents WHERE name = :name

-- name: all
SELECT * FROM agents ORDER BY name

-- name: of_worktree
SELECT name FROM agents WHERE worktree = :worktree AND status IN ('spawning', 'idle', 'working', 'stopping')

-- A person, or a program that only ever uses the command line.
-- name: meet
INSERT INTO agents (name, kind, status, started_at) VALUES (:name, 'person', 'idle', :now)
ON CONFLICT DO NOTHING

-- One statement: of several coordinators that want the name exactly one gets a row.
-- name: start
INSERT INTO agents (name, kind, status, skills, incarnation, host, pid, pid_started, worktree,
    started_at, heartbeat_at)
VALUES (:name, 'program', 'spawning', :skills, :incarnation, :host, :pid, :pid_started, :worktree,
    :now, :now)
ON CONFLICT (name) DO UPDATE SET kind = 'program', status = 'spawning', skills = :skills,
    incarnation = :incarnation, host = :host, pid = :pid, pid_started = :pid_started,
    child_pid = NULL, child_started = NULL, worktree = :worktree, task_id = NULL,
    started_at = :now, heartbeat_at = :now
WHERE agents.status IN ('stopped', 'failed')
RETURNING name

-- name: beat
UPDATE agents SET heartbeat_at = :now
WHERE name = :name AND incarnation = :incarnation AND status IN ('spawning', 'idle', 'working', 'stopping')
RETURNING name

-- name: work
UPDATE agents
SET status = CASE WHEN status = 'stopping' THEN status ELSE :status END, task_id = :task_id, child_pid = :child_pid,
    child_started = :child_started, heartbeat_at = :now
WHERE name = :name AND incarnation = :incarnation AND status IN ('spawning', 'idle', 'working', 'stopping')

-- The agents of a coordinator that was asked to stop.
-- name: stopping
UPDATE agents SET status = 'stopping'
WHERE host = :host AND pid = :pid AND status IN ('spawning', 'idle', 'working')

-- An agent that is stale is dead, and its affairs are not settled yet.
-- name: expire
UPDATE agents SET status = 'stale'
WHERE name = :name AND incarnation = :incarnation AND status IN ('spawning', 'idle', 'working', 'stopping')
RETURNING name

-- name: finish
UPDATE agents SET status = :status, task_id = NULL, child_pid = NULL, child_started = NULL
WHERE name = :name AND incarnation = :incarnation AND status NOT IN ('stopped', 'failed')
RETURNING name

-- name: running
SELECT * FROM agents WHERE kind = 'program' AND status NOT IN ('stopped', 'failed') ORDER BY name

-- A new life of an agent that no process of ours runs, or whose last life is over.
-- name: register
INSERT INTO agents (name, kind, status, skills, model, incarnation, started_at, works_in)
VALUES (:name, 'person', 'idle', :skills, :model, :incarnation, :now, :works_in)
ON CONFLICT (name) DO UPDATE SET status = 'idle', skills = coalesce(:new_skills, skills),
    model = coalesce(:model, model), incarnation = :incarnation, started_at = :now,
    heartbeat_at = NULL, retired_at = NULL, works_in = :works_in
WHERE agents.status IN ('stopped', 'failed') OR (agents.kind = 'person' AND (agents.incarnation IS NULL
    OR coalesce(agents.heartbeat_at, agents.started_at) < :fresh
    OR agents.retired_at IS NOT NULL OR agents.incarnation IS :mine OR :borrowed))
RETURNING name

-- name: heartbeat
UPDATE agents SET heartbeat_at = :now, works_in = coalesce(:works_in, works_in)
WHERE name = :name AND (:incarnation IS NULL OR incarnation IS :incarnation)
    AND retired_at IS NULL AND status IN ('spawning', 'idle', 'working', 'stopping')
RETURNING name

-- Names that tasks and logs bear, whose agents this clone never saw.
-- name: named_elsewhere
SELECT assignee AS name FROM tasks WHERE assignee IS NOT NULL
UNION SELECT agent FROM events WHERE agent IS NOT NULL

-- name: retire
UPDATE agents SET retired_at = :now, heartbeat_at = NULL WHERE name = :name RETURNING name
