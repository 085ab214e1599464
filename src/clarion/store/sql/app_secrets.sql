-- name: app_secret
SELECT generation, renewed_ms, before_until_ms, {{now_ms}} AS now_ms FROM app_secret
WHERE workspace_id = :workspace_id;

-- name: renew_app_secret
INSERT INTO app_secret (workspace_id, generation, renewed_ms, before_until_ms)
VALUES (:workspace_id, 1, {{now_ms}}, {{now_ms}} + CAST(:grace_ms AS bigint))
ON CONFLICT (workspace_id) DO UPDATE SET generation = app_secret.generation + 1, renewed_ms = excluded.renewed_ms,
    before_until_ms = excluded.before_until_ms;
