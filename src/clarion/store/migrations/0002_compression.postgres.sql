-- Past 2 kB PostgreSQL moves attributes out of line; lz4 makes reading them several times cheaper.
-- A server built without lz4 keeps its default.
DO $$
BEGIN
    ALTER TABLE person ALTER COLUMN attributes SET COMPRESSION lz4;
    ALTER TABLE trigger_entry ALTER COLUMN data SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;
