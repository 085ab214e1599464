-- outside a transaction
-- For those who operate Clarion: how much is in doubt, without reading the counters of every trigger there ever was.
-- Left by a try that was broken off, the index would be invalid.
DROP INDEX IF EXISTS trigger_count_in_doubt;
CREATE INDEX CONCURRENTLY trigger_count_in_doubt ON trigger_count (trigger_id) WHERE state = 6;
