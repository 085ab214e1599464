-- name: insert_preview
INSERT INTO preview (preview_hash, html, expires_ms) VALUES (:preview_hash, :html, {{now_ms}} + :lasts_ms);

-- name: preview
SELECT html FROM preview WHERE preview_hash = :preview_hash AND expires_ms > {{now_ms}};

-- name: clear_previews
DELETE FROM preview WHERE expires_ms <= {{now_ms}};
