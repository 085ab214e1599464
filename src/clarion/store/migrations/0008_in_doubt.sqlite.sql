-- For those who operate Clarion: how much is in doubt, without reading the counters of every trigger there ever was.
CREATE INDEX trigger_count_in_doubt ON trigger_count (trigger_id) WHERE state = 6;
