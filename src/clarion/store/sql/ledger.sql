-- name: insert_deliveries
INSERT INTO delivery (trigger_id, seq, action_id, person_id, entry, state, reason, created_ms, settled_ms)
VALUES (:trigger_id, :seq, :action_id, :person_id, :entry, :state, :reason, :now_ms,
        CASE WHEN :state = 0 THEN NULL ELSE :now_ms END);

-- name: insert_deliveries @postgres
-- Differs: rows travel as arrays.
INSERT INTO delivery (trigger_id, seq, action_id, person_id, entry, state, reason, created_ms, settled_ms)
SELECT :trigger_id, r.seq, r.action_id, r.person_id, r.entry, r.state, r.reason, :now_ms,
       CASE WHEN r.state = 0 THEN NULL ELSE CAST(:now_ms AS bigint) END
FROM unnest(CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]), CAST(:person_id AS bigint[]),
    CAST(:entry AS bigint[]), CAST(:state AS smallint[]), CAST(:reason AS text[]))
    AS r (seq, action_id, person_id, entry, state, reason);

-- name: insert_slices
INSERT INTO slice (trigger_id, no, lo, hi) VALUES (:trigger_id, :no, :lo, :hi);

-- name: insert_slices @postgres
-- Differs: rows travel as arrays.
INSERT INTO slice (trigger_id, no, lo, hi)
SELECT * FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:no AS bigint[]), CAST(:lo AS bigint[]), CAST(:hi AS bigint[]));

-- name: add_counts
INSERT INTO trigger_count (trigger_id, action_id, state, reason, shard, n)
VALUES (:trigger_id, :action_id, :state, :reason, :shard, :n)
ON CONFLICT (trigger_id, action_id, state, reason, shard) DO UPDATE SET n = trigger_count.n + excluded.n;

-- name: add_counts @postgres
-- Differs: rows travel as arrays, in a fixed order so that two workers cannot deadlock.
INSERT INTO trigger_count (trigger_id, action_id, state, reason, shard, n)
SELECT * FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:action_id AS bigint[]), CAST(:state AS smallint[]),
                     CAST(:reason AS text[]), CAST(:shard AS smallint[]), CAST(:n AS bigint[]))
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (trigger_id, action_id, state, reason, shard) DO UPDATE SET n = trigger_count.n + excluded.n;

-- name: counts
SELECT action_id, state, reason, CAST(SUM(n) AS bigint) AS n FROM trigger_count
WHERE trigger_id = :trigger_id GROUP BY action_id, state, reason ORDER BY action_id, state, reason;

-- name: slice_due
-- A look without a lock, so that idle workers do not write.
SELECT 1 AS yes FROM slice
WHERE done = 0 AND due_ms <= {{now_ms}} AND lease_ms < {{now_ms}}
  AND (:trigger_id = 0 OR (trigger_id = :trigger_id AND no = :no))
LIMIT 1;

-- name: pick_slice
-- A slice that is due and that nobody holds. By number first: triggers take turns.
SELECT s.*, t.state AS trigger_state, t.content_hash, t.workspace_id, t.broadcast_id, b.doubt_policy
FROM slice s JOIN broadcast_trigger t ON t.trigger_id = s.trigger_id
JOIN broadcast b ON b.broadcast_id = t.broadcast_id
WHERE s.done = 0 AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}}
  AND (:trigger_id = 0 OR (s.trigger_id = :trigger_id AND s.no = :no))
ORDER BY s.due_ms, s.no, s.trigger_id LIMIT 1;

-- name: pick_slice @postgres
-- Differs: several workers pick at once; each passes over what another is just taking.
SELECT s.*, t.state AS trigger_state, t.content_hash, t.workspace_id, t.broadcast_id, b.doubt_policy
FROM slice s JOIN broadcast_trigger t ON t.trigger_id = s.trigger_id
JOIN broadcast b ON b.broadcast_id = t.broadcast_id
WHERE s.done = 0 AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}}
  AND (:trigger_id = 0 OR (s.trigger_id = :trigger_id AND s.no = :no))
