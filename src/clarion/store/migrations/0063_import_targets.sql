-- Imports into a segment, with typed columns, cancelled. Programs before this step know lease_ms only: of imports that
-- they would read otherwise it is out of their reach, and held_until_ms is the lease.
ALTER TABLE import_job ADD COLUMN types text;            -- attribute → number, boolean or date; null: all texts
ALTER TABLE import_job ADD COLUMN segment_id bigint;     -- whoever is in gets into it
ALTER TABLE import_job ADD COLUMN rows_joined bigint NOT NULL DEFAULT 0;   -- people put into the segment
ALTER TABLE import_job ADD COLUMN held_until_ms bigint;
ALTER TABLE import_job ADD COLUMN cancelled_ms bigint;   -- somebody asked for its end; it is failed once it is over

ALTER TABLE upload ADD COLUMN whole smallint NOT NULL DEFAULT 1;   -- 0 while it is received
