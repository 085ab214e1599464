-- How the call that an event was taken with ended; null of those from before, and while it waits.
ALTER TABLE reporting_event ADD COLUMN status bigint;      -- HTTP
ALTER TABLE reporting_event ADD COLUMN calls bigint;       -- that one included
