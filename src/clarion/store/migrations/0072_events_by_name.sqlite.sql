-- For segments: what one person did of one kind, newest first.
CREATE INDEX IF NOT EXISTS person_event_by_name ON person_event (person_id, name, at_ms);
