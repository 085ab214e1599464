-- name: insert_again
-- A repeat that was asked for. The next number of its trigger, whose row the caller has locked.
-- One of a group of alike words is open without being unfinished, for programs that would not look at the words.
INSERT INTO trigger_again (trigger_id, no, kind, reasons, asked_by, asked_ms, after_seq, done_ms, cause, open)
SELECT CAST(:trigger_id AS bigint), COALESCE(MAX(no), 0) + 1, :kind, :reasons, :by, {{now_ms}},
       CAST(:after_seq AS bigint), CASE WHEN :finished = 1 THEN {{now_ms}} END, CAST(:cause AS text),
       CASE WHEN CAST(:cause AS text) IS NULL THEN 0 ELSE 1 END
FROM trigger_again WHERE trigger_id = :trigger_id;

-- name: lock_trigger
-- No change: whoever else wants to change the trigger waits.
UPDATE broadcast_trigger SET joins = joins WHERE trigger_id = :trigger_id;

-- name: join_again
-- The audience is worked out once more, from its first person, as of now; who is in the ledger already is left out.
UPDATE broadcast_trigger SET state = 'queued', resolved_to = 0, resolve_until = :last_person, joins = joins + 1,
    audience_ms = {{now_ms}}, resolve_due_ms = 0, resolve_tries = 0, processed_ms = NULL
WHERE trigger_id = :trigger_id AND condition IS NOT NULL AND state IN ('sending', 'done') AND data_removed_ms IS NULL;

-- name: known_people
-- Who of :person_ids (a JSON list) has an account in the trigger's ledger.
SELECT DISTINCT d.person_id FROM json_each(:person_ids) AS k
CROSS JOIN delivery d ON d.trigger_id = :trigger_id AND d.person_id = k.value
    AND (d.reason IS NULL OR d.reason <> 'duplicate');

-- name: known_people @postgres
-- Differs: how a JSON list is read.
SELECT DISTINCT d.person_id FROM jsonb_array_elements_text(CAST(:person_ids AS jsonb)) AS k
JOIN delivery d ON d.trigger_id = :trigger_id AND d.person_id = CAST(k AS bigint)
    AND (d.reason IS NULL OR d.reason <> 'duplicate');

-- name: next_again
-- A repeat that is not finished; nothing to lock, the writer is alone.
SELECT a.*, t.state AS trigger_state, t.next_seq FROM trigger_again a
JOIN broadcast_trigger t ON t.trigger_id = a.trigger_id
WHERE a.done_ms IS NULL OR a.open = 1 ORDER BY a.trigger_id, a.no LIMIT 1;

-- name: next_again @postgres
-- Differs: one worker takes a step of it at a time, the others pass it over.
SELECT a.*, t.state AS trigger_state, t.next_seq FROM trigger_again a
JOIN broadcast_trigger t ON t.trigger_id = a.trigger_id
WHERE a.done_ms IS NULL OR a.open = 1 ORDER BY a.trigger_id, a.no LIMIT 1 FOR UPDATE OF a SKIP LOCKED;

-- name: again_rows
-- Accounts to send again, after the checkpoint and up to :until. Who failed since it was asked for is not meant.
SELECT seq, action_id, reason, words, language FROM delivery
WHERE trigger_id = :trigger_id AND seq >= :seq AND seq <= :until AND (seq > :seq OR action_id > :action_id)
  AND state = :state AND settled_ms <= :asked_ms
ORDER BY seq, action_id LIMIT :most;

-- name: move_again
UPDATE trigger_again SET after_seq = :after_seq, after_action = :after_action, queued = queued + :queued,
    done_ms = CASE WHEN :finished = 1 THEN {{now_ms}} ELSE done_ms END,
    open = CASE WHEN :finished = 1 THEN 0 ELSE open END
WHERE trigger_id = :trigger_id AND no = :no;

-- name: agains
SELECT no, kind, reasons, cause, asked_by, asked_ms, after_seq, queued, done_ms, open FROM trigger_again
WHERE trigger_id = :trigger_id ORDER BY no;

-- name: requeue
-- Back to the start, with a due time later than any chunk that is open now. :reason stays where a message may have
-- been sent before: should the trigger be stopped first, the account is in doubt after all. One that was in doubt goes
-- to the same account at a provider again.
UPDATE delivery SET state = 0, reason = :reason, attempts = 0, due_ms = :due_ms, again = again + 1,
    doubt_fence = NULL, attempted_ms = NULL, settled_ms = NULL, outlet = CASE WHEN :from_state = 6 THEN outlet END
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND state = :from_state;

-- name: requeue @postgres
-- Differs: rows travel as arrays.
UPDATE delivery d SET state = 0, reason = r.reason, attempts = 0, due_ms = r.due_ms, again = d.again + 1,
    doubt_fence = NULL, attempted_ms = NULL, settled_ms = NULL,
    outlet = CASE WHEN r.from_state = 6 THEN d.outlet END
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]),
            CAST(:from_state AS smallint[]), CAST(:due_ms AS bigint[]), CAST(:reason AS text[]))
    AS r (trigger_id, seq, action_id, from_state, due_ms, reason)
WHERE d.trigger_id = r.trigger_id AND d.seq = r.seq AND d.action_id = r.action_id AND d.state = r.from_state;

-- name: slices_between
SELECT no, lo, hi FROM slice WHERE trigger_id = :trigger_id AND hi >= :first AND lo <= :last ORDER BY lo;

-- name: lock_slices
-- :numbers is a JSON list. Nothing to lock: the writer is alone.
SELECT s.no FROM json_each(:numbers) AS k CROSS JOIN slice s ON s.trigger_id = :trigger_id AND s.no = k.value;

-- name: lock_slices @postgres
-- Differs: nobody closes one of them until this transaction ends.
SELECT s.no FROM slice s
WHERE s.trigger_id = :trigger_id AND s.no IN (
    SELECT CAST(k AS bigint) FROM jsonb_array_elements_text(CAST(:numbers AS jsonb)) AS k)
ORDER BY s.no FOR UPDATE;

-- name: reopen_slices
-- Closed ones are opened; :numbers is a JSON list.
UPDATE slice SET done = 0, due_ms = :due_ms
WHERE trigger_id = :trigger_id AND done = 1 AND no IN (SELECT value FROM json_each(:numbers));

-- name: reopen_slices @postgres
-- Differs: how a JSON list is read.
UPDATE slice SET done = 0, due_ms = :due_ms
WHERE trigger_id = :trigger_id AND done = 1
  AND no IN (SELECT CAST(k AS bigint) FROM jsonb_array_elements_text(CAST(:numbers AS jsonb)) AS k);

-- name: hurry_slices
-- Open ones that wait for later wait no longer.
UPDATE slice SET due_ms = :due_ms
WHERE trigger_id = :trigger_id AND done = 0 AND due_ms > :due_ms AND no IN (SELECT value FROM json_each(:numbers));

-- name: hurry_slices @postgres
-- Differs: how a JSON list is read.
UPDATE slice SET due_ms = :due_ms
WHERE trigger_id = :trigger_id AND done = 0 AND due_ms > :due_ms
  AND no IN (SELECT CAST(k AS bigint) FROM jsonb_array_elements_text(CAST(:numbers AS jsonb)) AS k);

-- name: repeats_waiting
SELECT 1 AS yes FROM trigger_again WHERE done_ms IS NULL OR open = 1 LIMIT 1;
