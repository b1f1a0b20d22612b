-- A task gets another id, and everything that names it follows: one statement a table.

-- name: unindex
INSERT INTO task_words (task_words, rowid, id, title, description, summary, labels)
SELECT 'delete', seq, id, title, description, summary, labels FROM tasks WHERE id = :old

-- name: task
UPDATE tasks SET id = :new WHERE id = :old

-- name: index
INSERT INTO task_words (rowid, id, title, description, summary, labels)
SELECT seq, id, title, description, summary, labels FROM tasks WHERE id = :new

-- name: children
UPDATE tasks SET parent_id = :new WHERE parent_id = :old RETURNING id

-- name: dependencies
UPDATE dependencies SET task_id = :new WHERE task_id = :old

-- name: dependents
UPDATE OR IGNORE dependencies SET depends_on = :new WHERE depends_on = :old RETURNING task_id AS id

-- name: links
UPDATE links SET task_id = :new WHERE task_id = :old

-- name: others
UPDATE OR IGNORE links SET other = :new WHERE other = :old RETURNING task_id AS id

-- name: aliases
UPDATE aliases SET task_id = :new WHERE task_id = :old

-- name: events
UPDATE events SET task_id = :new WHERE task_id = :old

-- name: reservations
UPDATE reservations SET task_id = :new WHERE task_id = :old

-- name: leases
UPDATE leases SET task_id = :new WHERE task_id = :old

-- name: messages
UPDATE messages SET task_id = :new WHERE task_id = :old

-- name: agents
UPDATE agents SET task_id = :new WHERE task_id = :old

-- name: conflicts
UPDATE conflicts SET task_id = :new WHERE task_id = :old

-- name: marks
UPDATE OR REPLACE mirror_pending SET id = :new WHERE kind = 'task' AND id = :old

-- name: measures
UPDATE OR REPLACE graph_dirty SET task_id = :new WHERE task_id = :old

-- name: runs
UPDATE runs SET task_id = :new WHERE task_id = :old
