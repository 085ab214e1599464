-- name: person_by_number
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE person_id = :person_id AND workspace_id = :workspace_id;

-- name: person_by_id
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND id = :id;

-- name: people_by_email
-- At most :most people with this address, oldest first.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND email_key = :email_key ORDER BY person_id LIMIT :most;

-- name: lock_person
-- Nothing to lock: the writer is alone.
SELECT 1 AS yes WHERE :person_id IS NOT NULL;

-- name: lock_person @postgres
-- Differs: two callers may change one person at once; a merge must not lose the other's.
SELECT 1 AS yes FROM person WHERE person_id = :person_id FOR UPDATE;

-- name: lock_people
-- Nothing to lock: the writer is alone.
SELECT 1 AS yes WHERE :workspace_id IS NOT NULL AND :person_ids IS NOT NULL;

-- name: lock_people @postgres
-- Differs: several are locked in one order, so that two callers do not wait for each other in a circle.
SELECT 1 AS yes FROM person
WHERE workspace_id = :workspace_id
  AND person_id IN (SELECT CAST(jsonb_array_elements_text(CAST(:person_ids AS jsonb)) AS bigint))
ORDER BY person_id FOR UPDATE;

-- name: lock_newcomers
-- Nothing to lock: the writer is alone.
SELECT 1 AS yes WHERE :workspace_id IS NOT NULL;

-- name: lock_newcomers @postgres
-- Differs: who does not exist yet has no row to lock, but the workspace has one, which nobody else locks for long.
SELECT 1 AS yes FROM workspace WHERE workspace_id = :workspace_id FOR NO KEY UPDATE;

-- name: hold_people
-- Which of these people exist; nothing to lock: the writer is alone.
SELECT person_id FROM person
WHERE workspace_id = :workspace_id AND person_id IN (SELECT value FROM json_each(:person_ids))
ORDER BY person_id;

-- name: hold_people @postgres
-- Differs: a list is an array; nobody may delete them before this transaction ends.
SELECT person_id FROM person
WHERE workspace_id = :workspace_id
  AND person_id = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:person_ids AS jsonb)) AS bigint)))
ORDER BY person_id FOR SHARE;

-- name: numbers_by_ids
-- In the list's order, which data files often share with the index; sorting the list first takes longer.
SELECT p.id, p.person_id FROM json_each(:ids) i
CROSS JOIN person p ON p.workspace_id = :workspace_id AND p.id = i.value;

-- name: numbers_by_ids @postgres
-- Differs: a list is an array, and as one it is looked up by index whatever the table's size.
SELECT id, person_id FROM person
WHERE workspace_id = :workspace_id AND id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:ids AS jsonb))));

-- name: numbers_by_emails
SELECT email_key, person_id FROM person
WHERE workspace_id = :workspace_id AND email_key IN (SELECT value FROM json_each(:email_keys))
ORDER BY person_id;

-- name: numbers_by_emails @postgres
-- Differs: a list is an array, and as one it is looked up by index whatever the table's size.
SELECT email_key, person_id FROM person
WHERE workspace_id = :workspace_id
  AND email_key = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:email_keys AS jsonb))))
ORDER BY person_id;

-- name: identifiers_of
-- Who stands behind these numbers, for lists of deliveries.
SELECT person_id, id, email FROM person
WHERE person_id IN (SELECT value FROM json_each(:person_ids));

-- name: identifiers_of @postgres
-- Differs: a list is an array, and as one it is looked up by index whatever the table's size.
SELECT person_id, id, email FROM person
WHERE person_id = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:person_ids AS jsonb)) AS bigint)));

-- name: insert_people
INSERT INTO person (person_id, workspace_id, id, email, email_key, email_unique, unsubscribed, attributes, changed,
                    created_ms, updated_ms)
VALUES (:person_id, :workspace_id, :id, :email, :email_key, :email_unique, :unsubscribed, :attributes, :changed,
        {{now_ms}}, {{now_ms}});

-- name: insert_people @postgres
-- Differs: rows travel as arrays.
INSERT INTO person (person_id, workspace_id, id, email, email_key, email_unique, unsubscribed, attributes, changed,
                    created_ms, updated_ms)
SELECT r.*, {{now_ms}}, {{now_ms}} FROM unnest(
    CAST(:person_id AS bigint[]), CAST(:workspace_id AS bigint[]), CAST(:id AS text[]), CAST(:email AS text[]),
    CAST(:email_key AS text[]), CAST(:email_unique AS text[]), CAST(:unsubscribed AS smallint[]),
    CAST(:attributes AS text[]), CAST(:changed AS text[])) AS r;

-- name: update_person
UPDATE person SET id = :id, email = :email, email_key = :email_key, email_unique = :email_unique,
    unsubscribed = :unsubscribed, attributes = :attributes, changed = :changed, updated_ms = {{now_ms}}
WHERE person_id = :person_id;

