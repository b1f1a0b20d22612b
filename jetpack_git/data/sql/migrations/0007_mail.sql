-- What agents write to each other. A thread bears the id of its first message.
CREATE TABLE messages (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    thread      TEXT NOT NULL,
    reply_to    TEXT,
    type        TEXT NOT NULL,
    sender      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL DEFAULT '',
    importance  TEXT NOT NULL DEFAULT 'normal',
    ack_asked   INTEGER NOT NULL DEFAULT 0,
    payload     TEXT NOT NULL DEFAULT '{}',
    attachments TEXT NOT NULL DEFAULT '[]',
    task_id     TEXT,
    sent_at     TEXT NOT NULL
);
CREATE INDEX messages_thread ON messages (thread, seq);
CREATE INDEX messages_sender ON messages (sender, seq);
CREATE INDEX messages_task ON messages (task_id, seq) WHERE task_id IS NOT NULL;

-- One row for each message and each who gets it.
CREATE TABLE deliveries (
    recipient TEXT NOT NULL,
    message   INTEGER NOT NULL,
    read_at   TEXT,
    acked_at  TEXT,
    PRIMARY KEY (recipient, message)
) WITHOUT ROWID;
CREATE INDEX deliveries_message ON deliveries (message);
CREATE INDEX deliveries_unread ON deliveries (recipient, message) WHERE read_at IS NULL;

CREATE VIRTUAL TABLE message_words USING fts5(
    subject, body, content='messages', content_rowid='seq', tokenize='unicode61'
);
CREATE TRIGGER message_words_added AFTER INSERT ON messages
BEGIN
    INSERT INTO message_words (rowid, subject, body) VALUES (NEW.seq, NEW.subject, NEW.body);
END;

-- Who has registered says what it is; who has retired gets no mail and keeps its name.
ALTER TABLE agents ADD COLUMN model TEXT;
ALTER TABLE agents ADD COLUMN retired_at TEXT;
