-- Who was refused a lease, and who has been told that they want it.
CREATE TABLE lease_waits (
    name   TEXT NOT NULL,
    agent  TEXT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (name, agent)
) WITHOUT ROWID;
