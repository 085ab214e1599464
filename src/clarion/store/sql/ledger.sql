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

-- name: insert_queued
-- Everybody's rows of a range in one statement: three times as fast as row by row. `key` counts from 0; a null is a
-- place where somebody else's rows belong.
WITH action AS MATERIALIZED (SELECT value FROM json_each(:action_ids))
INSERT INTO delivery (trigger_id, seq, action_id, person_id, entry, state, created_ms)
SELECT :trigger_id, :first_seq + p.key, action.value, p.value, :first_entry + p.key, 0, :now_ms
FROM json_each(:person_ids) p CROSS JOIN action WHERE p.value IS NOT NULL;

-- name: insert_queued @postgres
-- Differs: a list of numbers is an array but for its brackets, and is counted from 1.
INSERT INTO delivery (trigger_id, seq, action_id, person_id, entry, state, created_ms)
SELECT :trigger_id, :first_seq + p.n - 1, a.id, p.id, CAST(:first_entry AS bigint) + p.n - 1, 0, :now_ms
FROM unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) WITH ORDINALITY AS p (id, n)
CROSS JOIN unnest(CAST(translate(:action_ids, '[]', '{}') AS bigint[])) AS a (id)
WHERE p.id IS NOT NULL ORDER BY p.n, a.id;

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
-- A look without a lock, so that idle workers do not write: which triggers have something due and free for :grace_ms?
-- Triggers first, as in pick_slice, whose conditions these are; the highest priority first.
SELECT t.trigger_id
FROM (SELECT {{now_ms}} AS now_ms) n
CROSS JOIN broadcast_trigger t LEFT JOIN trigger_flow f ON f.trigger_id = t.trigger_id
WHERE t.processed_ms IS NULL AND t.open_slices > 0
  AND (t.state = 'stopped' OR (t.paused_ms IS NULL AND COALESCE(f.ready_ms, 0) <= n.now_ms))
  AND ((SELECT s.no FROM slice s WHERE s.trigger_id = t.trigger_id AND s.done = 0 AND s.tried = 0
            AND s.due_ms <= n.now_ms - :grace_ms AND s.lease_ms < n.now_ms - :grace_ms
        ORDER BY s.due_ms, s.no LIMIT 1) IS NOT NULL
    OR (SELECT s.no FROM slice s WHERE s.trigger_id = t.trigger_id AND s.done = 0 AND s.tried = 1
            AND s.due_ms <= n.now_ms - :grace_ms AND s.lease_ms < n.now_ms - :grace_ms
        ORDER BY s.due_ms, s.no LIMIT 1) IS NOT NULL)
ORDER BY t.priority DESC LIMIT :most;

-- name: ended_slice_due
-- A slice of a trigger that was stopped, due and free: to be closed, also while nothing can be sent.
SELECT trigger_id, no FROM (
    SELECT t.trigger_id, COALESCE(
        (SELECT s.no FROM slice s WHERE s.trigger_id = t.trigger_id AND s.done = 0 AND s.tried = 0
            AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}} ORDER BY s.due_ms, s.no LIMIT 1),
        (SELECT s.no FROM slice s WHERE s.trigger_id = t.trigger_id AND s.done = 0 AND s.tried = 1
            AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}} ORDER BY s.due_ms, s.no LIMIT 1)) AS no
    FROM broadcast_trigger t WHERE t.processed_ms IS NULL AND t.open_slices > 0 AND t.state = 'stopped'
) AS ended WHERE no IS NOT NULL LIMIT 1;

-- name: this_slice_due
-- The same look at a certain slice.
SELECT 1 AS yes
FROM slice s JOIN broadcast_trigger t ON t.trigger_id = s.trigger_id
LEFT JOIN trigger_flow f ON f.trigger_id = s.trigger_id
WHERE s.trigger_id = :trigger_id AND s.no = :no AND s.done = 0 AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}}
  AND (t.state = 'stopped' OR (t.paused_ms IS NULL AND COALESCE(f.ready_ms, 0) <= {{now_ms}}));

