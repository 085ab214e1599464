-- name: keep_file
INSERT INTO attached_file (workspace_id, hash, size, content, named_ms)
VALUES (:workspace_id, :hash, :size, :content, {{now_ms}})
ON CONFLICT (workspace_id, hash) DO UPDATE SET named_ms = excluded.named_ms;

-- name: name_file
-- An action names it from now on. Meets no row: it is gone.
UPDATE attached_file SET named_ms = {{now_ms}} WHERE workspace_id = :workspace_id AND hash = :hash;

-- name: copy_file
INSERT INTO attached_file (workspace_id, hash, size, content, named_ms)
SELECT CAST(:to_workspace AS bigint), hash, size, content, {{now_ms}} FROM attached_file
WHERE workspace_id = :workspace_id AND hash = :hash
ON CONFLICT (workspace_id, hash) DO UPDATE SET named_ms = excluded.named_ms;

-- name: file_content
SELECT content FROM attached_file WHERE workspace_id = :workspace_id AND hash = :hash;

-- name: hold_file
INSERT INTO trigger_file (trigger_id, hash) VALUES (:trigger_id, :hash) ON CONFLICT (trigger_id, hash) DO NOTHING;

-- name: let_files_go
DELETE FROM trigger_file WHERE trigger_id = :trigger_id;

-- name: files_not_needed
-- No action, no version of a broadcast and no trigger that may still send names it, in any workspace.
SELECT f.workspace_id, f.hash FROM attached_file f
WHERE f.named_ms < :before_ms
  AND NOT EXISTS (SELECT 1 FROM trigger_file u JOIN broadcast_trigger t ON t.trigger_id = u.trigger_id
                  WHERE u.hash = f.hash AND t.data_removed_ms IS NULL)
  AND NOT EXISTS (SELECT 1 FROM action a WHERE a.attachments <> '[]' AND a.attachments LIKE '%' || f.hash || '%')
  AND NOT EXISTS (SELECT 1 FROM broadcast_version v
                  WHERE v.files IS NOT NULL AND v.files LIKE '%' || f.hash || '%')
LIMIT :most;

-- name: drop_file
-- Meets no row where somebody began to name it meanwhile: whoever does, writes its row.
DELETE FROM attached_file WHERE workspace_id = :workspace_id AND hash = :hash AND named_ms < :before_ms;
