-- Identifiers that somebody was refused may be another's, and are looked for when that one is erased.
CREATE INDEX activity_refused ON activity (workspace_id) WHERE kind = 'failed_attribute_change';