-- name: pick_slice
-- A slice that is due and that nobody holds. Priority first, then the trigger whose last turn is longest ago; in a
-- trigger, fresh slices and retries take turns, so that neither waits for the end of the other. The row of a trigger,
-- which may be megabytes, is read of the one that is picked only; of the others, the index tells what is asked.
SELECT s.*, t.state AS trigger_state, t.stop_reason, COALESCE(t.expires_ms <= c.now_ms, 0) AS expired, 0 AS paused,
       (t.rate_messages IS NOT NULL OR t.spread_until_ms IS NOT NULL) AS paced, t.content_hash, t.workspace_id,
       t.broadcast_id, c.now_ms, b.doubt_policy
FROM (
    SELECT t.trigger_id, n.now_ms,
           (SELECT s.no FROM slice s WHERE s.trigger_id = t.trigger_id AND s.done = 0
                AND s.tried = (COALESCE(f.claims, 0) + k.flip) % 2
                AND s.due_ms <= n.now_ms AND s.lease_ms < n.now_ms
            ORDER BY s.due_ms, s.no LIMIT 1) AS first_no
    FROM (SELECT {{now_ms}} AS now_ms) n
    CROSS JOIN broadcast_trigger t LEFT JOIN trigger_flow f ON f.trigger_id = t.trigger_id
    CROSS JOIN (SELECT 0 AS flip UNION ALL SELECT 1) k
    WHERE t.processed_ms IS NULL AND t.open_slices > 0 AND first_no IS NOT NULL
      AND (t.state = 'stopped' OR (t.paused_ms IS NULL AND COALESCE(f.ready_ms, 0) <= n.now_ms
          AND (:without = '[]' OR t.trigger_id NOT IN (SELECT value FROM json_each(:without)))))
    ORDER BY t.priority DESC, COALESCE(f.turn, 0), t.trigger_id, k.flip LIMIT 1
) c
CROSS JOIN broadcast_trigger t ON t.trigger_id = c.trigger_id
JOIN slice s ON s.trigger_id = c.trigger_id AND s.no = c.first_no
JOIN broadcast b ON b.broadcast_id = t.broadcast_id;

-- name: pick_slice @postgres
-- Differs: several workers pick at once; each passes over what another is just taking. The triggers come in their
-- order out of the first part, the second looks into one after the other until it finds (and locks) a slice; with
-- a third table to join, the planner could change that order.
SELECT s.*, c.trigger_state, c.stop_reason, c.expired, c.paused, c.paced, c.content_hash, c.workspace_id,
       c.broadcast_id, c.now_ms,
       (SELECT b.doubt_policy FROM broadcast b WHERE b.broadcast_id = c.broadcast_id) AS doubt_policy
FROM (
    SELECT t.trigger_id, t.state AS trigger_state, t.stop_reason, t.content_hash, t.workspace_id, t.broadcast_id,
           n.now_ms, COALESCE(t.expires_ms <= n.now_ms, FALSE) AS expired, FALSE AS paused,
           (t.rate_messages IS NOT NULL OR t.spread_until_ms IS NOT NULL) AS paced,
           (COALESCE(f.claims, 0) + k.flip) % 2 AS tried
    FROM (SELECT {{now_ms}} AS now_ms) n
    CROSS JOIN broadcast_trigger t LEFT JOIN trigger_flow f ON f.trigger_id = t.trigger_id
    CROSS JOIN (VALUES (0), (1)) AS k (flip)
    WHERE t.processed_ms IS NULL AND t.open_slices > 0
      AND (t.state = 'stopped' OR (t.paused_ms IS NULL AND COALESCE(f.ready_ms, 0) <= n.now_ms
          AND NOT t.trigger_id = ANY(CAST(translate(:without, '[]', '{}') AS bigint[]))))
    ORDER BY t.priority DESC, COALESCE(f.turn, 0), t.trigger_id, k.flip
) c
CROSS JOIN LATERAL (
    SELECT * FROM slice
    WHERE trigger_id = c.trigger_id AND done = 0 AND tried = c.tried AND due_ms <= c.now_ms AND lease_ms < c.now_ms
    ORDER BY due_ms, no LIMIT 1 FOR UPDATE SKIP LOCKED
) s
LIMIT 1;

