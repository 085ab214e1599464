-- name: keep_seal
-- Meets no row when the token came before.
INSERT INTO hook_seal (provider, token, content, first_ms) VALUES (:provider, :token, :content, {{now_ms}})
ON CONFLICT (provider, token) DO NOTHING;

-- name: seal
SELECT content FROM hook_seal WHERE provider = :provider AND token = :token;

-- name: clear_seals
DELETE FROM hook_seal WHERE first_ms < {{now_ms}} - :kept_ms;
