-- What an import last read under an alias, as JSON, to see what has changed there since.
ALTER TABLE aliases ADD COLUMN base TEXT NOT NULL DEFAULT '';
