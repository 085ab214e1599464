-- Removing people's own data is marked before it begins, so that nobody reopens what is half gone; this is its end.

ALTER TABLE broadcast_trigger ADD COLUMN data_gone smallint NOT NULL DEFAULT 0;
UPDATE broadcast_trigger SET data_gone = 1 WHERE data_removed_ms IS NOT NULL AND details_removed_ms IS NULL;
