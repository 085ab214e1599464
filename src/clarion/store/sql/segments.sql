-- name: insert_segment
INSERT INTO segment (segment_id, workspace_id, name, description, kind, created_ms, updated_ms)
VALUES (:segment_id, :workspace_id, :name, :description, 'manual', {{now_ms}}, {{now_ms}});

-- name: segments
SELECT segment_id, name, description, kind, size, created_ms, updated_ms FROM segment
WHERE workspace_id = :workspace_id ORDER BY segment_id;

-- name: segment
SELECT segment_id, name, description, kind, size, created_ms, updated_ms FROM segment
WHERE workspace_id = :workspace_id AND segment_id = :segment_id;

-- name: rename_segment
UPDATE segment SET name = :name, description = :description, updated_ms = {{now_ms}}
WHERE workspace_id = :workspace_id AND segment_id = :segment_id;

-- name: lock_segment
-- Nothing to lock: the writer is alone.
SELECT 1 AS yes FROM segment WHERE workspace_id = :workspace_id AND segment_id = :segment_id;

-- name: lock_segment @postgres
-- Differs: somebody may be deleting it; members must not be added to a segment that goes away.
SELECT 1 AS yes FROM segment WHERE workspace_id = :workspace_id AND segment_id = :segment_id FOR UPDATE;

-- name: delete_segment
DELETE FROM segment WHERE workspace_id = :workspace_id AND segment_id = :segment_id;

-- name: delete_members
DELETE FROM segment_member WHERE segment_id = :segment_id;

-- name: add_members
INSERT INTO segment_member (segment_id, person_id) VALUES (:segment_id, :person_id) ON CONFLICT DO NOTHING;

-- name: add_members @postgres
-- Differs: rows travel as arrays.
INSERT INTO segment_member (segment_id, person_id)
SELECT * FROM unnest(CAST(:segment_id AS bigint[]), CAST(:person_id AS bigint[])) ON CONFLICT DO NOTHING;

-- name: remove_members
DELETE FROM segment_member WHERE segment_id = :segment_id AND person_id = :person_id;

-- name: remove_members @postgres
-- Differs: rows travel as arrays.
DELETE FROM segment_member m
USING unnest(CAST(:segment_id AS bigint[]), CAST(:person_id AS bigint[])) AS r (segment_id, person_id)
WHERE m.segment_id = r.segment_id AND m.person_id = r.person_id;

-- name: change_segment_size
UPDATE segment SET size = size + :by, updated_ms = {{now_ms}} WHERE segment_id = :segment_id;

-- name: members
-- A page of a segment's people, by number.
SELECT p.person_id, p.id, p.email FROM segment_member m JOIN person p ON p.person_id = m.person_id
WHERE m.segment_id = :segment_id AND m.person_id > :after ORDER BY m.person_id LIMIT :most;

-- name: memberships_of
SELECT s.segment_id, s.name, s.description FROM segment_member m JOIN segment s ON s.segment_id = m.segment_id
WHERE m.person_id = :person_id ORDER BY s.segment_id;

-- name: memberships_between
-- Who of a range of people is in which of some segments; the audience's Python predicate reads it.
SELECT segment_id, person_id FROM segment_member
WHERE segment_id {{in :segment_ids}} AND person_id > :after AND person_id <= :until;

-- name: memberships_among
-- Who of some people is in which of some segments.
SELECT segment_id, person_id FROM segment_member
WHERE segment_id {{in :segment_ids}} AND person_id {{in :person_ids}};

