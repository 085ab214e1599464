-- outside a transaction
-- To find people while their id is being typed. Left by a try that was broken off, the index would be invalid.
DROP INDEX IF EXISTS person_by_id_prefix;
CREATE INDEX CONCURRENTLY person_by_id_prefix ON person (workspace_id, id text_pattern_ops);
