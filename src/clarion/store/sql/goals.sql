-- name: goal_kept
SELECT goal_id FROM goal WHERE broadcast_id = :broadcast_id AND goal = :goal;

-- name: insert_goal
INSERT INTO goal (goal_id, workspace_id, broadcast_id, kind, subject, goal, open_ms, created_ms)
VALUES (:goal_id, :workspace_id, :broadcast_id, :kind, :subject, :goal, :open_ms, {{now_ms}});

-- name: aim_trigger
UPDATE broadcast_trigger SET goal_id = :goal_id, converting = :converting WHERE trigger_id = :trigger_id;

-- name: goal_of_trigger
SELECT g.goal, t.converting FROM broadcast_trigger t JOIN goal g ON g.goal_id = t.goal_id
WHERE t.trigger_id = :trigger_id;

-- name: open_goals
-- Those of some subjects that a message may still convert for: a trigger of theirs goes on, or ended not long ago.
SELECT g.goal_id, g.broadcast_id, g.goal FROM goal g
WHERE g.workspace_id = :workspace_id AND g.kind = :kind AND g.subject IN (SELECT value FROM json_each(:subjects))
  AND (EXISTS (SELECT 1 FROM broadcast_trigger t WHERE t.goal_id = g.goal_id AND t.processed_ms IS NULL)
    OR EXISTS (SELECT 1 FROM broadcast_trigger t
               WHERE t.goal_id = g.goal_id AND t.processed_ms >= {{now_ms}} - g.open_ms))
ORDER BY g.goal_id;

-- name: open_goals @postgres
-- Differs: a list is an array.
SELECT g.goal_id, g.broadcast_id, g.goal FROM goal g
WHERE g.workspace_id = :workspace_id AND g.kind = :kind
  AND g.subject = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:subjects AS jsonb))))
  AND (EXISTS (SELECT 1 FROM broadcast_trigger t WHERE t.goal_id = g.goal_id AND t.processed_ms IS NULL)
    OR EXISTS (SELECT 1 FROM broadcast_trigger t
               WHERE t.goal_id = g.goal_id AND t.processed_ms >= {{now_ms}} - g.open_ms))
ORDER BY g.goal_id;

-- name: events_known
-- Which of one person's events are stored already.
SELECT event_id FROM person_event
WHERE person_id = :person_id AND event_id IN (SELECT value FROM json_each(:event_ids));

-- name: events_known @postgres
-- Differs: a list is an array.
SELECT event_id FROM person_event
WHERE person_id = :person_id AND event_id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))));

-- name: insert_reached
INSERT INTO goal_reached (broadcast_id, person_id, source, goal_ids, at_ms, due_ms)
VALUES (:broadcast_id, :person_id, :source, :goal_ids, :at_ms, :due_ms)
ON CONFLICT (broadcast_id, person_id, source) DO NOTHING;

-- name: insert_reached @postgres
-- Differs: rows travel as arrays.
INSERT INTO goal_reached (broadcast_id, person_id, source, goal_ids, at_ms, due_ms)
SELECT * FROM unnest(CAST(:broadcast_id AS bigint[]), CAST(:person_id AS bigint[]), CAST(:source AS text[]),
                     CAST(:goal_ids AS text[]), CAST(:at_ms AS bigint[]), CAST(:due_ms AS bigint[]))
ON CONFLICT (broadcast_id, person_id, source) DO NOTHING;

-- name: is_reached_due
-- A look without a lock, so that idle workers do not write.
SELECT 1 AS yes FROM goal_reached WHERE due_ms <= {{now_ms}} LIMIT 1;

-- name: take_reached
SELECT broadcast_id, person_id, source, goal_ids, at_ms FROM goal_reached
WHERE due_ms <= {{now_ms}} ORDER BY due_ms LIMIT :most;

-- name: take_reached @postgres
-- Differs: each worker passes over what another is just looking at.
SELECT broadcast_id, person_id, source, goal_ids, at_ms FROM goal_reached
WHERE due_ms <= {{now_ms}} ORDER BY due_ms LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: put_off_reached
UPDATE goal_reached SET due_ms = :due_ms
WHERE broadcast_id = :broadcast_id AND person_id = :person_id AND source = :source;

-- name: put_off_reached @postgres
-- Differs: rows travel as arrays.
UPDATE goal_reached g SET due_ms = r.due_ms
FROM unnest(CAST(:broadcast_id AS bigint[]), CAST(:person_id AS bigint[]), CAST(:source AS text[]),
            CAST(:due_ms AS bigint[])) AS r (broadcast_id, person_id, source, due_ms)
WHERE g.broadcast_id = r.broadcast_id AND g.person_id = r.person_id AND g.source = r.source;

-- name: broadcast_with_reached
-- The broadcast of a trigger with a goal, where somebody waits; nearly always none.
SELECT t.broadcast_id FROM broadcast_trigger t
WHERE t.trigger_id = :trigger_id AND t.goal_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM goal_reached g WHERE g.broadcast_id = t.broadcast_id);

-- name: wake_reached
UPDATE goal_reached SET due_ms = {{now_ms}}
WHERE broadcast_id = :broadcast_id AND person_id {{in :person_ids}} AND at_ms >= :since_ms AND due_ms > {{now_ms}};

-- name: drop_reached
DELETE FROM goal_reached WHERE broadcast_id = :broadcast_id AND person_id = :person_id AND source = :source;

-- name: drop_reached @postgres
-- Differs: rows travel as arrays.
DELETE FROM goal_reached g
USING unnest(CAST(:broadcast_id AS bigint[]), CAST(:person_id AS bigint[]), CAST(:source AS text[]))
    AS r (broadcast_id, person_id, source)
WHERE g.broadcast_id = r.broadcast_id AND g.person_id = r.person_id AND g.source = r.source;

-- name: goals_by_id
SELECT goal_id, goal FROM goal WHERE goal_id {{in :goal_ids}};

-- name: triggers_of_goals
-- Whose messages may convert: those that go on first, then by their end, the last one first.
SELECT t.trigger_id, t.goal_id, t.converting, t.processed_ms
FROM goal g JOIN broadcast_trigger t ON t.goal_id = g.goal_id
WHERE g.goal_id {{in :goal_ids}} AND t.next_seq > 1 AND t.details_removed_ms IS NULL
  AND (t.processed_ms IS NULL OR t.processed_ms >= {{now_ms}} - g.open_ms)
ORDER BY CASE WHEN t.processed_ms IS NULL THEN 0 ELSE 1 END, t.processed_ms DESC, t.trigger_id DESC;

-- name: insert_conversion
-- Meets no row when the journey has converted, or this reaching was counted.
INSERT INTO conversion (trigger_id, seq, action_id, goal_id, broadcast_id, person_id, source, at_ms)
VALUES (:trigger_id, :seq, :action_id, :goal_id, :broadcast_id, :person_id, :source, :at_ms)
ON CONFLICT DO NOTHING;

-- name: clear_conversions
DELETE FROM conversion WHERE trigger_id = :trigger_id AND seq > :after AND seq <= :until;

-- name: merged_to
-- Who somebody is since they were merged into another.
SELECT into_person_id FROM merged_person WHERE person_id = :person_id;

-- name: anonymous_events
-- A stranger's events since :since_ms.
SELECT event_id, at_ms, kind, name, data FROM anonymous_event
WHERE workspace_id = :workspace_id AND anonymous_id = :anonymous_id AND at_ms >= :since_ms;
