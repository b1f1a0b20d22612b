-- name: begin
INSERT INTO runs (swarm, task_id, agent, incarnation, adapter, model, session, started_at)
VALUES (:swarm, :task_id, :agent, :incarnation, :adapter, :model, :session, :now)
RETURNING id

-- What one run has used so far, and what the program's own counters stand at.
-- name: note
UPDATE runs SET fresh = :fresh, cached = :cached, output = :output, cost = :cost,
    counted_fresh = :counted_fresh, counted_cached = :counted_cached,
    counted_output = :counted_output, counted_cost = :counted_cost,
    session = coalesce(:session, session), model = coalesce(:model, model)
WHERE id = :id

-- name: end
UPDATE runs SET ended_at = :now, ending = :ending, exit_code = :exit_code, note = :note
WHERE id = :id AND ended_at IS NULL

-- A run whose coordinator has died is over since the agent was last heard of.
-- name: end_of_life
UPDATE runs SET ended_at = max(started_at, coalesce(:heard_at, started_at)), ending = 'error',
    note = :note
WHERE agent = :agent AND incarnation IS :incarnation AND ended_at IS NULL

-- name: counted
SELECT counted_fresh, counted_cached, counted_output, counted_cost FROM runs
WHERE adapter = :adapter AND session = :session ORDER BY id DESC LIMIT 1

-- name: spent_on_task
SELECT coalesce(sum(fresh + cached + output), 0) AS tokens, coalesce(sum(cost), 0) AS cost,
    coalesce(sum(julianday(coalesce(ended_at, :now)) - julianday(started_at)), 0) * 1440 AS minutes
FROM runs WHERE task_id = :name

-- name: spent_by_agent
SELECT coalesce(sum(fresh + cached + output), 0) AS tokens, coalesce(sum(cost), 0) AS cost,
    coalesce(sum(julianday(coalesce(ended_at, :now)) - julianday(started_at)), 0) * 1440 AS minutes
FROM runs WHERE agent = :name

-- name: spent_since
SELECT coalesce(sum(fresh + cached + output), 0) AS tokens, coalesce(sum(cost), 0) AS cost,
    coalesce(sum(julianday(coalesce(ended_at, :now)) - julianday(started_at)), 0) * 1440 AS minutes
FROM runs WHERE started_at >= :name

-- name: spent_by_swarm
SELECT coalesce(sum(fresh + cached + output), 0) AS tokens, coalesce(sum(cost), 0) AS cost,
    coalesce(sum(julianday(coalesce(ended_at, :now)) - julianday(started_at)), 0) * 1440 AS minutes
FROM runs WHERE swarm = :name

-- What was used, by one of task, agent, model and day; `unknown` runs used tokens of no known cost.
-- name: costs
SELECT CASE :by WHEN 'task' THEN task_id WHEN 'agent' THEN agent
        WHEN 'model' THEN coalesce(model, adapter) ELSE substr(started_at, 1, 10) END AS name,
    count(*) AS runs, sum(fresh) AS fresh, sum(cached) AS cached, sum(output) AS output,
    sum(cost) AS cost, sum(cost IS NULL AND fresh + cached + output > 0) AS unknown,
    sum(julianday(coalesce(ended_at, :now)) - julianday(started_at)) * 1440 AS minutes
FROM runs WHERE started_at >= :since GROUP BY name ORDER BY name

-- The runs that go on.
-- name: open
SELECT r.*, t.title FROM runs AS r LEFT JOIN tasks AS t ON t.id = r.task_id
WHERE r.ended_at IS NULL ORDER BY r.agent

-- name: last_of_agent
SELECT r.*, t.title FROM runs AS r LEFT JOIN tasks AS t ON t.id = r.task_id
WHERE r.agent = :agent ORDER BY r.id DESC LIMIT 1

-- name: of_agent_since
SELECT r.*, t.title FROM runs AS r LEFT JOIN tasks AS t ON t.id = r.task_id
WHERE r.agent = :agent AND r.started_at >= :since ORDER BY r.id

-- What each agent of one swarm used.
-- name: used_in_swarm
SELECT agent, sum(fresh) AS fresh, sum(cached) AS cached, sum(output) AS output, sum(cost) AS cost
FROM runs WHERE swarm = :swarm GROUP BY agent

-- name: all
SELECT * FROM runs ORDER BY id
