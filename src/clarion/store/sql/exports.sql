-- name: insert_export
INSERT INTO export (export_id, workspace_id, kind, state, asked, description, made_by, created_ms, updated_ms)
VALUES (:export_id, :workspace_id, :kind, 'pending', :asked, :description, :made_by, {{now_ms}}, {{now_ms}});

-- name: exports
-- Newest first; :only 0 for all.
SELECT * FROM export WHERE workspace_id = :workspace_id AND (:only = 0 OR export_id = :only)
ORDER BY export_id DESC LIMIT :most;

-- name: export
SELECT * FROM export WHERE export_id = :export_id;

-- name: pending_export
-- A look without a lock, so that idle workers do not write.
SELECT export_id FROM export WHERE state = 'pending' AND lease_ms < {{now_ms}} ORDER BY export_id LIMIT 1;

-- name: take_export
-- Meets a row unless another was quicker.
UPDATE export SET lease_ms = {{now_ms}} + :lease_ms, fence = fence + 1
WHERE export_id = :export_id AND state = 'pending' AND lease_ms < {{now_ms}};

-- name: advance_export
-- A stretch is written: the checkpoint moves with it. Meets no row when another process holds it by now.
UPDATE export SET rows_so_far = rows_so_far + :some, reached = :reached, columns = :columns, next_chunk = next_chunk + 1,
    state = :state, lease_ms = {{now_ms}} + :lease_ms, updated_ms = {{now_ms}}
WHERE export_id = :export_id AND fence = :fence AND state = 'pending';

-- name: insert_export_chunk
INSERT INTO export_chunk (export_id, no, content) VALUES (:export_id, :no, :content);

-- name: fail_export
UPDATE export SET state = 'failed', failure = :failure, updated_ms = {{now_ms}}
WHERE export_id = :export_id AND state = 'pending';

-- name: export_chunk
SELECT content FROM export_chunk WHERE export_id = :export_id AND no = :no;

-- name: count_download
UPDATE export SET downloads = downloads + 1 WHERE export_id = :export_id;

-- name: drop_export_chunks_of
-- Of a workspace: somebody in it is erased, and nobody looks into compressed rows.
DELETE FROM export_chunk WHERE export_id IN (SELECT e.export_id FROM export e WHERE e.workspace_id = :workspace_id);

-- name: withdraw_exports
UPDATE export SET state = 'failed', failure = :failure, updated_ms = {{now_ms}}
WHERE workspace_id = :workspace_id AND state <> 'failed';

-- name: drop_old_export_chunks
DELETE FROM export_chunk WHERE export_id IN
    (SELECT e.export_id FROM export e WHERE e.state <> 'pending' AND e.updated_ms < {{now_ms}} - :kept_ms);

-- name: withdraw_old_exports
UPDATE export SET state = 'failed', failure = :failure
WHERE state = 'done' AND updated_ms < {{now_ms}} - :kept_ms;

-- name: release_export
-- Other work takes turns with it.
UPDATE export SET lease_ms = 0 WHERE export_id = :export_id AND fence = :fence AND state = 'pending';
