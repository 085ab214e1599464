-- The trace that the call which made a trigger belonged to (W3C traceparent); null without tracing.
ALTER TABLE broadcast_trigger ADD COLUMN traceparent text;
