-- name: esp_suppress
-- The first word about an address stays.
INSERT INTO esp_suppression (workspace_id, email_key, kind, email, domain, reason, status, created_ms)
VALUES (:workspace_id, :email_key, :kind, :email, :domain, :reason, :status, {{now_ms}})
ON CONFLICT (workspace_id, email_key, kind) DO NOTHING;

-- name: esp_unsuppress
DELETE FROM esp_suppression WHERE workspace_id = :workspace_id AND email_key = :email_key AND kind = :kind;

-- name: esp_forget
DELETE FROM esp_suppression WHERE workspace_id = :workspace_id AND email_key = :email_key;

-- name: esp_of_address
SELECT kind, email, reason, status, created_ms FROM esp_suppression
WHERE workspace_id = :workspace_id AND email_key = :email_key ORDER BY kind;

-- name: esp_of_kind
-- By address; :email_key and :domain are '' for any.
SELECT kind, email, reason, status, created_ms FROM esp_suppression
WHERE workspace_id = :workspace_id AND kind = :kind AND (:email_key = '' OR email_key = :email_key)
  AND (:domain = '' OR domain = :domain)
ORDER BY email_key LIMIT :most OFFSET :offset;

-- name: esp_suppressed_among
SELECT DISTINCT email_key FROM esp_suppression
WHERE workspace_id = :workspace_id AND email_key IN (SELECT value FROM json_each(:email_keys));

-- name: esp_suppressed_among @postgres
-- Differs: how a list is read.
SELECT DISTINCT email_key FROM esp_suppression
WHERE workspace_id = :workspace_id
  AND email_key IN (SELECT value FROM jsonb_array_elements_text(CAST(:email_keys AS jsonb)) AS value);

-- name: esp_any
SELECT 1 AS yes FROM esp_suppression WHERE workspace_id = :workspace_id LIMIT 1;

-- name: esp_people_between
SELECT p.person_id FROM person p
WHERE p.person_id > :after AND p.person_id <= :until AND EXISTS (
    SELECT 1 FROM esp_suppression s WHERE s.workspace_id = :workspace_id AND s.email_key = p.email_key);

-- name: soft_bounce
INSERT INTO soft_bounce (workspace_id, email_key, bounces, last_ms)
VALUES (:workspace_id, :email_key, 1, {{now_ms}})
ON CONFLICT (workspace_id, email_key) DO UPDATE SET bounces = soft_bounce.bounces + 1, last_ms = excluded.last_ms;

-- name: soft_bounces_of
SELECT bounces FROM soft_bounce WHERE workspace_id = :workspace_id AND email_key = :email_key;

-- name: end_soft_bounces
DELETE FROM soft_bounce WHERE workspace_id = :workspace_id AND email_key = :email_key;
