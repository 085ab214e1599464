-- For those who operate Clarion: how much is in doubt, without reading the counters of every trigger there ever was.
CREATE INDEX trigger_count_in_doubt ON trigger_count (trigger_id) WHERE state = 6;

-- The trace that the call which made a trigger belonged to (W3C traceparent); null without tracing.
ALTER TABLE broadcast_trigger ADD COLUMN traceparent text;
