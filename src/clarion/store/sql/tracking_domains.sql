-- name: tracking_domain
SELECT url, verified_ms, checked_ms, failure FROM tracking_domain
WHERE workspace_id = :workspace_id AND retired_ms IS NULL;

-- name: retire_tracking_domain
UPDATE tracking_domain SET retired_ms = {{now_ms}}
WHERE workspace_id = :workspace_id AND url <> :url AND retired_ms IS NULL;

-- name: use_tracking_domain
-- One that was retired is looked at anew.
INSERT INTO tracking_domain (workspace_id, url, made_ms) VALUES (:workspace_id, :url, {{now_ms}})
ON CONFLICT (workspace_id, url) DO UPDATE SET retired_ms = NULL, checked_ms = NULL,
    failure = 'it was not looked at since it is used again'
    WHERE tracking_domain.retired_ms IS NOT NULL;

-- name: note_tracking_domain
-- How a look at it went; no row when it is not the workspace's any more.
UPDATE tracking_domain SET checked_ms = {{now_ms}}, failure = CAST(:failure AS text),
    verified_ms = CASE WHEN CAST(:failure AS text) IS NULL THEN COALESCE(verified_ms, {{now_ms}}) ELSE verified_ms END
WHERE workspace_id = :workspace_id AND url = :url AND retired_ms IS NULL;

-- name: verified_domains
-- Every one that led here at some time, of all workspaces.
SELECT DISTINCT url FROM tracking_domain WHERE verified_ms IS NOT NULL;

-- name: domains_to_check
SELECT workspace_id, url FROM tracking_domain WHERE retired_ms IS NULL ORDER BY workspace_id;
