-- name: latest_versions
-- The newest of a broadcast, with what they hold.
SELECT version, reason, changed_by, begun_ms, saved_ms, restored_from, triggers, last_trigger_id, changed, size, snapshot
FROM broadcast_version WHERE broadcast_id = :broadcast_id ORDER BY version DESC LIMIT :most;

-- name: versions_before
-- A page of the history, without what the versions hold.
SELECT version, reason, changed_by, begun_ms, saved_ms, restored_from, triggers, last_trigger_id, changed, size
FROM broadcast_version WHERE broadcast_id = :broadcast_id AND version < :before ORDER BY version DESC LIMIT :most;

-- name: version_and_the_one_before
SELECT version, reason, changed_by, begun_ms, saved_ms, restored_from, triggers, last_trigger_id, changed, size, snapshot
FROM broadcast_version WHERE broadcast_id = :broadcast_id AND version <= :version ORDER BY version DESC LIMIT 2;

-- name: insert_version
INSERT INTO broadcast_version (broadcast_id, version, reason, changed_by, begun_ms, saved_ms, restored_from, changed,
                               size, snapshot, files)
VALUES (:broadcast_id, :version, :reason, :changed_by, :begun_ms, :saved_ms, :restored_from, :changed, :size,
        :snapshot, CAST(:files AS text));

-- name: renumber_version
-- Nothing that it holds has changed.
UPDATE broadcast_version SET version = :to_version WHERE broadcast_id = :broadcast_id AND version = :version;

-- name: delete_version
DELETE FROM broadcast_version WHERE broadcast_id = :broadcast_id AND version = :version;

-- name: note_triggered_version
UPDATE broadcast_version SET triggers = triggers + 1, last_trigger_id = :trigger_id
WHERE broadcast_id = :broadcast_id AND version = :version;

-- name: version_sizes
SELECT version, size FROM broadcast_version WHERE broadcast_id = :broadcast_id ORDER BY version DESC;

-- name: delete_versions_to
DELETE FROM broadcast_version WHERE broadcast_id = :broadcast_id AND version <= :version;
