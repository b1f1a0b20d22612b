-- How many claims were made in this clone: every so many of them is for the oldest task.
CREATE TABLE claims_made (n INTEGER NOT NULL);
INSERT INTO claims_made VALUES (0);
DELETE FROM meta WHERE name = 'claims';

CREATE TRIGGER tasks_claimed AFTER UPDATE OF status ON tasks
WHEN NEW.status = 'claimed' AND OLD.status <> 'claimed'
BEGIN
    UPDATE claims_made SET n = n + 1;
END;
