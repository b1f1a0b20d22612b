-- The words of the tasks, for `git jetpack search`.
CREATE VIRTUAL TABLE task_words USING fts5(
    id, title, description, summary, labels,
    content = 'tasks', content_rowid = 'seq', tokenize = 'unicode61'
);
INSERT INTO task_words (task_words) VALUES ('rebuild');

CREATE TRIGGER task_words_added AFTER INSERT ON tasks
BEGIN
    INSERT INTO task_words (rowid, id, title, description, summary, labels)
    VALUES (NEW.seq, NEW.id, NEW.title, NEW.description, NEW.summary, NEW.labels);
END;

CREATE TRIGGER task_words_removed AFTER DELETE ON tasks
BEGIN
    INSERT INTO task_words (task_words, rowid, id, title, description, summary, labels)
    VALUES ('delete', OLD.seq, OLD.id, OLD.title, OLD.description, OLD.summary, OLD.labels);
END;

CREATE TRIGGER task_words_changed AFTER UPDATE OF title, description, summary, labels ON tasks
WHEN OLD.title <> NEW.title OR OLD.description <> NEW.description OR OLD.labels <> NEW.labels
    OR OLD.summary IS NOT NEW.summary
BEGIN
    INSERT INTO task_words (task_words, rowid, id, title, description, summary, labels)
    VALUES ('delete', OLD.seq, OLD.id, OLD.title, OLD.description, OLD.summary, OLD.labels);
    INSERT INTO task_words (rowid, id, title, description, summary, labels)
    VALUES (NEW.seq, NEW.id, NEW.title, NEW.description, NEW.summary, NEW.labels);
END;
