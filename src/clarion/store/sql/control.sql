-- name: note_turn
-- A slice of this trigger was claimed: the others come before its next one. A turn is the moment of the claim,
-- or, within one millisecond, one more than any other's.
INSERT INTO trigger_flow (trigger_id, claims, turn)
SELECT :trigger_id, 1, MAX(v.turn) FROM (
    SELECT {{now_ms}} AS turn
    UNION ALL
    SELECT f.turn + 1 FROM broadcast_trigger t JOIN trigger_flow f ON f.trigger_id = t.trigger_id
    WHERE t.processed_ms IS NULL
) AS v WHERE TRUE
ON CONFLICT (trigger_id) DO UPDATE SET claims = trigger_flow.claims + 1, turn = excluded.turn;

-- name: lock_flow
-- The bucket of a trigger, held until the transaction ends; made when there is none yet.
INSERT INTO trigger_flow (trigger_id) VALUES (:trigger_id)
ON CONFLICT (trigger_id) DO UPDATE SET claims = trigger_flow.claims
RETURNING next_us;

-- name: pace
-- What holds a trigger back. Who is still queued is asked of the counters, for a spread only.
SELECT rate_messages, rate_per_ms, spread_until_ms,
       CASE WHEN spread_until_ms IS NULL THEN 0 ELSE
           (SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM trigger_count c
            WHERE c.trigger_id = broadcast_trigger.trigger_id AND c.state = 0) END AS remaining
FROM broadcast_trigger WHERE trigger_id = :trigger_id;

-- name: set_flow
UPDATE trigger_flow SET next_us = :next_us, ready_ms = :ready_ms WHERE trigger_id = :trigger_id;

-- name: refund_flow
-- Messages that were granted and not sent.
UPDATE trigger_flow SET next_us = next_us - :back_us, ready_ms = ready_ms - :back_us / 1000
WHERE trigger_id = :trigger_id;

-- name: quicken_flow
-- A new rate counts from now on, whatever the one before made wait; it brings no messages with it.
UPDATE trigger_flow SET next_us = {{now_ms}} * 1000, ready_ms = 0
WHERE trigger_id = :trigger_id;

-- name: rest_trigger
-- What nobody foresaw goes wrong with it: no worker claims a slice of it for a while.
INSERT INTO trigger_flow (trigger_id, ready_ms) VALUES (:trigger_id, {{now_ms}} + :pause_ms)
ON CONFLICT (trigger_id) DO UPDATE SET ready_ms =
    CASE WHEN trigger_flow.ready_ms > excluded.ready_ms THEN trigger_flow.ready_ms ELSE excluded.ready_ms END;

-- name: standings
-- Every process asks this twice a second: which unfinished triggers send nothing at present, or come out of turn.
SELECT trigger_id, priority, CASE WHEN state = 'stopped' OR paused_ms IS NOT NULL THEN 1 ELSE 0 END AS held,
       CASE WHEN state <> 'stopped' AND expires_ms <= {{now_ms}} THEN 1 ELSE 0 END AS expired
FROM broadcast_trigger
WHERE processed_ms IS NULL AND (state = 'stopped' OR paused_ms IS NOT NULL OR expires_ms <= {{now_ms}} OR priority <> 0);

-- name: pause_trigger
UPDATE broadcast_trigger SET paused_ms = {{now_ms}}, control_by = :by, control_ms = {{now_ms}}
WHERE trigger_id = :trigger_id AND paused_ms IS NULL AND state IN ('queued', 'resolving', 'sending');

-- name: resume_trigger
UPDATE broadcast_trigger SET paused_ms = NULL, broken_ms = NULL, control_by = :by, control_ms = {{now_ms}}
WHERE trigger_id = :trigger_id AND paused_ms IS NOT NULL AND state IN ('queued', 'resolving', 'sending');

-- name: stop_trigger
-- Slices already made are closed by whoever claims them next.
UPDATE broadcast_trigger SET state = 'stopped', stop_reason = 'trigger_stopped',
    processed_ms = CASE WHEN open_slices = 0 THEN {{now_ms}} END, control_by = :by, control_ms = {{now_ms}}
WHERE trigger_id = :trigger_id AND state IN ('queued', 'resolving', 'sending');

-- name: cancel_trigger
-- Only while nothing of it has begun.
UPDATE broadcast_trigger SET state = 'stopped', stop_reason = 'trigger_stopped', cancelled_ms = {{now_ms}},
    processed_ms = {{now_ms}}, control_by = :by, control_ms = {{now_ms}}
WHERE trigger_id = :trigger_id AND state = 'queued' AND next_seq = 1 AND open_slices = 0;

-- name: expire_trigger
UPDATE broadcast_trigger SET state = 'stopped', stop_reason = 'expired', failure = 'expired',
    processed_ms = CASE WHEN open_slices = 0 THEN {{now_ms}} END
WHERE trigger_id = :trigger_id AND state IN ('queued', 'resolving', 'sending') AND expires_ms <= {{now_ms}};

-- name: rush_slices_of
-- Slices that wait for a retry need not wait any longer: their trigger was stopped.
UPDATE slice SET due_ms = 0
WHERE trigger_id = :trigger_id AND done = 0 AND due_ms > 0
  AND EXISTS (SELECT 1 FROM broadcast_trigger t WHERE t.trigger_id = slice.trigger_id AND t.state = 'stopped');

-- name: set_control
UPDATE broadcast_trigger SET priority = :priority, rate_messages = :rate_messages, rate_per_ms = :rate_per_ms,
    spread_until_ms = :spread_until_ms, control_by = :by, control_ms = {{now_ms}}
WHERE trigger_id = :trigger_id AND state IN ('queued', 'resolving', 'sending');

-- name: change_content
-- Chunks that are opened from now on are made of it; :before_hash guards against a change in between.
UPDATE broadcast_trigger SET content_hash = :content_hash, control_by = :by, control_ms = {{now_ms}}
WHERE trigger_id = :trigger_id AND content_hash = :before_hash AND state IN ('queued', 'resolving', 'sending', 'done');

-- name: note_content_change
INSERT INTO trigger_content_change (trigger_id, no, before_hash, content_hash, changed_by, changed_ms)
SELECT CAST(:trigger_id AS bigint), COALESCE(MAX(no), 0) + 1, :before_hash, :content_hash, :by, {{now_ms}}
FROM trigger_content_change WHERE trigger_id = :trigger_id;

-- name: content_changes
SELECT no, before_hash, content_hash, changed_by, changed_ms FROM trigger_content_change
WHERE trigger_id = :trigger_id ORDER BY no;
