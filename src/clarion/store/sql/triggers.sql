-- name: insert_content
INSERT INTO trigger_content (content_hash, content, kinds, conditions)
VALUES (:content_hash, :content, CAST(:kinds AS text), CAST(:conditions AS text))
ON CONFLICT (content_hash) DO NOTHING;

-- name: content_kinds
SELECT c.kinds FROM broadcast_trigger t JOIN trigger_content c ON c.content_hash = t.content_hash
WHERE t.trigger_id = :trigger_id AND c.kinds IS NOT NULL;

-- name: content
SELECT content FROM trigger_content WHERE content_hash = :content_hash;

-- name: insert_trigger
INSERT INTO broadcast_trigger (trigger_id, workspace_id, broadcast_id, state, failure, selector, condition, echo, data,
    flags, content_hash, created_ms, processed_ms, resolve_until, next_entry, missing, error_count,
    scheduled_ms, resolve_due_ms, expires_after_s, expires_ms, triggered_by)
VALUES (:trigger_id, :workspace_id, :broadcast_id, :state, :failure, :selector, :condition, :echo, :data,
    :flags, :content_hash, {{now_ms}}, CASE WHEN :finished = 1 THEN {{now_ms}} END, :resolve_until, :next_entry,
    :missing, :error_count, CAST(:scheduled_ms AS bigint), COALESCE(CAST(:scheduled_ms AS bigint), 0),
    CAST(:expires_after_s AS bigint), CASE WHEN CAST(:expires_after_s AS bigint) > 0
        THEN COALESCE(CAST(:scheduled_ms AS bigint), {{now_ms}}) + 1000 * CAST(:expires_after_s AS bigint) END,
    CAST(:triggered_by AS text));

-- name: waiting_triggers
-- How many triggers of a broadcast are queued: the queue of 5. One that only waits for retries has left it, one
-- whose time has not come has not joined it.
SELECT COUNT(*) AS n FROM broadcast_trigger
WHERE broadcast_id = :broadcast_id AND (scheduled_ms IS NULL OR scheduled_ms <= {{now_ms}})
  AND (state IN ('queued', 'resolving') OR (state = 'sending' AND fresh_slices > 0));

-- name: conditions_waiting
-- The filters of audiences that are still to be worked out, and those of the actions they are for.
SELECT t.condition, c.conditions FROM broadcast_trigger t JOIN trigger_content c ON c.content_hash = t.content_hash
WHERE t.state IN ('queued', 'resolving') AND t.workspace_id = :workspace_id
  AND (t.condition IS NOT NULL OR c.conditions IS NOT NULL);

-- name: trigger
SELECT t.*, b.doubt_policy FROM broadcast_trigger t JOIN broadcast b ON b.broadcast_id = t.broadcast_id
WHERE t.trigger_id = :trigger_id;

-- name: triggers_of
-- Newest first, without the large columns.
SELECT trigger_id, broadcast_id, state, failure, selector, created_ms, processed_ms, audience, recipients, error_count
FROM broadcast_trigger WHERE broadcast_id = :broadcast_id ORDER BY trigger_id DESC LIMIT :most;

-- name: insert_entries
INSERT INTO trigger_entry (trigger_id, entry, line, person_id, data)
SELECT :trigger_id, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       NULLIF(CAST(substr(:texts, json_extract(value, '$[3]'), json_extract(value, '$[4]')) AS text), '')
FROM json_each(:rows);

-- name: insert_entries @postgres
-- Differs: copied; as an array each text would be escaped here and read again there, at twice the cost.
COPY trigger_entry (trigger_id, entry, line, person_id, data) FROM STDIN;

-- name: insert_errors
INSERT INTO trigger_error (trigger_id, no, line, text) VALUES (:trigger_id, :no, :line, :text);

-- name: insert_errors @postgres
-- Differs: rows travel as arrays.
INSERT INTO trigger_error (trigger_id, no, line, text)
SELECT * FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:no AS bigint[]), CAST(:line AS bigint[]),
                     CAST(:text AS text[]));

-- name: trigger_errors
SELECT no, line, text FROM trigger_error WHERE trigger_id = :trigger_id AND no >= :start ORDER BY no LIMIT :most;

-- name: resolvable
-- A trigger whose audience is to be worked out and that nobody holds; oldest first.
SELECT trigger_id, workspace_id, scheduled_ms, audience_ms FROM broadcast_trigger
WHERE state IN ('queued', 'resolving') AND resolve_lease_ms < {{now_ms}} AND resolve_due_ms <= {{now_ms}}
  AND (:trigger_id = 0 OR trigger_id = :trigger_id)
