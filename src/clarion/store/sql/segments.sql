-- name: insert_segment
INSERT INTO segment (segment_id, workspace_id, name, description, kind, created_ms, updated_ms)
VALUES (:segment_id, :workspace_id, :name, :description, 'manual', {{now_ms}}, {{now_ms}});

-- name: segments
SELECT s.segment_id, s.name, s.description, CASE WHEN r.segment_id IS NULL THEN s.kind ELSE 'dynamic' END AS kind, s.size,
       s.created_ms, s.updated_ms, s.workspace_id, r.conditions, r.version, r.built_to, r.build_until, r.built_ms
FROM segment s LEFT JOIN segment_rule r ON r.segment_id = s.segment_id
WHERE s.workspace_id = :workspace_id ORDER BY s.segment_id;

-- name: segment
SELECT s.segment_id, s.name, s.description, CASE WHEN r.segment_id IS NULL THEN s.kind ELSE 'dynamic' END AS kind, s.size,
       s.created_ms, s.updated_ms, s.workspace_id, r.conditions, r.version, r.built_to, r.build_until, r.built_ms
FROM segment s LEFT JOIN segment_rule r ON r.segment_id = s.segment_id
WHERE s.workspace_id = :workspace_id AND s.segment_id = :segment_id;

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

-- name: segment_with_members_behind
-- The next segment with members, by index, and whether it was deleted.
SELECT n.segment_id, CASE WHEN EXISTS (SELECT 1 FROM segment s WHERE s.segment_id = n.segment_id)
    THEN 0 ELSE 1 END AS deleted
FROM (SELECT MIN(m.segment_id) AS segment_id FROM segment_member m WHERE m.segment_id > :after) AS n
WHERE n.segment_id IS NOT NULL;

-- name: segment_with_changes_behind
-- The same of those who came and left.
SELECT n.segment_id, CASE WHEN EXISTS (SELECT 1 FROM segment s WHERE s.segment_id = n.segment_id)
    THEN 0 ELSE 1 END AS deleted
FROM (SELECT MIN(c.segment_id) AS segment_id FROM segment_change c WHERE c.segment_id > :after) AS n
WHERE n.segment_id IS NOT NULL;

-- name: clear_members
-- Some of a deleted segment's.
DELETE FROM segment_member WHERE segment_id = :segment_id AND person_id <= COALESCE(
    (SELECT person_id FROM segment_member WHERE segment_id = :segment_id ORDER BY person_id LIMIT 1 OFFSET :most),
    :last);

-- name: add_members
-- Tells who was not in yet.
INSERT INTO segment_member (segment_id, person_id)
SELECT :segment_id, value FROM json_each(:person_ids) WHERE true ON CONFLICT DO NOTHING RETURNING person_id;

-- name: add_members @postgres
-- Differs: a list is an array.
INSERT INTO segment_member (segment_id, person_id)
SELECT :segment_id, unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) ON CONFLICT DO NOTHING
RETURNING person_id;

-- name: remove_members
-- Tells who was in.
DELETE FROM segment_member WHERE segment_id = :segment_id AND person_id {{in :person_ids}} RETURNING person_id;

-- name: remove_members @postgres
-- Differs: a look for each person. Of a segment that its statistics do not know yet, the planner takes that nobody is
-- in it, and reads it from end to end. The people are held, so their rows stay where they are.
DELETE FROM segment_member WHERE ctid = ANY (ARRAY(
    SELECT m.place FROM unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) AS p (person_id)
    CROSS JOIN LATERAL (SELECT n.ctid AS place FROM segment_member n
                        WHERE n.segment_id = :segment_id AND n.person_id = p.person_id LIMIT 1) AS m))
RETURNING person_id;

-- name: change_segment_size
UPDATE segment SET size = size + :by, updated_ms = {{now_ms}} WHERE segment_id = :segment_id;

-- name: members
-- A page of a segment's people, by number.
SELECT p.person_id, p.id, p.email FROM segment_member m JOIN person p ON p.person_id = m.person_id
WHERE m.segment_id = :segment_id AND m.person_id > :after ORDER BY m.person_id LIMIT :most;

