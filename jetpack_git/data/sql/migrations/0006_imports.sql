-- What an import last read under an alias: the tool, and a digest of what it said.
ALTER TABLE aliases ADD COLUMN version TEXT NOT NULL DEFAULT '';