-- name: pick_this_slice
-- A certain slice, under the same conditions.
SELECT s.*, t.state AS trigger_state, t.stop_reason, t.content_hash, t.workspace_id, t.broadcast_id, b.doubt_policy,
       {{now_ms}} AS now_ms, COALESCE(t.expires_ms <= {{now_ms}}, 0) AS expired, 0 AS paused,
       (t.rate_messages IS NOT NULL OR t.spread_until_ms IS NOT NULL) AS paced
FROM slice s JOIN broadcast_trigger t ON t.trigger_id = s.trigger_id
JOIN broadcast b ON b.broadcast_id = t.broadcast_id
LEFT JOIN trigger_flow f ON f.trigger_id = s.trigger_id
WHERE s.trigger_id = :trigger_id AND s.no = :no AND s.done = 0 AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}}
  AND (t.state = 'stopped' OR (t.paused_ms IS NULL AND COALESCE(f.ready_ms, 0) <= {{now_ms}}));

-- name: pick_this_slice @postgres
-- Differs: locked, and passed over when another worker is just taking it.
SELECT s.*, t.state AS trigger_state, t.stop_reason, t.content_hash, t.workspace_id, t.broadcast_id, b.doubt_policy,
       {{now_ms}} AS now_ms, COALESCE(t.expires_ms <= {{now_ms}}, FALSE) AS expired, FALSE AS paused,
       (t.rate_messages IS NOT NULL OR t.spread_until_ms IS NOT NULL) AS paced
FROM slice s JOIN broadcast_trigger t ON t.trigger_id = s.trigger_id
JOIN broadcast b ON b.broadcast_id = t.broadcast_id
LEFT JOIN trigger_flow f ON f.trigger_id = s.trigger_id
WHERE s.trigger_id = :trigger_id AND s.no = :no AND s.done = 0 AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}}
  AND (t.state = 'stopped' OR (t.paused_ms IS NULL AND COALESCE(f.ready_ms, 0) <= {{now_ms}}))
FOR UPDATE OF s SKIP LOCKED;

-- name: take_slice
-- The lease, and with :lo the intent: from now on people between :lo and :hi may have been handed over.
UPDATE slice SET owner = :owner, fence = fence + 1, lease_ms = {{now_ms}} + :lease_ms,
    open_lo = :lo, open_hi = :hi, open_ms = :now_ms, open_outlets = :outlets
WHERE trigger_id = :trigger_id AND no = :no AND fence = :fence AND done = 0;

-- name: open_chunk
-- The intent: from now on people between :lo and :hi may have been handed over. Renews the lease.
UPDATE slice SET open_lo = :lo, open_hi = :hi, open_ms = :now_ms, open_outlets = :outlets,
    lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND no = :no AND owner = :owner AND fence = :fence;

-- name: renew_slice
-- Closes the open chunk, renews the lease, and says how the trigger stands.
UPDATE slice SET open_lo = NULL, open_hi = NULL, open_ms = NULL, lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND no = :no AND owner = :owner AND fence = :fence
RETURNING {{now_ms}} AS now_ms,
    (SELECT t.state FROM broadcast_trigger t WHERE t.trigger_id = slice.trigger_id) AS trigger_state,
    (SELECT t.stop_reason FROM broadcast_trigger t WHERE t.trigger_id = slice.trigger_id) AS stop_reason,
    (SELECT t.content_hash FROM broadcast_trigger t WHERE t.trigger_id = slice.trigger_id) AS content_hash,
    (SELECT COALESCE(t.expires_ms <= {{now_ms}}, 0) FROM broadcast_trigger t
     WHERE t.trigger_id = slice.trigger_id) AS expired,
    (SELECT t.paused_ms IS NOT NULL FROM broadcast_trigger t WHERE t.trigger_id = slice.trigger_id) AS paused,
    (SELECT t.rate_messages IS NOT NULL OR t.spread_until_ms IS NOT NULL FROM broadcast_trigger t
     WHERE t.trigger_id = slice.trigger_id) AS paced;

