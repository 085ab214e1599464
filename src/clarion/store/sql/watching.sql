-- name: standing_of_triggers
-- How some triggers (:ids is a JSON list) stand, with what may hold them back. Of their open slices only the first
-- few in the order in which they are claimed are looked at: those are the ones that somebody holds.
SELECT t.trigger_id, t.broadcast_id, b.name AS broadcast_name, t.state, t.failure, t.selector, t.triggered_by,
       t.created_ms, t.processed_ms, t.scheduled_ms, t.audience_ms, t.audience, t.recipients, t.open_slices,
       t.resolved_to, t.resolve_until, t.resolve_lease_ms, t.resolve_due_ms, t.next_entry, t.file_done, t.error_count,
       t.priority, t.paused_ms, t.broken_ms, t.broken_words, t.rate_messages, t.rate_per_ms,
       t.spread_until_ms, t.expires_ms, t.cancelled_ms,
       t.control_by, t.condition IS NOT NULL AS filtered, {{now_ms}} AS now_ms,
       COALESCE(f.ready_ms, 0) AS ready_ms, COALESCE(f.turn, 0) AS turn,
       (SELECT MAX(s.lease_ms) FROM (SELECT lease_ms FROM slice WHERE trigger_id = t.trigger_id AND done = 0 AND tried = 0
           ORDER BY due_ms, no LIMIT 32) AS s) AS fresh_lease_ms,
       (SELECT MAX(s.lease_ms) FROM (SELECT lease_ms FROM slice WHERE trigger_id = t.trigger_id AND done = 0 AND tried = 1
           ORDER BY due_ms, no LIMIT 32) AS s) AS tried_lease_ms,
       (SELECT due_ms FROM slice WHERE trigger_id = t.trigger_id AND done = 0 AND tried = 0
           ORDER BY due_ms, no LIMIT 1) AS fresh_due_ms,
       (SELECT due_ms FROM slice WHERE trigger_id = t.trigger_id AND done = 0 AND tried = 1
           ORDER BY due_ms, no LIMIT 1) AS tried_due_ms,
       (SELECT MAX(o.turn) FROM broadcast_trigger u JOIN trigger_flow o ON o.trigger_id = u.trigger_id
           WHERE u.processed_ms IS NULL AND u.trigger_id <> t.trigger_id) AS other_turn,
       (SELECT MIN(a.no) FROM trigger_again a
           WHERE a.trigger_id = t.trigger_id AND (a.done_ms IS NULL OR a.open = 1)) AS repeating
FROM broadcast_trigger t JOIN broadcast b ON b.broadcast_id = t.broadcast_id
LEFT JOIN trigger_flow f ON f.trigger_id = t.trigger_id
WHERE t.trigger_id {{in :ids}} AND t.workspace_id = :workspace_id;

-- name: counts_of_triggers
-- From the counters of some triggers, all actions together.
SELECT c.trigger_id, c.state, c.reason, CAST(SUM(c.n) AS bigint) AS n FROM trigger_count c
WHERE c.trigger_id {{in :ids}} GROUP BY c.trigger_id, c.state, c.reason ORDER BY c.trigger_id, c.state, c.reason;

-- name: metrics_of_triggers
-- What was heard of the messages of some triggers.
SELECT m.trigger_id, m.metric, CAST(SUM(m.n) AS bigint) AS n FROM trigger_metric m
WHERE m.trigger_id {{in :ids}} GROUP BY m.trigger_id, m.metric;

-- name: samples
-- Of the last :past_ms, by the key that begins with the time: there are a few a minute for each trigger looked at.
SELECT trigger_id, at_ms, handed FROM trigger_sample WHERE at_ms >= {{now_ms}} - :past_ms ORDER BY at_ms;

-- name: note_sample
-- Unless somebody did within :apart_ms.
INSERT INTO trigger_sample (at_ms, trigger_id, handed)
SELECT {{now_ms}}, CAST(:trigger_id AS bigint), CAST(:handed AS bigint) WHERE NOT EXISTS (
    SELECT 1 FROM trigger_sample WHERE at_ms > {{now_ms}} - :apart_ms AND trigger_id = :trigger_id)
ON CONFLICT (at_ms, trigger_id) DO NOTHING;

-- name: drop_samples
DELETE FROM trigger_sample WHERE at_ms < {{now_ms}} - :past_ms;

-- name: waiting_retry
-- One account of the slice whose retries come first: what it was told.
SELECT d.words, d.attempts, d.due_ms FROM (
    SELECT lo, hi FROM slice WHERE trigger_id = :trigger_id AND done = 0 AND tried = 1 ORDER BY due_ms, no LIMIT 1) AS next_slice
CROSS JOIN delivery d
WHERE d.trigger_id = :trigger_id AND d.seq >= next_slice.lo AND d.seq <= next_slice.hi AND d.state = 0 AND d.words IS NOT NULL
ORDER BY d.seq LIMIT 1;

-- name: badges
-- From the index of unfinished triggers, and the counters of the two states that wait for somebody.
SELECT (SELECT COUNT(*) FROM broadcast_trigger t JOIN broadcast b ON b.broadcast_id = t.broadcast_id
        WHERE t.state IN ('queued', 'resolving', 'sending') AND t.workspace_id = :workspace_id
          AND b.kind = 'broadcast') AS running,
       (SELECT CAST(COALESCE(SUM(c.n), 0) AS bigint) FROM trigger_count c
        JOIN broadcast_trigger t ON t.trigger_id = c.trigger_id
        WHERE c.state = 4 AND t.workspace_id = :workspace_id) AS drafts,
       (SELECT CAST(COALESCE(SUM(c.n), 0) AS bigint) FROM trigger_count c
        JOIN broadcast_trigger t ON t.trigger_id = c.trigger_id
        WHERE c.state = 6 AND t.workspace_id = :workspace_id) AS in_doubt;

-- name: running_triggers
-- The newest unfinished ones of a workspace, for a page that shows whatever runs.
SELECT t.trigger_id FROM broadcast_trigger t JOIN broadcast b ON b.broadcast_id = t.broadcast_id
WHERE t.state IN ('queued', 'resolving', 'sending') AND t.workspace_id = :workspace_id AND b.kind = 'broadcast'
ORDER BY t.trigger_id DESC LIMIT :most;

-- name: sends_of_broadcast
-- A page of a broadcast's triggers, newest first, from :newest down; without the large columns.
SELECT trigger_id, state, failure, selector, triggered_by, created_ms, processed_ms, scheduled_ms, audience_ms,
       audience, recipients, error_count, paused_ms, cancelled_ms, details_removed_ms
FROM broadcast_trigger WHERE broadcast_id = :broadcast_id AND trigger_id <= :newest
ORDER BY trigger_id DESC LIMIT :most;

-- name: accounts_of_a_reason
-- Of one reason, behind (:seq, :action_id), by the index that holds only accounts with a reason; :state -1 for all.
SELECT seq, action_id, person_id, state, reason, words, recipient, attempts, again, created_ms, attempted_ms, settled_ms
FROM delivery
WHERE trigger_id = :trigger_id AND reason = :reason AND seq >= :seq AND (seq > :seq OR action_id > :action_id)
  AND (:state = -1 OR state = :state)
ORDER BY seq, action_id LIMIT :most;