ORDER BY trigger_id LIMIT 1;

-- name: resolvable @postgres
-- Differs: several workers may look at once.
SELECT trigger_id, workspace_id, scheduled_ms, audience_ms FROM broadcast_trigger
WHERE state IN ('queued', 'resolving') AND resolve_lease_ms < {{now_ms}} AND resolve_due_ms <= {{now_ms}}
  AND (:trigger_id = 0 OR trigger_id = :trigger_id)
ORDER BY trigger_id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: overdue_trigger
-- Whose audience nobody works out. A job is submitted for a new one, so it is left to that for a while; nobody
-- submits one for a time that has come, or for what a dead process had begun.
SELECT trigger_id FROM broadcast_trigger
WHERE state IN ('queued', 'resolving')
  AND (state = 'resolving' OR scheduled_ms IS NOT NULL OR created_ms <= {{now_ms}} - :grace_ms)
  AND resolve_lease_ms < {{now_ms}} - :grace_ms AND resolve_due_ms <= {{now_ms}}
ORDER BY trigger_id LIMIT 1;

-- name: freeze_moment
-- A scheduled trigger is for the people there are when its time has come.
UPDATE broadcast_trigger SET audience_ms = {{now_ms}},
    resolve_until = CASE WHEN condition IS NOT NULL THEN :last_person ELSE resolve_until END
WHERE trigger_id = :trigger_id AND scheduled_ms IS NOT NULL AND audience_ms IS NULL;

-- name: hold_trigger
-- Take the resolve lease; the fence grows so that an earlier holder's next step meets no row.
UPDATE broadcast_trigger SET state = 'resolving', resolve_owner = :owner, resolve_fence = resolve_fence + 1,
    resolve_lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND state IN ('queued', 'resolving');

-- name: free_triggers_of
-- A process on this machine is known to be dead: what it was resolving can be taken at once.
UPDATE broadcast_trigger SET resolve_lease_ms = 0
WHERE state = 'resolving' AND resolve_owner = :owner AND resolve_lease_ms > 0;

-- name: advance_file
-- A stretch of the data file is staged: the checkpoint moves with the entries it covers.
UPDATE broadcast_trigger SET file_offset = :file_offset, file_line = :file_line, file_done = :file_done,
    next_entry = :next_entry, resolve_until = :next_entry - 1, missing = :missing, error_count = :error_count,
    resolve_lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND resolve_fence = :fence AND state = 'resolving';

-- name: advance_resolve
-- A range of the audience is in the ledger: the checkpoint moves with the rows it covers.
UPDATE broadcast_trigger SET resolved_to = :resolved_to, next_seq = :next_seq, next_slice = :next_slice,
    audience = audience + :people, recipients = recipients + :recipients, open_slices = open_slices + :slices,
    fresh_slices = fresh_slices + :slices, resolve_lease_ms = {{now_ms}} + :lease_ms,
    booked_hour = COALESCE(booked_hour, {{now_ms}} / 3600000)
WHERE trigger_id = :trigger_id AND resolve_fence = :fence AND state = 'resolving';

-- name: renew_resolve
-- Long work outside the database (a download) keeps the lease.
UPDATE broadcast_trigger SET resolve_lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND resolve_fence = :fence AND state = 'resolving';

-- name: begin_file
-- The file is here. If it is another one than last time, staging starts over: nothing is in the ledger yet.
UPDATE broadcast_trigger SET failure = NULL, file_sha256 = :sha256, file_offset = 0, file_line = 0, next_entry = 1, resolve_until = 0,
    missing = 0, error_count = 0, resolve_lease_ms = {{now_ms}} + :lease_ms
WHERE trigger_id = :trigger_id AND resolve_fence = :fence AND state = 'resolving' AND file_done = 0;

-- name: drop_entries
DELETE FROM trigger_entry WHERE trigger_id = :trigger_id;

-- name: drop_entries_to
-- A part of them, so that the transaction stays short.
DELETE FROM trigger_entry WHERE trigger_id = :trigger_id AND entry <= :upto;

-- name: drop_errors
DELETE FROM trigger_error WHERE trigger_id = :trigger_id;