ORDER BY s.due_ms, s.no, s.trigger_id LIMIT 1 FOR UPDATE OF s SKIP LOCKED;

-- name: take_slice
UPDATE slice SET owner = :owner, fence = fence + 1, lease_ms = {{now_ms}} + :lease_ms,
    open_lo = NULL, open_hi = NULL, open_ms = NULL
WHERE trigger_id = :trigger_id AND no = :no AND fence = :fence AND done = 0;

-- name: open_chunk
-- The intent: from now on people between :lo and :hi may have been handed over. Renews the lease.
UPDATE slice SET open_lo = :lo, open_hi = :hi, open_ms = :now_ms, lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND no = :no AND owner = :owner AND fence = :fence;

-- name: extend_slice
-- A chunk takes long: the holder is alive and keeps the slice.
UPDATE slice SET lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND no = :no AND owner = :owner AND fence = :fence;

-- name: give_back_slice
UPDATE slice SET owner = NULL, lease_ms = 0, open_lo = NULL, open_hi = NULL, open_ms = NULL,
    done = :done, due_ms = :due_ms
WHERE trigger_id = :trigger_id AND no = :no AND owner = :owner AND fence = :fence;

-- name: free_slices_of
-- A process on this machine is known to be dead: what it held can be taken at once.
UPDATE slice SET lease_ms = 0 WHERE done = 0 AND owner = :owner;

-- name: tried_slice
-- Meets a row only once per slice.
UPDATE slice SET tried = 1 WHERE trigger_id = :trigger_id AND no = :no AND tried = 0;

-- name: slice
SELECT s.*, t.state AS trigger_state FROM slice s JOIN broadcast_trigger t ON t.trigger_id = s.trigger_id
WHERE s.trigger_id = :trigger_id AND s.no = :no;

-- name: chunk
-- The next people of a slice, with what composing needs. A vanished person has no number on the right side.
SELECT d.seq, d.action_id, d.person_id, d.attempts, d.attempted_ms, p.person_id AS alive, p.id, p.email, p.unsubscribed,
       p.attributes, e.data
FROM delivery d
LEFT JOIN person p ON p.person_id = d.person_id
LEFT JOIN trigger_entry e ON e.trigger_id = d.trigger_id AND e.entry = d.entry
WHERE d.trigger_id = :trigger_id AND d.seq BETWEEN :lo AND :hi AND d.state = 0 AND d.due_ms <= :now_ms
ORDER BY d.seq, d.action_id LIMIT :most;

-- name: composing
-- One account with what composing needs, whatever its state.
SELECT d.seq, d.action_id, d.person_id, d.attempts, d.attempted_ms, p.person_id AS alive, p.id, p.email, p.unsubscribed,
       p.attributes, e.data
FROM delivery d
LEFT JOIN person p ON p.person_id = d.person_id
LEFT JOIN trigger_entry e ON e.trigger_id = d.trigger_id AND e.entry = d.entry
WHERE d.trigger_id = :trigger_id AND d.seq = :seq AND d.action_id = :action_id;

-- name: opened_rows
-- What an abandoned chunk left behind.
SELECT seq, action_id, attempts FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 0 AND due_ms <= :opened_ms
ORDER BY seq, action_id;

-- name: left_in_slice
SELECT COUNT(*) AS n, MIN(due_ms) AS due_ms FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 0;

-- name: settle
-- From :from_state only; a retry stays QUEUED with a due time. What is only put off keeps the time of its last
-- attempt that counted, or of the first time it was put off.
UPDATE delivery SET state = :state, reason = :reason, words = :words, recipient = COALESCE(:recipient, recipient),
    attempts = attempts + :counted, due_ms = :due_ms, doubt_fence = :doubt_fence,
    attempted_ms = CASE WHEN :counted = 1 OR (:state = 0 AND attempted_ms IS NULL) THEN {{now_ms}}
                        ELSE attempted_ms END,
    settled_ms = CASE WHEN :state = 0 THEN NULL ELSE {{now_ms}} END
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND state = :from_state;

