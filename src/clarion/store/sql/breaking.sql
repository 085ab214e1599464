-- name: breaker
SELECT circuit_breaker FROM workspace WHERE workspace_id = :workspace_id;

-- name: set_breaker
UPDATE workspace SET circuit_breaker = CAST(:breaker AS text) WHERE workspace_id = :workspace_id;

-- name: watched_triggers
-- Those that send (one, or all for 0) of workspaces where something is to stop them. From the index of unfinished ones.
SELECT t.trigger_id, t.broken_at, w.circuit_breaker
FROM broadcast_trigger t JOIN workspace w ON w.workspace_id = t.workspace_id
WHERE t.processed_ms IS NULL AND t.paused_ms IS NULL AND t.state IN ('resolving', 'sending')
  AND w.circuit_breaker IS NOT NULL AND (:only = 0 OR t.trigger_id = :only);

-- name: counts_by_action
-- From the counters of some triggers.
SELECT c.trigger_id, c.action_id, c.state, c.reason, CAST(SUM(c.n) AS bigint) AS n FROM trigger_count c
WHERE c.trigger_id {{in :ids}} GROUP BY c.trigger_id, c.action_id, c.state, c.reason;

-- name: break_trigger
-- Meets no row when somebody paused or stopped it meanwhile.
UPDATE broadcast_trigger SET paused_ms = n.now_ms, broken_ms = n.now_ms, broken_words = :words, broken_at = :counted,
    control_by = :by, control_ms = n.now_ms
FROM (SELECT {{now_ms}} AS now_ms) AS n
WHERE trigger_id = :trigger_id AND paused_ms IS NULL AND state IN ('resolving', 'sending');
