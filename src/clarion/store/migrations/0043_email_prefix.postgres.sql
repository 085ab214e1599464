-- outside a transaction
-- To find people while their address is being typed. Left by a try that was broken off, the index would be invalid.
DROP INDEX IF EXISTS person_by_email_prefix;
CREATE INDEX CONCURRENTLY person_by_email_prefix ON person (workspace_id, email_key text_pattern_ops);