-- name: renew_slice @postgres
-- Differs: the trigger is joined, which SQLite's RETURNING cannot show.
UPDATE slice s SET open_lo = NULL, open_hi = NULL, open_ms = NULL, lease_ms = {{now_ms}} + :lease_ms
FROM broadcast_trigger t
WHERE s.trigger_id = :trigger_id AND s.no = :no AND s.owner = :owner AND s.fence = :fence
  AND t.trigger_id = s.trigger_id
RETURNING {{now_ms}} AS now_ms, t.state AS trigger_state, t.stop_reason, t.content_hash,
    COALESCE(t.expires_ms <= {{now_ms}}, FALSE) AS expired, t.paused_ms IS NOT NULL AS paused,
    (t.rate_messages IS NOT NULL OR t.spread_until_ms IS NOT NULL) AS paced;

-- name: extend_slice
-- A chunk takes long: the holder is alive and keeps the slice.
UPDATE slice SET lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND no = :no AND owner = :owner AND fence = :fence;

-- name: give_back_slice
-- :tried says that everybody in it was tried once.
UPDATE slice SET owner = NULL, lease_ms = 0, open_lo = NULL, open_hi = NULL, open_ms = NULL,
    done = :done, due_ms = :due_ms, tried = :tried
WHERE trigger_id = :trigger_id AND no = :no AND owner = :owner AND fence = :fence;

-- name: put_off_slice
-- What nobody foresaw went wrong with it. An open chunk stays on record for the next claim, which also follows
-- when this one was never committed: the fence says that nobody has claimed it since.
UPDATE slice SET due_ms = CASE WHEN due_ms > {{now_ms}} + :pause_ms THEN due_ms ELSE {{now_ms}} + :pause_ms END
WHERE trigger_id = :trigger_id AND no = :no AND fence = :fence AND done = 0;

-- name: free_slices_of
-- A process on this machine is known to be dead: what it held can be taken at once.
UPDATE slice SET lease_ms = 0 WHERE done = 0 AND owner = :owner;

-- name: slice
SELECT owner, fence, open_lo, open_hi, open_ms, open_outlets FROM slice WHERE trigger_id = :trigger_id AND no = :no;

-- name: chunk
-- The next people of a slice, with what composing needs. A vanished person has no number on the right side.
SELECT d.seq, d.action_id, d.person_id, d.attempts, d.attempted_ms, d.language, d.outlet, d.reason,
       p.person_id AS alive, p.id, p.email, p.unsubscribed, p.attributes, e.data
FROM delivery d
LEFT JOIN person p ON p.person_id = d.person_id
LEFT JOIN trigger_entry e ON e.trigger_id = d.trigger_id AND e.entry = d.entry
WHERE d.trigger_id = :trigger_id AND d.seq BETWEEN :lo AND :hi AND d.state = 0 AND d.due_ms <= :now_ms
ORDER BY d.seq, d.action_id LIMIT :most;

-- name: composing
-- One account with what composing needs, whatever its state.
SELECT d.seq, d.action_id, d.person_id, d.attempts, d.attempted_ms, d.language, d.outlet, d.reason,
       p.person_id AS alive, p.id, p.email, p.unsubscribed, p.attributes, e.data
FROM delivery d
LEFT JOIN person p ON p.person_id = d.person_id
LEFT JOIN trigger_entry e ON e.trigger_id = d.trigger_id AND e.entry = d.entry
WHERE d.trigger_id = :trigger_id AND d.seq = :seq AND d.action_id = :action_id;

-- name: opened_rows
-- What an abandoned chunk left behind.
SELECT seq, action_id, attempts, outlet, reason FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 0 AND due_ms <= :opened_ms
ORDER BY seq, action_id;

