-- name: schema_tables
-- Which of the tables that every migration needs are here.
SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('schema_version', 'schema_guard');

-- name: schema_tables @postgres
-- Differs: the catalogue has another name, and one with a search path.
SELECT name FROM (VALUES ('schema_version'), ('schema_guard')) AS wanted (name) WHERE to_regclass(name) IS NOT NULL;

-- name: list_migrations
SELECT version FROM schema_version ORDER BY version;

-- name: schema_minimum
-- The newest step that a running program must know.
SELECT minimum FROM schema_guard;

-- name: raise_minimum
UPDATE schema_guard SET minimum = :minimum WHERE minimum < :minimum;

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
SELECT k.workspace_id, k.scopes, k.site_id, w.name, w.identifiers
FROM api_key k JOIN workspace w ON w.workspace_id = k.workspace_id
WHERE k.secret_hash = :secret_hash AND k.kind = :kind;
