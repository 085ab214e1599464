-- When a test of an action was sent last; null: never.
ALTER TABLE action ADD COLUMN tested_ms bigint;
