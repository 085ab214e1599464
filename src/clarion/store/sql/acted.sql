-- name: mark_acted
-- Tells which were not marked yet.
INSERT INTO action_performed (trigger_id, seq, action_id)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
FROM json_each(:keys) WHERE true
ON CONFLICT (trigger_id, seq, action_id) DO NOTHING RETURNING trigger_id, seq, action_id;

-- name: mark_acted @postgres
-- Differs: a list is an array of jsonb.
INSERT INTO action_performed (trigger_id, seq, action_id)
SELECT CAST(value ->> 0 AS bigint), CAST(value ->> 1 AS bigint), CAST(value ->> 2 AS bigint)
FROM jsonb_array_elements(CAST(:keys AS jsonb))
ON CONFLICT (trigger_id, seq, action_id) DO NOTHING RETURNING trigger_id, seq, action_id;

-- name: unmark_acted
DELETE FROM action_performed WHERE (trigger_id, seq, action_id) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(:keys));

-- name: unmark_acted @postgres
-- Differs: a list is an array of jsonb.
DELETE FROM action_performed WHERE (trigger_id, seq, action_id) IN (
    SELECT CAST(value ->> 0 AS bigint), CAST(value ->> 1 AS bigint), CAST(value ->> 2 AS bigint)
    FROM jsonb_array_elements(CAST(:keys AS jsonb)));

-- name: clear_acted
-- With the accounts that they belong to.
DELETE FROM action_performed WHERE trigger_id = :trigger_id AND seq > :after AND seq <= :until;
