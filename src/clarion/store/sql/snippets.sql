-- name: snippets
SELECT name, value, updated_ms FROM snippet WHERE workspace_id = :workspace_id ORDER BY name;

-- name: upsert_snippet
INSERT INTO snippet (workspace_id, name, value, updated_ms) VALUES (:workspace_id, :name, :value, {{now_ms}})
ON CONFLICT (workspace_id, name) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms;

-- name: delete_snippet
DELETE FROM snippet WHERE workspace_id = :workspace_id AND name = :name;
