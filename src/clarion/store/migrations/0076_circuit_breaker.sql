-- A trigger that is paused by itself when too much of it goes wrong.
ALTER TABLE workspace ADD COLUMN circuit_breaker text;       -- JSON; null: none
ALTER TABLE broadcast_trigger ADD COLUMN broken_ms bigint;   -- when that happened last: while it is paused_ms, it is so
ALTER TABLE broadcast_trigger ADD COLUMN broken_words text;  -- why
ALTER TABLE broadcast_trigger ADD COLUMN broken_at text;     -- JSON: what was counted then; from there it counts anew
