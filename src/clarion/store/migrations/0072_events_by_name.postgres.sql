-- outside a transaction
-- For segments: what one person did of one kind, newest first.
-- Left by a try that was broken off, the index would be invalid.
DROP INDEX IF EXISTS person_event_by_name;
CREATE INDEX CONCURRENTLY person_event_by_name ON person_event (person_id, name, at_ms);
