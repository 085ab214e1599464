-- name: insert_import
INSERT INTO import_job (import_id, workspace_id, kind, name, description, url, identifier, who, columns, about,
    named_by, object_type_id, types, segment_id, lease_ms, held_until_ms, state, created_ms, updated_ms)
VALUES (:import_id, :workspace_id, :kind, :name, :description, :url, :identifier, :who, :columns, :about,
    :named_by, :object_type_id, :types, :segment_id, :lease_ms, :held_until_ms, 'preprocessing', {{now_ms}}, {{now_ms}});

-- name: imports
SELECT * FROM import_job WHERE workspace_id = :workspace_id AND import_id < :before
ORDER BY import_id DESC LIMIT :most;

-- name: import_job
SELECT * FROM import_job WHERE import_id = :import_id;

-- name: import_due
-- A look without a lock.
SELECT import_id FROM import_job
WHERE state IN ('preprocessing', 'importing') AND COALESCE(held_until_ms, lease_ms) < {{now_ms}}
ORDER BY import_id LIMIT 1;

-- name: take_import
-- The lease is in lease_ms, or in held_until_ms where older programs must not find it.
UPDATE import_job SET fence = fence + 1,
    lease_ms = CASE WHEN held_until_ms IS NULL THEN {{now_ms}} + :lease_ms ELSE lease_ms END,
    held_until_ms = CASE WHEN held_until_ms IS NULL THEN NULL ELSE {{now_ms}} + :lease_ms END
WHERE import_id = :import_id AND state IN ('preprocessing', 'importing')
    AND COALESCE(held_until_ms, lease_ms) < {{now_ms}};

-- name: begin_import
-- The file is here and its rows are counted. The lease ends: whoever comes next begins.
UPDATE import_job SET state = 'importing', sha256 = :sha256, rows_in_file = :rows_in_file, reached = :reached,
    line = 1, updated_ms = {{now_ms}},
    lease_ms = CASE WHEN held_until_ms IS NULL THEN 0 ELSE lease_ms END,
    held_until_ms = CASE WHEN held_until_ms IS NULL THEN NULL ELSE 0 END
WHERE import_id = :import_id AND fence = :fence AND state = 'preprocessing';

-- name: advance_import
-- A stretch of rows is in. The lease ends: other work takes turns with it.
UPDATE import_job SET rows_done = rows_done + :rows_done, rows_wrong = rows_wrong + :rows_wrong,
    rows_joined = rows_joined + :rows_joined, reached = :reached, line = :line, state = :state,
    updated_ms = {{now_ms}},
    lease_ms = CASE WHEN held_until_ms IS NULL THEN 0 ELSE lease_ms END,
    held_until_ms = CASE WHEN held_until_ms IS NULL THEN NULL ELSE 0 END
WHERE import_id = :import_id AND fence = :fence AND state = 'importing';

-- name: cancel_import
-- Whoever takes it next ends it, and removes the file.
UPDATE import_job SET cancelled_ms = COALESCE(cancelled_ms, {{now_ms}}), updated_ms = {{now_ms}}
WHERE import_id = :import_id AND workspace_id = :workspace_id AND state IN ('preprocessing', 'importing');

-- name: end_unheld_import
-- Cancelled before anybody held it: there is no file on any machine yet.
UPDATE import_job SET state = 'failed', failure = :failure, updated_ms = {{now_ms}}
WHERE import_id = :import_id AND cancelled_ms IS NOT NULL AND state = 'preprocessing' AND fence = 0;

-- name: fail_import
UPDATE import_job SET state = 'failed', failure = :failure, updated_ms = {{now_ms}}
WHERE import_id = :import_id AND fence = :fence;

-- name: insert_import_error
INSERT INTO import_error (import_id, line, text) VALUES (:import_id, :line, :text)
ON CONFLICT (import_id, line) DO NOTHING;

-- name: import_errors
SELECT line, text FROM import_error WHERE import_id = :import_id AND line > :after ORDER BY line LIMIT :most;

-- name: insert_collection
INSERT INTO collection (collection_id, workspace_id, name, content, size, bytes, columns, created_ms, updated_ms)
VALUES (:collection_id, :workspace_id, :name, :content, :size, :bytes, :columns, {{now_ms}}, {{now_ms}});

-- name: update_collection
UPDATE collection SET name = :name, content = :content, size = :size, bytes = :bytes, columns = :columns,
    updated_ms = {{now_ms}}
WHERE collection_id = :collection_id AND workspace_id = :workspace_id;

-- name: delete_collection
DELETE FROM collection WHERE collection_id = :collection_id AND workspace_id = :workspace_id;

-- name: collections
SELECT collection_id, name, size, bytes, columns, created_ms, updated_ms FROM collection
WHERE workspace_id = :workspace_id AND (:only = 0 OR collection_id = :only) ORDER BY collection_id;

-- name: collection_named
SELECT collection_id FROM collection WHERE workspace_id = :workspace_id AND name = :name;

-- name: collection_content
SELECT content FROM collection WHERE workspace_id = :workspace_id AND collection_id = :collection_id;
