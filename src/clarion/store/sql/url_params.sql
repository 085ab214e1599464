-- name: url_params
SELECT url_params FROM workspace WHERE workspace_id = :workspace_id;

-- name: set_url_params
UPDATE workspace SET url_params = CAST(:url_params AS text) WHERE workspace_id = :workspace_id;