-- name: memberships_of
SELECT s.segment_id, s.name, s.description FROM segment_member m JOIN segment s ON s.segment_id = m.segment_id
WHERE m.person_id = :person_id ORDER BY s.segment_id;

-- name: manual_memberships_of
-- Those that somebody was put into, and that are still there.
SELECT m.segment_id FROM segment_member m JOIN segment s ON s.segment_id = m.segment_id
WHERE m.person_id = :person_id AND NOT EXISTS (SELECT 1 FROM segment_rule r WHERE r.segment_id = m.segment_id)
ORDER BY m.segment_id;

-- name: memberships_between
-- Who of a range of people is in which of some segments; the audience's Python predicate reads it.
SELECT segment_id, person_id FROM segment_member
WHERE segment_id {{in :segment_ids}} AND person_id > :after AND person_id <= :until;

-- name: memberships_among
-- Who of some people is in which of some segments.
SELECT segment_id, person_id FROM segment_member
WHERE segment_id {{in :segment_ids}} AND person_id {{in :person_ids}};

-- name: memberships_among @postgres
-- Differs: a look for each person, as above.
SELECT m.segment_id, p.person_id
FROM unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) AS p (person_id)
CROSS JOIN LATERAL (SELECT n.segment_id FROM segment_member n WHERE n.person_id = p.person_id OFFSET 0) AS m
WHERE m.segment_id {{in :segment_ids}};

-- name: note_segment_changes
-- Whoever comes and goes within one millisecond goes in the next one; with the fifth change they are where they were last.
INSERT INTO segment_change (segment_id, at_ms, person_id, entered)
SELECT :segment_id, :at_ms + CASE WHEN EXISTS (
    SELECT 1 FROM segment_change c WHERE c.segment_id = :segment_id AND c.at_ms = :at_ms AND c.person_id = k.value)
    THEN (SELECT COUNT(*) FROM segment_change c
          WHERE c.segment_id = :segment_id AND c.at_ms IN (:at_ms, :at_ms + 1, :at_ms + 2) AND c.person_id = k.value)
    ELSE 0 END, k.value, :entered
FROM json_each(:person_ids) k WHERE true
ON CONFLICT (segment_id, at_ms, person_id) DO UPDATE SET entered = excluded.entered;

-- name: note_segment_changes @postgres
-- Differs: a list is an array.
INSERT INTO segment_change (segment_id, at_ms, person_id, entered)
SELECT :segment_id, CAST(:at_ms AS bigint) + CASE WHEN EXISTS (
    SELECT 1 FROM segment_change c WHERE c.segment_id = :segment_id AND c.at_ms = CAST(:at_ms AS bigint) AND c.person_id = k.value)
    THEN (SELECT COUNT(*) FROM segment_change c
          WHERE c.segment_id = :segment_id AND c.at_ms IN (CAST(:at_ms AS bigint), CAST(:at_ms AS bigint) + 1, CAST(:at_ms AS bigint) + 2) AND c.person_id = k.value)
    ELSE 0 END, k.value, :entered
FROM unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) AS k (value)
ON CONFLICT (segment_id, at_ms, person_id) DO UPDATE SET entered = excluded.entered;

-- name: segment_changes
-- Newest first, those before a moment, or of it with a lower number; people who are gone are left out.
SELECT c.at_ms, c.entered, p.person_id, p.id, p.email FROM segment_change c JOIN person p ON p.person_id = c.person_id
WHERE c.segment_id = :segment_id AND (c.at_ms, c.person_id) < (:before_ms, :before_person)
ORDER BY c.at_ms DESC, c.person_id DESC LIMIT :most;

-- name: clear_segment_changes
-- The oldest of a segment.
DELETE FROM segment_change WHERE segment_id = :segment_id AND at_ms < :before_ms AND at_ms <= COALESCE(
    (SELECT at_ms FROM segment_change WHERE segment_id = :segment_id ORDER BY at_ms LIMIT 1 OFFSET :most), :before_ms);

-- name: every_segment
SELECT segment_id FROM segment ORDER BY segment_id;
