-- What a memory supersedes, and who says the very same, is found without looking at all of them.
CREATE INDEX memories_successor ON memories (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX memory_vectors_digest ON memory_vectors (digest, embedder);
