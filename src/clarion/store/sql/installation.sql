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
SELECT k.workspace_id, k.scopes, k.site_id, k.name AS key_name, k.key_id, k.last_used_ms, {{now_ms}} AS now_ms,
       w.name, w.identifiers
FROM api_key k JOIN workspace w ON w.workspace_id = k.workspace_id
WHERE k.secret_hash = :secret_hash AND k.kind = :kind AND k.revoked_ms IS NULL;

-- name: service_token_by_hash
SELECT w.workspace_id, 'app:send' AS scopes, k.name AS key_name, k.token_id AS key_id, k.last_used_ms,
       {{now_ms}} AS now_ms, w.name, w.identifiers
FROM service_token k CROSS JOIN workspace w
WHERE k.secret_hash = :secret_hash AND k.revoked_ms IS NULL AND w.workspace_id = :workspace_id;

-- name: note_key_use
UPDATE api_key SET last_used_ms = {{now_ms}} WHERE key_id = :key_id;

-- name: note_token_use
UPDATE service_token SET last_used_ms = {{now_ms}} WHERE token_id = :key_id;

-- name: keys_of
SELECT key_id, kind, name, scopes, site_id, created_ms, revoked_ms, last_used_ms FROM api_key
WHERE workspace_id = :workspace_id ORDER BY key_id;

-- name: revoke_key
UPDATE api_key SET revoked_ms = COALESCE(revoked_ms, {{now_ms}})
WHERE workspace_id = :workspace_id AND key_id = :key_id;

-- name: service_tokens
SELECT token_id AS key_id, 'service' AS kind, name, 'app:send' AS scopes, NULL AS site_id, created_ms, revoked_ms,
       last_used_ms
FROM service_token ORDER BY token_id;

-- name: insert_service_token
INSERT INTO service_token (token_id, name, secret_hash, created_ms) VALUES (:token_id, :name, :secret_hash, {{now_ms}});

-- name: revoke_service_token
UPDATE service_token SET revoked_ms = COALESCE(revoked_ms, {{now_ms}}) WHERE token_id = :token_id;

-- name: whereabouts
-- What names this database, and whether the next two may be asked.
SELECT 0 AS oid, file AS name, 1 AS may_ask_system, 0 AS may_ask_timeline
FROM pragma_database_list WHERE name = 'main';

-- name: whereabouts @postgres
-- Differs: a server names itself.
SELECT d.oid, d.datname AS name, has_function_privilege('pg_control_system()', 'execute') AS may_ask_system,
       has_function_privilege('pg_walfile_name(pg_lsn)', 'execute') AND NOT pg_is_in_recovery() AS may_ask_timeline
FROM pg_database d WHERE d.datname = current_database();

-- name: whereabouts_system
-- A file has no other name.
SELECT 'file' AS system;

-- name: whereabouts_system @postgres
-- Differs: the same for a physical replica, another one for every other server.
SELECT CAST(system_identifier AS text) AS system FROM pg_control_system();

-- name: whereabouts_timeline
-- A file has no replicas.
SELECT '0' AS timeline;

-- name: whereabouts_timeline @postgres
-- Differs: from the name of the log file that is written now, which is right at once after a take-over.
SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline;

-- name: homes
SELECT system, address, timeline, seen_ms FROM home ORDER BY system, address;

-- name: forget_homes
DELETE FROM home;

-- name: settle_home
INSERT INTO home (system, address, timeline, seen_ms) VALUES (:system, :address, :timeline, {{now_ms}})
ON CONFLICT (system, address) DO UPDATE SET timeline = excluded.timeline, seen_ms = excluded.seen_ms;

-- name: touch_home
-- Never makes one: it may just have been taken away.
UPDATE home SET timeline = :timeline, seen_ms = {{now_ms}} WHERE system = :system AND address = :address;

-- name: anything_sent
-- Whether a worker ever took a slice here.
SELECT 1 AS yes FROM slice WHERE fence > 0 LIMIT 1;