-- name: left_in_slice
SELECT COUNT(*) AS n, MIN(due_ms) AS due_ms FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 0;

-- name: settle
-- From :from_state only; a retry stays QUEUED with a due time. What is only put off keeps the time of its last
-- attempt that counted, or of the first time it was put off; one that is put back into the queue begins anew. The
-- language is the one that it is booked in, from when it leaves the queue. Only what is queued may lose its account.
UPDATE delivery SET state = :state, reason = :reason, words = :words, recipient = COALESCE(:recipient, recipient),
    attempts = attempts + :counted, due_ms = :due_ms, doubt_fence = :doubt_fence,
    outlet = CASE WHEN :outlet IS NULL AND :state <> 0 THEN outlet ELSE :outlet END,
    language = CASE WHEN :from_state = 0 AND :state <> 0 THEN :language ELSE language END,
    attempted_ms = CASE WHEN :state = 0 AND :from_state <> 0 THEN NULL
                        WHEN :counted = 1 OR (:state = 0 AND attempted_ms IS NULL) THEN {{now_ms}}
                        ELSE attempted_ms END,
    settled_ms = CASE WHEN :state = 0 THEN NULL ELSE {{now_ms}} END
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND state = :from_state;

-- name: settle @postgres
-- Differs: rows travel as arrays.
UPDATE delivery d SET state = r.state, reason = r.reason, words = r.words,
    recipient = COALESCE(r.recipient, d.recipient), attempts = d.attempts + r.counted, due_ms = r.due_ms,
    doubt_fence = r.doubt_fence,
    outlet = CASE WHEN r.outlet IS NULL AND r.state <> 0 THEN d.outlet ELSE r.outlet END,
    language = CASE WHEN r.from_state = 0 AND r.state <> 0 THEN r.language ELSE d.language END,
    attempted_ms = CASE WHEN r.state = 0 AND r.from_state <> 0 THEN NULL
                        WHEN r.counted = 1 OR (r.state = 0 AND d.attempted_ms IS NULL) THEN {{now_ms}}
                        ELSE d.attempted_ms END,
    settled_ms = CASE WHEN r.state = 0 THEN NULL ELSE {{now_ms}} END
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]),
            CAST(:from_state AS smallint[]), CAST(:state AS smallint[]), CAST(:reason AS text[]),
            CAST(:words AS text[]), CAST(:recipient AS text[]), CAST(:counted AS smallint[]), CAST(:due_ms AS bigint[]),
            CAST(:doubt_fence AS bigint[]), CAST(:outlet AS smallint[]), CAST(:language AS text[]))
    AS r (trigger_id, seq, action_id, from_state, state, reason, words, recipient, counted, due_ms, doubt_fence,
          outlet, language)
WHERE d.trigger_id = r.trigger_id AND d.seq = r.seq AND d.action_id = r.action_id AND d.state = r.from_state;

-- name: settle_sent
-- The same for accounts that were simply sent.
UPDATE delivery SET state = 1, reason = NULL, words = :words, recipient = COALESCE(:recipient, recipient),
    attempts = attempts + 1, due_ms = 0, doubt_fence = NULL, attempted_ms = {{now_ms}}, settled_ms = {{now_ms}},
    language = :language, outlet = COALESCE(:outlet, outlet)
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND state = 0;

-- name: settle_sent @postgres
-- Differs: rows travel as arrays.
UPDATE delivery d SET state = 1, reason = NULL, words = r.words, recipient = COALESCE(r.recipient, d.recipient),
    attempts = d.attempts + 1, due_ms = 0, doubt_fence = NULL, attempted_ms = {{now_ms}}, settled_ms = {{now_ms}},
    language = r.language, outlet = COALESCE(r.outlet, d.outlet)
FROM unnest(CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]), CAST(:words AS text[]), CAST(:recipient AS text[]),
            CAST(:language AS text[]), CAST(:outlet AS smallint[]))
    AS r (seq, action_id, words, recipient, language, outlet)
