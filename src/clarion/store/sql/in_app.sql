-- name: keep_in_app
-- Of somebody who is there; a repeat after a crash meets its own row.
INSERT INTO in_app_message (delivery_id, kind, person_id, parts, created_ms, expires_ms)
SELECT :delivery_id, CAST(:kind AS text), person_id, CAST(:parts AS text), {{now_ms}},
    {{now_ms}} + CAST(:lives_ms AS bigint)
FROM person WHERE person_id = :person_id
ON CONFLICT (delivery_id) DO NOTHING;

-- name: kept_in_app
SELECT delivery_id FROM in_app_message WHERE delivery_id = :delivery_id;

-- name: waiting_in_app
-- What a person's app may show, newest first.
SELECT delivery_id, kind, parts, created_ms, expires_ms, opened_ms FROM in_app_message
WHERE person_id = :person_id AND dismissed_ms IS NULL AND expires_ms > {{now_ms}}
ORDER BY created_ms DESC, delivery_id LIMIT :most;

-- name: open_in_app
-- Meets a row wherever the message is this person's.
UPDATE in_app_message SET opened_ms = COALESCE(opened_ms, {{now_ms}})
WHERE delivery_id = :delivery_id AND person_id = :person_id;

-- name: dismiss_in_app
UPDATE in_app_message SET dismissed_ms = COALESCE(dismissed_ms, {{now_ms}})
WHERE delivery_id = :delivery_id AND person_id = :person_id;

-- name: is_in_app
SELECT person_id FROM in_app_message WHERE delivery_id = :delivery_id AND person_id = :person_id;

-- name: drop_in_app
DELETE FROM in_app_message WHERE person_id = :person_id;

-- name: move_in_app
UPDATE in_app_message SET person_id = :into_id WHERE person_id = :person_id;

-- name: clear_in_app
-- Some of those whose time is over.
DELETE FROM in_app_message WHERE delivery_id IN (
    SELECT delivery_id FROM in_app_message WHERE expires_ms <= :now_ms ORDER BY expires_ms LIMIT :most
);
