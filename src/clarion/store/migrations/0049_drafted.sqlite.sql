-- For the page: how many drafts wait, without reading the counters of every trigger there ever was.
CREATE INDEX IF NOT EXISTS trigger_count_drafted ON trigger_count (trigger_id) WHERE state = 4;