WHERE d.trigger_id = :trigger_id AND d.seq = r.seq AND d.action_id = r.action_id AND d.state = 0;

-- name: put_off
-- Not a retry: what it says of itself, and its attempts, stay as they are.
UPDATE delivery SET due_ms = :due_ms
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND state = 0;

-- name: put_off @postgres
-- Differs: rows travel as arrays.
UPDATE delivery d SET due_ms = r.due_ms
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]),
            CAST(:due_ms AS bigint[])) AS r (trigger_id, seq, action_id, due_ms)
WHERE d.trigger_id = r.trigger_id AND d.seq = r.seq AND d.action_id = r.action_id AND d.state = 0;

-- name: stop_rows
-- Which people of a stopped trigger's slice were not reached.
SELECT seq, action_id, reason FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 0;

-- name: delivery
-- With the content that it was made of: before an edit was applied to its trigger, what was sent until then.
SELECT d.*, t.broadcast_id, t.workspace_id, t.data, e.data AS own_data,
       COALESCE((SELECT c.before_hash FROM trigger_content_change c
                 WHERE c.trigger_id = d.trigger_id AND c.changed_ms > d.attempted_ms AND d.state <> 0
                 ORDER BY c.no LIMIT 1), t.content_hash) AS content_hash
FROM delivery d JOIN broadcast_trigger t ON t.trigger_id = d.trigger_id
LEFT JOIN trigger_entry e ON e.trigger_id = d.trigger_id AND e.entry = d.entry
WHERE d.trigger_id = :trigger_id AND d.seq = :seq AND d.action_id = :action_id;

-- name: deliveries
-- A page of a trigger's accounts after (:seq, :action_id); :state -1 for all, :only_action 0 for all.
SELECT trigger_id, seq, action_id, person_id, state, reason, words, recipient, attempts, again, due_ms, created_ms,
       attempted_ms, settled_ms, outlet
FROM delivery
WHERE trigger_id = :trigger_id AND (seq, action_id) > (:seq, :action_id)
  AND (:state = -1 OR state = :state) AND (:only_action = 0 OR action_id = :only_action)
ORDER BY seq, action_id LIMIT :most;

-- name: in_doubt_rows
-- In a range of the audience: what the vanished holder with this fence left.
SELECT seq, action_id, attempts, again, outlet FROM delivery
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND state = 6 AND doubt_fence = :doubt_fence
ORDER BY seq, action_id;

-- name: reopen_slice
-- People of a finished slice are to be sent after all. Meets no row when the slice is open anyway.
UPDATE slice SET done = 0, due_ms = 0 WHERE trigger_id = :trigger_id AND :seq BETWEEN lo AND hi AND done = 1;

-- name: hurry_slice
UPDATE slice SET due_ms = 0 WHERE trigger_id = :trigger_id AND :seq BETWEEN lo AND hi AND done = 0;

-- name: next_due
-- When the next retry, rate or resolve wants attention, for a runner that polls anyway.
SELECT MIN(due) AS due FROM (
    SELECT (SELECT s.due_ms FROM slice s WHERE s.trigger_id = t.trigger_id AND s.done = 0 AND s.tried = 1
                AND s.lease_ms < {{now_ms}} ORDER BY s.due_ms, s.no LIMIT 1) AS due
    FROM broadcast_trigger t LEFT JOIN trigger_flow f ON f.trigger_id = t.trigger_id
    WHERE t.processed_ms IS NULL AND t.open_slices > 0 AND t.paused_ms IS NULL
      AND COALESCE(f.ready_ms, 0) <= {{now_ms}}
    UNION ALL
    SELECT f.ready_ms FROM broadcast_trigger t JOIN trigger_flow f ON f.trigger_id = t.trigger_id
    WHERE t.processed_ms IS NULL AND t.open_slices > 0 AND t.paused_ms IS NULL AND f.ready_ms > {{now_ms}}
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
