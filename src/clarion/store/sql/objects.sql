-- name: note_object_type
INSERT INTO object_type (workspace_id, object_type_id, created_ms)
VALUES (:workspace_id, :object_type_id, {{now_ms}}) ON CONFLICT (workspace_id, object_type_id) DO NOTHING;

-- name: object_types
SELECT t.object_type_id, (SELECT COUNT(*) FROM object o
    WHERE o.workspace_id = t.workspace_id AND o.object_type_id = t.object_type_id) AS objects
FROM object_type t WHERE t.workspace_id = :workspace_id ORDER BY t.object_type_id;

-- name: object_by_id
SELECT object_no, object_type_id, object_id, attributes, created_ms, updated_ms FROM object
WHERE workspace_id = :workspace_id AND object_type_id = :object_type_id AND object_id = :object_id;

-- name: hold_object
-- The same, to change it. Nothing to lock: the writer is alone.
SELECT object_no, object_type_id, object_id, attributes, created_ms, updated_ms FROM object
WHERE workspace_id = :workspace_id AND object_type_id = :object_type_id AND object_id = :object_id;

-- name: hold_object @postgres
-- Differs: two callers may change one object at once.
SELECT object_no, object_type_id, object_id, attributes, created_ms, updated_ms FROM object
WHERE workspace_id = :workspace_id AND object_type_id = :object_type_id AND object_id = :object_id FOR UPDATE;

-- name: object_by_number
SELECT object_no, object_type_id, object_id, attributes, created_ms, updated_ms FROM object
WHERE workspace_id = :workspace_id AND object_no = :object_no;

-- name: insert_object
INSERT INTO object (object_no, workspace_id, object_type_id, object_id, attributes, created_ms, updated_ms)
VALUES (:object_no, :workspace_id, :object_type_id, :object_id, :attributes, {{now_ms}}, {{now_ms}});

-- name: update_object
UPDATE object SET attributes = :attributes, updated_ms = {{now_ms}} WHERE object_no = :object_no;

-- name: delete_object
DELETE FROM object WHERE object_no = :object_no;

-- name: delete_relationships_of_object
DELETE FROM relationship WHERE object_no = :object_no;

-- name: delete_relationships_of_person
DELETE FROM relationship WHERE person_id = :person_id;

-- name: relationship
SELECT attributes FROM relationship WHERE person_id = :person_id AND object_no = :object_no;

-- name: relate
INSERT INTO relationship (person_id, object_no, attributes, created_ms)
VALUES (:person_id, :object_no, :attributes, {{now_ms}})
ON CONFLICT (person_id, object_no) DO UPDATE SET attributes = excluded.attributes;

-- name: unrelate
DELETE FROM relationship WHERE person_id = :person_id AND object_no = :object_no;

-- name: move_relationships
-- What one person has goes to another who does not have it yet.
INSERT INTO relationship (person_id, object_no, attributes, created_ms)
SELECT :into_id, object_no, attributes, created_ms FROM relationship WHERE person_id = :person_id
ON CONFLICT (person_id, object_no) DO NOTHING;

-- name: objects_of_person
SELECT r.object_no, r.attributes, r.created_ms, o.object_type_id, o.object_id
FROM relationship r JOIN object o ON o.object_no = r.object_no
WHERE r.person_id = :person_id AND r.object_no > :after ORDER BY r.object_no LIMIT :most;

-- name: people_of_object
SELECT r.person_id, r.attributes, r.created_ms, p.id, p.email
FROM relationship r JOIN person p ON p.person_id = r.person_id
WHERE r.object_no = :object_no AND r.person_id > :after ORDER BY r.person_id LIMIT :most;