-- name: named_people
-- A stretch of the people named one by one, as they are now: 1 unsubscribed, 2 without an address, 4 vanished, 8 named
-- before. Both ends of the stretch are given, and people are looked up one by one: PostgreSQL does not know how many
-- entries a new trigger has, and otherwise sorts all that are left, or reads every person, for each stretch.
SELECT e.entry, e.person_id,
       COALESCE((SELECT p.unsubscribed + CASE WHEN COALESCE(p.email, '') = '' THEN 2 ELSE 0 END
                 FROM person p WHERE p.person_id = e.person_id), 4)
       + CASE WHEN EXISTS (SELECT 1 FROM trigger_entry f
                           WHERE f.trigger_id = e.trigger_id AND f.person_id = e.person_id AND f.entry < e.entry)
              THEN 8 ELSE 0 END AS odd
FROM trigger_entry e
WHERE e.trigger_id = :trigger_id AND e.entry > :after AND e.entry <= :upto ORDER BY e.entry;

-- name: people_named_once
-- The same where nobody was named before.
SELECT e.entry, e.person_id,
       COALESCE((SELECT p.unsubscribed + CASE WHEN COALESCE(p.email, '') = '' THEN 2 ELSE 0 END
                 FROM person p WHERE p.person_id = e.person_id), 4) AS odd
FROM trigger_entry e
WHERE e.trigger_id = :trigger_id AND e.entry > :after AND e.entry <= :upto ORDER BY e.entry;

-- name: repeated_name
-- Read from the index of people alone, in its order.
SELECT person_id FROM trigger_entry WHERE trigger_id = :trigger_id
GROUP BY person_id HAVING COUNT(*) > 1 LIMIT 1;

-- name: finish_resolve
-- The audience is complete; with nothing left to send the trigger is done at once.
UPDATE broadcast_trigger SET resolve_owner = NULL, resolve_lease_ms = 0, failure = NULL,
    state = CASE WHEN open_slices = 0 THEN 'done' ELSE 'sending' END,
    processed_ms = CASE WHEN open_slices = 0 THEN {{now_ms}} END
WHERE trigger_id = :trigger_id AND resolve_fence = :fence AND state = 'resolving';

-- name: release_resolve
-- The holder is stopping: another one may go on at once.
UPDATE broadcast_trigger SET resolve_owner = NULL, resolve_lease_ms = 0
WHERE trigger_id = :trigger_id AND resolve_fence = :fence AND state = 'resolving';

-- name: put_off_resolve
-- Something outside is in the way: give the lease back and try again later.
UPDATE broadcast_trigger SET resolve_owner = NULL, resolve_lease_ms = 0, resolve_tries = CASE WHEN resolve_tries < 1000 THEN resolve_tries + 1 ELSE 1000 END,
    failure = :failure, resolve_due_ms = {{now_ms}} + :delay_ms
WHERE trigger_id = :trigger_id AND resolve_fence = :fence AND state = 'resolving';

-- name: fail_trigger
UPDATE broadcast_trigger SET state = 'failed', failure = :failure, processed_ms = {{now_ms}}, resolve_owner = NULL,
    error_count = error_count + :errors
WHERE trigger_id = :trigger_id AND state IN ('queued', 'resolving') AND resolve_fence = :fence;

-- name: slice_given_back
-- One slice fewer (:closed), or one fewer that holds somebody who was never tried (:tried); the last one closed
-- finishes the trigger.
UPDATE broadcast_trigger SET open_slices = open_slices - :closed, fresh_slices = fresh_slices - :tried,
    state = CASE WHEN state = 'sending' AND open_slices = :closed THEN 'done' ELSE state END,
    processed_ms = CASE WHEN state IN ('sending', 'stopped') AND open_slices = :closed THEN {{now_ms}}
                        ELSE processed_ms END
WHERE trigger_id = :trigger_id;

-- name: reopen_trigger
UPDATE broadcast_trigger SET open_slices = open_slices + :slices, processed_ms = NULL,
    state = CASE WHEN state = 'done' THEN 'sending' ELSE state END
WHERE trigger_id = :trigger_id AND details_removed_ms IS NULL AND data_removed_ms IS NULL;

-- name: stop_triggers
-- Stop whatever of a broadcast is unfinished; slices already made are closed by whoever claims them next.
UPDATE broadcast_trigger SET state = 'stopped',
    processed_ms = CASE WHEN open_slices = 0 THEN {{now_ms}} END
WHERE broadcast_id = :broadcast_id AND state IN ('queued', 'resolving', 'sending');

-- name: rush_slices
-- Slices that wait for a retry need not wait any longer: their trigger was stopped.
UPDATE slice SET due_ms = 0
WHERE done = 0 AND due_ms > 0 AND trigger_id IN (
    SELECT trigger_id FROM broadcast_trigger WHERE broadcast_id = :broadcast_id AND state = 'stopped' AND open_slices > 0);
