-- outside a transaction
-- For the page: how many drafts wait, without reading the counters of every trigger there ever was.
-- Left by a try that was broken off, the index would be invalid.
DROP INDEX IF EXISTS trigger_count_drafted;
CREATE INDEX CONCURRENTLY trigger_count_drafted ON trigger_count (trigger_id) WHERE state = 4;
