-- name: has_migrations
-- Whether any migration has run here.
SELECT 1 AS yes FROM sqlite_master WHERE type = 'table' AND name = 'schema_version';

-- name: has_migrations @postgres
-- Differs: the catalogue has another name.
SELECT 1 AS yes FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_version';

-- name: list_migrations
SELECT version FROM schema_version ORDER BY version;

-- name: database_now
-- The database's clock.
SELECT {{now_ms}} AS now_ms;

-- name: take_numbers
-- Hand out :count numbers of a name; `next` is the first one after them.
INSERT INTO number_range (name, next) VALUES (:name, :count + 1)
ON CONFLICT (name) DO UPDATE SET next = number_range.next + :count
RETURNING next;

-- name: installation
SELECT secret FROM installation;

-- name: create_installation
INSERT INTO installation (only_row, secret, created_ms) VALUES (1, :secret, {{now_ms}})
ON CONFLICT (only_row) DO NOTHING;

-- name: insert_workspace
INSERT INTO workspace (workspace_id, name, identifiers, created_ms)
VALUES (:workspace_id, :name, :identifiers, {{now_ms}});

-- name: workspaces
SELECT workspace_id, name, identifiers FROM workspace ORDER BY workspace_id;

-- name: workspace
SELECT workspace_id, name, identifiers FROM workspace WHERE workspace_id = :workspace_id;

-- name: update_workspace
UPDATE workspace SET name = :name, identifiers = :identifiers WHERE workspace_id = :workspace_id;

-- name: insert_key
INSERT INTO api_key (key_id, workspace_id, kind, name, scopes, site_id, secret_hash, created_ms)
VALUES (:key_id, :workspace_id, :kind, :name, :scopes, :site_id, :secret_hash, {{now_ms}});

-- name: key_by_hash
SELECT k.workspace_id, k.scopes, k.site_id, k.name AS key_name, w.name, w.identifiers
FROM api_key k JOIN workspace w ON w.workspace_id = k.workspace_id
WHERE k.secret_hash = :secret_hash AND k.kind = :kind;
