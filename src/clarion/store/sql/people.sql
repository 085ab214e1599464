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

-- name: people_among
-- What conditions ask of some people.
SELECT person_id, id, email, attributes FROM person WHERE person_id {{in :person_ids}};

-- name: people_named
-- Whoever has one of these identifiers, in the order of their numbers. Nothing to lock: the writer is alone. The sign
-- keeps the planner from an index by workspace, which it takes for short: it would go through everybody.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE +workspace_id = :workspace_id AND person_id IN (
    SELECT person_id FROM person WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids))
    UNION SELECT person_id FROM person
    WHERE workspace_id = :workspace_id AND email_key IN (SELECT value FROM json_each(:emails))
    UNION SELECT value FROM json_each(:numbers))
ORDER BY person_id;

-- name: people_named @postgres
-- Differs: lists are arrays, and found by index whatever the table's size; two callers may change one person at once,
-- and lock several in one order.
WITH named AS MATERIALIZED (
    SELECT person_id FROM person
    WHERE workspace_id = :workspace_id AND id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:ids AS jsonb))))
    UNION SELECT person_id FROM person
    WHERE workspace_id = :workspace_id
      AND email_key = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:emails AS jsonb))))
    UNION SELECT CAST(jsonb_array_elements_text(CAST(:numbers AS jsonb)) AS bigint))
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND person_id = ANY (ARRAY(SELECT person_id FROM named))
ORDER BY person_id FOR UPDATE;

-- name: blocked_among
-- Which of these are blocked in clear; a row of empty texts says that others may be blocked by a hash.
SELECT kind, value FROM suppressed_identifier
WHERE workspace_id = :workspace_id AND kind = 'id' AND value IN (SELECT value FROM json_each(:ids))
UNION ALL SELECT kind, value FROM suppressed_identifier
WHERE workspace_id = :workspace_id AND kind = 'email' AND value IN (SELECT value FROM json_each(:emails))
UNION ALL SELECT '', '' WHERE EXISTS (SELECT 1 FROM suppressed_hash WHERE workspace_id = :workspace_id);

-- name: blocked_among @postgres
-- Differs: lists are arrays.
SELECT kind, value FROM suppressed_identifier
WHERE workspace_id = :workspace_id AND kind = 'id'
  AND value = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:ids AS jsonb))))
UNION ALL SELECT kind, value FROM suppressed_identifier
WHERE workspace_id = :workspace_id AND kind = 'email'
  AND value = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:emails AS jsonb))))
UNION ALL SELECT '', '' WHERE EXISTS (SELECT 1 FROM suppressed_hash WHERE workspace_id = :workspace_id);

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
-- Which of these people exist; nothing to lock: the writer is alone. The sign is as above.
SELECT person_id FROM person
WHERE +workspace_id = :workspace_id AND person_id IN (SELECT value FROM json_each(:person_ids))
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
WHERE person_id {{in :person_ids}};

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
WHERE person_id = :person_id AND workspace_id = :workspace_id;

-- name: update_person @postgres
-- Differs: rows travel as arrays.
UPDATE person p SET id = r.id, email = r.email, email_key = r.email_key, email_unique = r.email_unique,
    unsubscribed = r.unsubscribed, attributes = r.attributes, changed = r.changed, updated_ms = {{now_ms}}
FROM unnest(
    CAST(:person_id AS bigint[]), CAST(:workspace_id AS bigint[]), CAST(:id AS text[]), CAST(:email AS text[]),
    CAST(:email_key AS text[]), CAST(:email_unique AS text[]), CAST(:unsubscribed AS smallint[]),
    CAST(:attributes AS text[]), CAST(:changed AS text[]))
    AS r (person_id, workspace_id, id, email, email_key, email_unique, unsubscribed, attributes, changed)
WHERE p.person_id = r.person_id AND p.workspace_id = r.workspace_id;

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

-- name: push_devices
SELECT person_id, token, platform, last_used, attributes FROM device WHERE person_id {{in :person_ids}};

-- name: insert_event
-- A repeated event id is one event.
INSERT INTO person_event (person_id, at_ms, event_id, kind, name, data)
VALUES (:person_id, :at_ms, :event_id, :kind, :name, :data)
ON CONFLICT (person_id, event_id) DO NOTHING;

-- name: insert_event @postgres
-- Differs: rows travel as arrays.
INSERT INTO person_event (person_id, at_ms, event_id, kind, name, data)
SELECT * FROM unnest(CAST(:person_id AS bigint[]), CAST(:at_ms AS bigint[]), CAST(:event_id AS text[]),
                     CAST(:kind AS text[]), CAST(:name AS text[]), CAST(:data AS text[]))
ON CONFLICT (person_id, event_id) DO NOTHING;

-- name: suppress
INSERT INTO suppressed_identifier (workspace_id, kind, value, person_id, created_ms)
VALUES (:workspace_id, :kind, :value, :person_id, {{now_ms}})
ON CONFLICT (workspace_id, kind, value) DO NOTHING;

-- name: unsuppress
DELETE FROM suppressed_identifier WHERE workspace_id = :workspace_id AND kind = :kind AND value = :value;

-- name: suppressed_people
-- Which of these vanished people were suppressed rather than deleted.
SELECT DISTINCT person_id FROM suppressed_identifier
WHERE person_id {{in :person_ids}};

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

-- name: survivors
-- Into whom some people were merged; whoever goes on into another is redirected.
SELECT person_id, into_person_id FROM merged_person WHERE person_id {{in :person_ids}};

-- name: people_by_numbers
-- The sign is as above.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE +workspace_id = :workspace_id AND person_id {{in :person_ids}} ORDER BY person_id;

-- name: events_of_person
-- Newest first, those before a moment, or of it with a lower id. One person's events are sorted for it.
SELECT person_id, at_ms, event_id, kind, name, data FROM person_event
WHERE person_id = :person_id AND (at_ms < :before_ms OR (at_ms = :before_ms AND event_id < :before_id))
ORDER BY at_ms DESC, event_id DESC LIMIT :most;

-- name: having_between
-- Who of a range of people has an attribute; the trace may be one deeper inside.
SELECT person_id, attributes FROM person
WHERE person_id > :after AND person_id <= :until AND instr(attributes, :trace) > 0;

-- name: having_between @postgres
-- Differs: how a text is looked for.
SELECT person_id, attributes FROM person
WHERE person_id > :after AND person_id <= :until AND strpos(attributes, :trace) > 0;
