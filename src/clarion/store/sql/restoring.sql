-- name: jump_numbers
-- What was made after the backup has numbers that are out in the world; nothing gets one of them again.
UPDATE number_range SET next = next + :jump;

-- name: triggers_to_hold
-- With how many accounts nobody knows of: the backup has them queued, but they may have been sent since.
SELECT t.trigger_id, t.broadcast_id, t.state,
       (SELECT COALESCE(SUM(c.n), 0) FROM trigger_count c WHERE c.trigger_id = t.trigger_id AND c.state = 0) AS queued
FROM broadcast_trigger t WHERE t.state NOT IN ('done', 'failed', 'stopped') ORDER BY t.trigger_id;

-- name: stop_unfinished
UPDATE broadcast_trigger SET state = 'stopped', processed_ms = CASE WHEN open_slices = 0 THEN {{now_ms}} END,
    resolve_owner = NULL, resolve_lease_ms = 0, resolve_fence = resolve_fence + 1
WHERE state NOT IN ('done', 'failed', 'stopped');

-- name: rush_unfinished
-- Closed by the first worker that starts: accounts that are queued end as stopped.
UPDATE slice SET due_ms = 0, lease_ms = 0 WHERE done = 0;
