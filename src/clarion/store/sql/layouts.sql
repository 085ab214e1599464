-- name: insert_layout
INSERT INTO layout (layout_id, workspace_id, name, html, created_ms, updated_ms)
VALUES (:layout_id, :workspace_id, :name, :html, {{now_ms}}, {{now_ms}});

-- name: update_layout
UPDATE layout SET name = :name, html = :html, updated_ms = {{now_ms}}
WHERE workspace_id = :workspace_id AND layout_id = :layout_id;

-- name: delete_layout
DELETE FROM layout WHERE workspace_id = :workspace_id AND layout_id = :layout_id;

-- name: layouts
-- One, or all for 0.
SELECT layout_id, name, html, created_ms, updated_ms FROM layout
WHERE workspace_id = :workspace_id AND (:layout_id = 0 OR layout_id = :layout_id) ORDER BY layout_id;
