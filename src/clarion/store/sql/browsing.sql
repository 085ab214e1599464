-- name: people_before
-- A page of people, newest first.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE person_id < :before AND person_id >= :lowest ORDER BY person_id DESC LIMIT :most;

-- name: people_after
-- Some people from a place on: samples are taken with it.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE person_id > :after AND person_id <= :until ORDER BY person_id LIMIT :most;

-- name: people_by_email_prefix
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND email_key >= :prefix AND email_key < :beyond
ORDER BY email_key LIMIT :most;

-- name: people_by_email_prefix @postgres
-- Differs: order and comparison by bytes need their own operators, or a collation decides.
SELECT person_id, id, email, attributes, changed, created_ms FROM person
WHERE workspace_id = :workspace_id AND email_key ~>=~ CAST(:prefix AS text) AND email_key ~<~ CAST(:beyond AS text)
ORDER BY email_key USING ~<~ LIMIT :most;
