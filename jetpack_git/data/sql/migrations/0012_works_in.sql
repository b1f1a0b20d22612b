-- Where an agent that uses the command line alone was last heard of.
ALTER TABLE agents ADD COLUMN works_in TEXT;
