-- name: insert
INSERT INTO messages (id, thread, reply_to, type, sender, subject, body, importance, ack_asked,
    payload, attachments, task_id, sent_at)
VALUES (:id, :thread, :reply_to, :type, :sender, :subject, :body, :importance, :ack_asked,
    :payload, :attachments, :task_id, :now)
RETURNING seq

-- name: deliver
INSERT INTO deliveries (recipient, message) VALUES (:recipient, :message) ON CONFLICT DO NOTHING

-- name: get
SELECT * FROM messages WHERE id = :id

-- name: by_prefix
SELECT id FROM messages WHERE id >= :prefix AND id < :prefix || x'7f' ORDER BY id LIMIT 9

-- name: some_ids
SELECT id FROM messages ORDER BY seq DESC LIMIT 500

-- name: recipients
SELECT recipient, read_at, acked_at FROM deliveries WHERE message = :message ORDER BY recipient

-- What an agent got, the newest first; the unread alone if so asked.
-- name: inbox
SELECT m.*, d.read_at, d.acked_at FROM deliveries d JOIN messages m ON m.seq = d.message
WHERE d.recipient = :agent AND (NOT :unread OR d.read_at IS NULL)
ORDER BY d.message DESC LIMIT :limit

-- name: inbox_total
SELECT count(*) AS total FROM deliveries
WHERE recipient = :agent AND (NOT :unread OR read_at IS NULL)

-- name: unread
SELECT m.*, d.read_at, d.acked_at FROM deliveries d INDEXED BY deliveries_unread
JOIN messages m ON m.seq = d.message
WHERE d.recipient = :agent AND d.read_at IS NULL ORDER BY d.message DESC LIMIT :limit

-- name: any_unread
SELECT 1 AS found FROM deliveries INDEXED BY deliveries_unread WHERE read_at IS NULL LIMIT 1

-- name: unread_total
SELECT count(*) AS total FROM deliveries INDEXED BY deliveries_unread
WHERE recipient = :agent AND read_at IS NULL

-- name: outbox
SELECT * FROM messages WHERE sender = :agent ORDER BY seq DESC LIMIT :limit

-- name: outbox_total
SELECT count(*) AS total FROM messages WHERE sender = :agent

-- name: thread
SELECT * FROM messages WHERE thread = :thread ORDER BY seq

-- Who wrote in a thread or got something of it.
-- name: of_thread
SELECT sender AS name FROM messages WHERE thread = :thread
UNION
SELECT d.recipient FROM messages m JOIN deliveries d ON d.message = m.seq WHERE m.thread = :thread

-- Who wrote of a task or got something of it. Every claim asks this.
-- name: of_task
SELECT sender AS name FROM messages WHERE task_id = :task_id
UNION ALL
SELECT d.recipient FROM messages m JOIN deliveries d ON d.message = m.seq
WHERE m.task_id = :task_id

-- The threads of an agent, the last spoken in first.
-- name: threads
WITH mine (thread) AS (
    SELECT thread FROM messages WHERE sender = :agent
    UNION
    SELECT m.thread FROM deliveries d JOIN messages m ON m.seq = d.message
    WHERE d.recipient = :agent
)
SELECT first.id, first.subject, first.sender, count(m.seq) AS messages,
    max(m.seq) AS last, max(m.sent_at) AS last_at,
    (SELECT count(*) FROM messages n JOIN deliveries d ON d.message = n.seq
        WHERE n.thread = mine.thread AND d.recipient = :agent AND d.read_at IS NULL) AS unread
FROM mine JOIN messages m ON m.thread = mine.thread
JOIN messages first ON first.id = mine.thread
GROUP BY mine.thread ORDER BY last DESC LIMIT :limit

-- name: threads_total
SELECT count(*) AS total FROM (
    SELECT thread FROM messages WHERE sender = :agent
    UNION
    SELECT m.thread FROM deliveries d JOIN messages m ON m.seq = d.message
    WHERE d.recipient = :agent
)

-- name: read
UPDATE deliveries SET read_at = :now
WHERE recipient = :agent AND message = :message AND read_at IS NULL RETURNING message

-- name: ack
UPDATE deliveries SET acked_at = :now, read_at = coalesce(read_at, :now)
WHERE recipient = :agent AND message = :message AND acked_at IS NULL RETURNING message

-- What an agent sent or got that holds the words, the best first.
-- name: search
SELECT m.*, d.read_at, d.acked_at FROM message_words w JOIN messages m ON m.seq = w.rowid
LEFT JOIN deliveries d ON d.message = m.seq AND d.recipient = :agent
WHERE message_words MATCH :words AND (m.sender = :agent OR d.recipient IS NOT NULL)
ORDER BY bm25(message_words, 4, 1), m.seq DESC LIMIT :limit

-- name: search_total
SELECT count(*) AS total FROM message_words w JOIN messages m ON m.seq = w.rowid
LEFT JOIN deliveries d ON d.message = m.seq AND d.recipient = :agent
WHERE message_words MATCH :words AND (m.sender = :agent OR d.recipient IS NOT NULL)
