-- name: insert_upload
INSERT INTO upload (upload_id, workspace_id, name, bytes, whole, created_ms)
VALUES (:upload_id, :workspace_id, :name, 0, 0, {{now_ms}});

-- name: finish_upload
UPDATE upload SET bytes = :bytes, whole = 1 WHERE upload_id = :upload_id;

-- name: insert_upload_piece
INSERT INTO upload_piece (upload_id, no, content) VALUES (:upload_id, :no, :content);

-- name: upload
SELECT upload_id, workspace_id, name, bytes FROM upload WHERE upload_id = :upload_id AND whole = 1;

-- name: upload_piece
SELECT content FROM upload_piece WHERE upload_id = :upload_id AND no = :no;

-- name: delete_upload_pieces
DELETE FROM upload_piece WHERE upload_id = :upload_id;

-- name: delete_upload
DELETE FROM upload WHERE upload_id = :upload_id;

-- name: uploads_left_behind
-- Nobody asked for their import within the time, or the import is over. The URL of an import names its upload.
SELECT upload_id FROM upload WHERE created_ms < {{now_ms}} - :kept_ms AND NOT EXISTS (
    SELECT 1 FROM import_job WHERE import_job.url = 'upload:' || upload.upload_id
        AND import_job.state IN ('preprocessing', 'importing'))
ORDER BY created_ms LIMIT 100;
