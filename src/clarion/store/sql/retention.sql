-- name: turn_taken
-- A look without a lock: whether the task is not due yet.
SELECT 1 AS yes FROM housekeeping WHERE task = :task AND due_ms > {{now_ms}};

-- name: take_turn
-- Meets a row when the task is due: this process does it, the next turn is in :every_ms.
INSERT INTO housekeeping (task, due_ms) VALUES (:task, {{now_ms}} + :every_ms)
ON CONFLICT (task) DO UPDATE SET due_ms = excluded.due_ms WHERE housekeeping.due_ms <= {{now_ms}};

-- name: triggers_to_clear
-- Finished for long, nobody in doubt; and those whose clearing was begun and not ended.
SELECT t.trigger_id, t.next_seq, t.removed_to, t.next_entry, t.error_count FROM broadcast_trigger t
WHERE t.details_gone = 0 AND t.processed_ms IS NOT NULL AND (t.details_removed_ms IS NOT NULL OR (
    t.processed_ms < :before_ms AND t.state IN ('done', 'failed', 'stopped') AND t.open_slices = 0
    AND NOT EXISTS (SELECT 1 FROM trigger_count c WHERE c.trigger_id = t.trigger_id AND c.state IN (0, 6)
                    GROUP BY c.trigger_id HAVING SUM(c.n) > 0)))
ORDER BY t.processed_ms LIMIT :most;

-- name: begin_clearing
-- From here on its lists are empty; nobody can reopen it.
UPDATE broadcast_trigger SET details_removed_ms = {{now_ms}}, data_removed_ms = COALESCE(data_removed_ms, {{now_ms}}),
    data = '{}', echo = CASE WHEN selector IN ('ids', 'emails', 'per_user_data') THEN '{}' ELSE echo END
WHERE trigger_id = :trigger_id AND details_removed_ms IS NULL AND open_slices = 0
  AND state IN ('done', 'failed', 'stopped');

-- name: clear_accounts
DELETE FROM delivery WHERE trigger_id = :trigger_id AND seq > :after AND seq <= :until;

-- name: cleared_accounts
UPDATE broadcast_trigger SET removed_to = :until
WHERE trigger_id = :trigger_id AND removed_to = :after AND details_removed_ms IS NOT NULL;

-- name: clear_entries
DELETE FROM trigger_entry WHERE trigger_id = :trigger_id AND entry > :after AND entry <= :until;

-- name: clear_errors
DELETE FROM trigger_error WHERE trigger_id = :trigger_id AND no >= :after AND no <= :until;

-- name: clear_slices
DELETE FROM slice WHERE trigger_id = :trigger_id;

-- name: end_clearing
UPDATE broadcast_trigger SET details_gone = 1 WHERE trigger_id = :trigger_id AND details_removed_ms IS NOT NULL;

-- name: triggers_with_data
-- Finished for long, and people's own data is still there; and those whose clearing was begun and not ended.
SELECT trigger_id, next_entry FROM broadcast_trigger
WHERE details_gone = 0 AND processed_ms IS NOT NULL AND details_removed_ms IS NULL AND data_gone = 0
  AND (data_removed_ms IS NOT NULL
    OR (processed_ms < :before_ms AND state IN ('done', 'failed', 'stopped') AND open_slices = 0))
ORDER BY processed_ms LIMIT :most;

-- name: clear_data
UPDATE trigger_entry SET data = NULL
WHERE trigger_id = :trigger_id AND entry > :after AND entry <= :until AND data IS NOT NULL;

-- name: begin_clearing_data
-- From here on nobody can reopen it.
UPDATE broadcast_trigger SET data_removed_ms = {{now_ms}}, data = '{}'
WHERE trigger_id = :trigger_id AND data_removed_ms IS NULL AND open_slices = 0 AND state IN ('done', 'failed', 'stopped');

-- name: end_clearing_data
UPDATE broadcast_trigger SET data_gone = 1 WHERE trigger_id = :trigger_id AND data_removed_ms IS NOT NULL;

