-- name: insert_activities
INSERT INTO activity (workspace_id, id, person_id, kind, name, data)
VALUES (:workspace_id, :id, :person_id, :kind, :name, :data);

-- name: insert_activities @postgres
-- Differs: rows travel as arrays.
INSERT INTO activity (workspace_id, id, person_id, kind, name, data)
SELECT * FROM unnest(CAST(:workspace_id AS bigint[]), CAST(:id AS text[]), CAST(:person_id AS bigint[]),
                     CAST(:kind AS text[]), CAST(:name AS text[]), CAST(:data AS text[]));

-- name: activities_of_workspace
-- A stretch of the journal, newest first.
SELECT a.id, a.person_id, a.kind, a.name, a.data FROM activity a
WHERE a.workspace_id = :workspace_id AND a.id < :before ORDER BY a.id DESC LIMIT :most;

-- name: activities_of_people
-- Of one person, under all their numbers; '' for any kind and any name.
SELECT a.id, a.person_id, a.kind, a.name, a.data FROM activity a
WHERE a.person_id {{in :person_ids}} AND a.id < :before
  AND (CAST(:kind AS text) = '' OR a.kind = :kind) AND (CAST(:name AS text) = '' OR a.name = :name)
ORDER BY a.id DESC LIMIT :most;

-- name: forget_activities
DELETE FROM activity WHERE person_id = :person_id;

-- name: forget_refused
-- That others were refused somebody's identifier.
DELETE FROM activity
WHERE workspace_id = :workspace_id AND kind = 'failed_attribute_change' AND instr(lower(data), lower(:quoted)) > 0;

-- name: forget_refused @postgres
-- Differs: the function has another name.
DELETE FROM activity
WHERE workspace_id = :workspace_id AND kind = 'failed_attribute_change' AND strpos(lower(data), lower(:quoted)) > 0;

-- name: move_activities
UPDATE activity SET person_id = :into_id WHERE person_id = :person_id;

-- name: clear_activities
-- The oldest of a workspace.
DELETE FROM activity WHERE workspace_id = :workspace_id AND id < :before AND id <= COALESCE(
    (SELECT id FROM activity WHERE workspace_id = :workspace_id ORDER BY id LIMIT 1 OFFSET :most), :before);

-- name: event_data
-- What events carried, by their ids.
SELECT person_id, event_id, data FROM person_event
WHERE person_id IN (SELECT value FROM json_each(:person_ids)) AND event_id IN (SELECT value FROM json_each(:event_ids));

-- name: event_data @postgres
-- Differs: lists are arrays.
SELECT person_id, event_id, data FROM person_event
WHERE person_id = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:person_ids AS jsonb)) AS bigint)))
  AND event_id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))));