-- name: delete_person
DELETE FROM person WHERE person_id = :person_id;

-- name: delete_devices
DELETE FROM device WHERE person_id = :person_id;

-- name: delete_events
DELETE FROM person_event WHERE person_id = :person_id;

-- name: delete_memberships
-- Before a person goes; the segments become one smaller each.
DELETE FROM segment_member WHERE person_id = :person_id RETURNING segment_id;

-- name: upsert_device
INSERT INTO device (person_id, token, platform, last_used, attributes)
VALUES (:person_id, :token, :platform, :last_used, :attributes)
ON CONFLICT (person_id, token) DO UPDATE SET
    platform = excluded.platform, last_used = excluded.last_used, attributes = excluded.attributes;

-- name: delete_device
DELETE FROM device WHERE person_id = :person_id AND token = :token;

-- name: devices_of
SELECT token, platform, last_used, attributes FROM device WHERE person_id = :person_id ORDER BY token;

-- name: insert_event
-- A repeated event id is one event.
INSERT INTO person_event (person_id, at_ms, event_id, kind, name, data)
VALUES (:person_id, :at_ms, :event_id, :kind, :name, :data)
ON CONFLICT (person_id, event_id) DO NOTHING;

-- name: suppress
INSERT INTO suppressed_identifier (workspace_id, kind, value, person_id, created_ms)
VALUES (:workspace_id, :kind, :value, :person_id, {{now_ms}})
ON CONFLICT (workspace_id, kind, value) DO NOTHING;

-- name: unsuppress
DELETE FROM suppressed_identifier WHERE workspace_id = :workspace_id AND kind = :kind AND value = :value;

-- name: is_suppressed
-- Whether the identifier is blocked in clear, and whether there are any that are kept as a hash only.
SELECT EXISTS (SELECT 1 FROM suppressed_identifier
               WHERE workspace_id = :workspace_id AND kind = :kind AND value = :value) AS yes,
       EXISTS (SELECT 1 FROM suppressed_hash WHERE workspace_id = :workspace_id) AS hashed;

-- name: suppressed_people
-- Which of these vanished people were suppressed rather than deleted.
SELECT DISTINCT person_id FROM suppressed_identifier
WHERE person_id IN (SELECT value FROM json_each(:person_ids));

-- name: suppressed_people @postgres
-- Differs: a list is an array, and as one it is looked up by index whatever the table's size.
SELECT DISTINCT person_id FROM suppressed_identifier
WHERE person_id = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:person_ids AS jsonb)) AS bigint)));

-- name: last_person
-- The highest number given out so far: the audience's end.
SELECT COALESCE(MAX(person_id), 0) AS person_id FROM person
WHERE person_id >= :lowest AND person_id <= :highest;

-- name: insert_anonymous_event
INSERT INTO anonymous_event (workspace_id, anonymous_id, event_id, at_ms, kind, name, data)
VALUES (:workspace_id, :anonymous_id, :event_id, :at_ms, :kind, :name, :data)
ON CONFLICT (workspace_id, anonymous_id, event_id) DO NOTHING;

-- name: adopt_anonymous_events
-- Those since :since_ms become a person's.
INSERT INTO person_event (person_id, event_id, at_ms, kind, name, data)
SELECT :person_id, event_id, at_ms, kind, name, data FROM anonymous_event
WHERE workspace_id = :workspace_id AND anonymous_id = :anonymous_id AND at_ms >= :since_ms
ON CONFLICT (person_id, event_id) DO NOTHING;

-- name: drop_anonymous_events
DELETE FROM anonymous_event WHERE workspace_id = :workspace_id AND anonymous_id = :anonymous_id;

-- name: clear_anonymous_events
DELETE FROM anonymous_event WHERE at_ms < {{now_ms}} - :kept_ms;

-- name: copy_events
INSERT INTO person_event (person_id, event_id, at_ms, kind, name, data)
SELECT :into_id, event_id, at_ms, kind, name, data FROM person_event
WHERE person_id = :person_id AND at_ms >= :since_ms
ON CONFLICT (person_id, event_id) DO NOTHING;

-- name: note_merge
INSERT INTO merged_person (person_id, into_person_id, merged_ms) VALUES (:person_id, :into_id, {{now_ms}});

-- name: redirect_merges
-- Whoever was merged into the one who goes now.
UPDATE merged_person SET into_person_id = :into_id WHERE into_person_id = :person_id;

-- name: merged_into
SELECT person_id FROM merged_person WHERE into_person_id = :person_id ORDER BY person_id;

-- name: people_by_numbers
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND person_id IN (SELECT value FROM json_each(:person_ids)) ORDER BY person_id;

-- name: people_by_numbers @postgres
-- Differs: a list is an array.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id
  AND person_id = ANY (CAST(translate(:person_ids, '[]', '{}') AS bigint[])) ORDER BY person_id;