-- name: removed_when
SELECT data_removed_ms, details_removed_ms FROM broadcast_trigger WHERE trigger_id = :trigger_id;

-- name: event_after
-- The :count-th event behind a key, where a batch ends.
SELECT person_id, event_id FROM person_event
WHERE (person_id, event_id) > (:person_id, :event_id) ORDER BY person_id, event_id LIMIT 1 OFFSET :count;

-- name: clear_events
-- Of a stretch of the table, without an index on time that every event would have to pay for.
DELETE FROM person_event
WHERE (person_id, event_id) > (:person_id, :event_id) AND (person_id, event_id) <= (:until_person, :until_event)
  AND at_ms < :before_ms
RETURNING person_id, kind, name;

-- name: note_erasure
-- Again: what was looked for before is looked for still.
INSERT INTO erasure (person_id, workspace_id, identifiers, asked_ms)
VALUES (:person_id, :workspace_id, :identifiers, {{now_ms}})
ON CONFLICT (person_id) DO UPDATE SET done_ms = NULL,
    identifiers = CASE WHEN excluded.identifiers = '[]' THEN erasure.identifiers ELSE excluded.identifiers END;

-- name: erasures
SELECT person_id, workspace_id, identifiers, asked_ms, done_ms FROM erasure
WHERE (:workspace_id = 0 OR workspace_id = :workspace_id) AND (:only_open = 0 OR done_ms IS NULL) ORDER BY asked_ms;

-- name: end_erasure
UPDATE erasure SET done_ms = {{now_ms}}, identifiers = '[]' WHERE person_id = :person_id AND done_ms IS NULL;

-- name: triggers_to_sweep
SELECT trigger_id, selector, echo FROM broadcast_trigger
WHERE workspace_id = :workspace_id AND trigger_id > :after AND details_gone = 0 ORDER BY trigger_id LIMIT :most;

-- name: replace_echo
UPDATE broadcast_trigger SET echo = :echo WHERE trigger_id = :trigger_id;

-- name: accounts_of_person
-- In some triggers; the index of who is in which trigger serves it, which leaves duplicates out.
SELECT trigger_id, seq, action_id, state FROM delivery
WHERE trigger_id {{in :trigger_ids}} AND person_id = :person_id
  AND (reason IS NULL OR reason <> 'duplicate');

-- name: erase_account
UPDATE delivery SET recipient = NULL, words = NULL
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id
  AND (recipient IS NOT NULL OR words IS NOT NULL);

-- name: erase_entries
UPDATE trigger_entry SET data = NULL
WHERE trigger_id {{in :trigger_ids}} AND person_id = :person_id AND data IS NOT NULL;

-- name: erase_errors
-- Sentences that quote the identifier.
UPDATE trigger_error SET text = :words
WHERE trigger_id IN (SELECT value FROM json_each(:trigger_ids)) AND instr(text, :quoted) > 0;

-- name: erase_errors @postgres
-- Differs: a list is an array, and the function has another name.
UPDATE trigger_error SET text = :words
WHERE trigger_id = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:trigger_ids AS jsonb)) AS bigint)))
  AND strpos(text, :quoted) > 0;

-- name: suppressions_of
-- Identifiers that were blocked with a person, and those they have now.
SELECT kind, value FROM suppressed_identifier
WHERE workspace_id = :workspace_id
  AND (person_id = :person_id OR (kind = 'id' AND value = :id) OR (kind = 'email' AND value = :email_key));

-- name: suppress_hash
INSERT INTO suppressed_hash (workspace_id, kind, hash, created_ms) VALUES (:workspace_id, :kind, :hash, {{now_ms}})
ON CONFLICT (workspace_id, kind, hash) DO NOTHING;

-- name: unsuppress_hash
DELETE FROM suppressed_hash WHERE workspace_id = :workspace_id AND kind = :kind AND hash = :hash;

-- name: is_suppressed_hash
SELECT 1 AS yes FROM suppressed_hash WHERE workspace_id = :workspace_id AND kind = :kind AND hash = :hash;
