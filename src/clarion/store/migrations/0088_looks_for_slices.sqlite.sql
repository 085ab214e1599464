-- What a look for a slice asks of triggers at work, apart from their rows: behind a megabyte of a trigger's data, each
-- of these columns costs the way through all of it.
CREATE INDEX IF NOT EXISTS broadcast_trigger_looked_at
    ON broadcast_trigger (trigger_id, processed_ms, open_slices, state, paused_ms, priority)
    WHERE processed_ms IS NULL;