-- name: settle @postgres
-- Differs: rows travel as arrays.
UPDATE delivery d SET state = r.state, reason = r.reason, words = r.words,
    recipient = COALESCE(r.recipient, d.recipient), attempts = d.attempts + r.counted, due_ms = r.due_ms,
    doubt_fence = r.doubt_fence,
    attempted_ms = CASE WHEN r.counted = 1 OR (r.state = 0 AND d.attempted_ms IS NULL) THEN {{now_ms}}
                        ELSE d.attempted_ms END,
    settled_ms = CASE WHEN r.state = 0 THEN NULL ELSE {{now_ms}} END
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]),
            CAST(:from_state AS smallint[]), CAST(:state AS smallint[]), CAST(:reason AS text[]),
            CAST(:words AS text[]), CAST(:recipient AS text[]), CAST(:counted AS smallint[]), CAST(:due_ms AS bigint[]),
            CAST(:doubt_fence AS bigint[]))
    AS r (trigger_id, seq, action_id, from_state, state, reason, words, recipient, counted, due_ms, doubt_fence)
WHERE d.trigger_id = r.trigger_id AND d.seq = r.seq AND d.action_id = r.action_id AND d.state = r.from_state;

-- name: stop_rows
-- Which people of a stopped trigger's slice were not reached.
SELECT seq, action_id, reason FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 0;

-- name: delivery
SELECT d.*, t.broadcast_id, t.workspace_id, t.content_hash, t.data, e.data AS own_data
FROM delivery d JOIN broadcast_trigger t ON t.trigger_id = d.trigger_id
LEFT JOIN trigger_entry e ON e.trigger_id = d.trigger_id AND e.entry = d.entry
WHERE d.trigger_id = :trigger_id AND d.seq = :seq AND d.action_id = :action_id;

-- name: deliveries
-- A page of a trigger's accounts after (:seq, :action_id); :state -1 for all, :only_action 0 for all.
SELECT trigger_id, seq, action_id, person_id, state, reason, words, recipient, attempts, due_ms, created_ms,
       attempted_ms, settled_ms
FROM delivery
WHERE trigger_id = :trigger_id AND (seq, action_id) > (:seq, :action_id)
  AND (:state = -1 OR state = :state) AND (:only_action = 0 OR action_id = :only_action)
ORDER BY seq, action_id LIMIT :most;

-- name: in_doubt_rows
-- In a range of the audience: what the vanished holder with this fence left.
SELECT seq, action_id, attempts FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 6 AND doubt_fence = :doubt_fence
ORDER BY seq, action_id;

-- name: reopen_slice
-- People of a finished slice are to be sent after all. Meets no row when the slice is open anyway.
UPDATE slice SET done = 0, due_ms = 0 WHERE trigger_id = :trigger_id AND :seq BETWEEN lo AND hi AND done = 1;

-- name: hurry_slice
UPDATE slice SET due_ms = 0 WHERE trigger_id = :trigger_id AND :seq BETWEEN lo AND hi AND done = 0;

-- name: overdue_slices
-- The reconciler's question: what is due, held by nobody, and has been so for a while.
SELECT trigger_id, no FROM slice
WHERE done = 0 AND due_ms <= {{now_ms}} - :grace_ms AND lease_ms < {{now_ms}} - :grace_ms
ORDER BY due_ms, no, trigger_id LIMIT :most;

-- name: next_due
-- When the next slice or resolve wants attention, for a runner that polls.
SELECT MIN(due) AS due FROM (
    SELECT MIN(CASE WHEN due_ms > lease_ms THEN due_ms ELSE lease_ms + 1 END) AS due FROM slice WHERE done = 0
    UNION ALL
    SELECT MIN(CASE WHEN resolve_due_ms > resolve_lease_ms THEN resolve_due_ms ELSE resolve_lease_ms + 1 END)
    FROM broadcast_trigger WHERE state IN ('queued', 'resolving')
) AS waiting;

-- name: analyze_ledger
-- Not needed: the planner has no better choice than the key.
SELECT 1 AS done;

-- name: analyze_ledger @postgres
-- Differs: freshly filled tables have no statistics, and an update by key then ran 100 times slower.
ANALYZE delivery, slice;
