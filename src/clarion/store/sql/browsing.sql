-- name: people_after
-- Some people from a place on: samples are taken with it.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE person_id > :after AND person_id <= :until ORDER BY person_id LIMIT :most;

-- name: numbers_between
-- The next people of a range, by number only.
SELECT person_id FROM person WHERE person_id > :after AND person_id <= :until ORDER BY person_id LIMIT :most;

-- name: people_by_email_prefix
-- In the order of their addresses, those behind a place.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND email_key >= :reached AND email_key < :beyond
  AND NOT (email_key = :reached AND person_id <= :after)
ORDER BY email_key, person_id LIMIT :most;

-- name: people_by_email_prefix @postgres
-- Differs: order and comparison by bytes need their own operators, or a collation decides.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND email_key ~>=~ CAST(:reached AS text) AND email_key ~<~ CAST(:beyond AS text)
  AND NOT (email_key = CAST(:reached AS text) AND person_id <= :after)
ORDER BY email_key USING ~<~, person_id LIMIT :most;

-- name: people_by_id_prefix
-- In the order of their ids, those behind a place.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND id >= :prefix AND id > :reached AND id < :beyond
ORDER BY id LIMIT :most;

-- name: people_by_id_prefix @postgres
-- Differs: order and comparison by bytes need their own operators, or a collation decides.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND id ~>=~ CAST(:prefix AS text) AND id ~>~ CAST(:reached AS text)
  AND id ~<~ CAST(:beyond AS text)
ORDER BY id USING ~<~ LIMIT :most;
