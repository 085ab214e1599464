-- name: inlines_css
SELECT inline_css FROM workspace WHERE workspace_id = :workspace_id;

-- name: set_inlines_css
UPDATE workspace SET inline_css = :inline_css WHERE workspace_id = :workspace_id;
