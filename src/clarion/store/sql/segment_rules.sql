-- name: lock_segment_rules
-- Nothing to lock: the writer is alone.
SELECT 1 AS yes WHERE :workspace_id IS NOT NULL;

-- name: lock_segment_rules @postgres
-- Differs: two changes at once could make two segments of each other.
SELECT 1 AS yes FROM workspace WHERE workspace_id = :workspace_id FOR NO KEY UPDATE;

-- name: insert_segment_rule
INSERT INTO segment_rule (segment_id, workspace_id, conditions, version)
VALUES (:segment_id, :workspace_id, :conditions, 1);

-- name: change_segment_rule
-- Built anew, under a fence that whoever builds the conditions before does not hold.
UPDATE segment_rule SET conditions = :conditions, version = version + 1, horizon = NULL, build_until = NULL,
    built_to = 0, built_ms = NULL, fence = fence + 1, lease_ms = 0
WHERE workspace_id = :workspace_id AND segment_id = :segment_id;

-- name: delete_segment_rule
DELETE FROM segment_rule WHERE segment_id = :segment_id;

-- name: segment_rules
-- Of a workspace; each transaction that changes people reads them.
SELECT segment_id, conditions FROM segment_rule WHERE workspace_id = :workspace_id;

-- name: segment_rule
SELECT segment_id, workspace_id, conditions, version, horizon, built_to, build_until, built_ms, fence FROM segment_rule
WHERE segment_id = :segment_id;

-- name: segment_to_build
-- The next one that nobody builds.
SELECT segment_id FROM segment_rule WHERE built_ms IS NULL AND lease_ms < {{now_ms}} ORDER BY segment_id LIMIT 1;

-- name: take_segment_build
UPDATE segment_rule SET fence = fence + 1, lease_ms = {{now_ms}} + :lease_ms
WHERE segment_id = :segment_id AND built_ms IS NULL AND lease_ms < {{now_ms}};

-- name: put_off_segment_build
UPDATE segment_rule SET lease_ms = {{now_ms}} + :ms WHERE segment_id = :segment_id AND fence = :fence;

-- name: set_segment_horizon
UPDATE segment_rule SET horizon = :horizon WHERE segment_id = :segment_id AND fence = :fence;

-- name: begin_segment_build
UPDATE segment_rule SET build_until = :until, built_to = :built_to WHERE segment_id = :segment_id AND fence = :fence;

-- name: advance_segment_build
-- Meets no row when somebody else builds it by now, or the conditions are others.
UPDATE segment_rule SET built_to = :built_to, lease_ms = {{now_ms}} + :lease_ms,
    built_ms = CASE WHEN :done = 1 THEN {{now_ms}} ELSE NULL END
WHERE segment_id = :segment_id AND fence = :fence AND built_ms IS NULL;

-- name: transactions_ahead
-- No transaction runs beside the one that asks.
SELECT 0 AS oldest, 0 AS next;

-- name: transactions_ahead @postgres
-- Differs: those below `oldest` have ended, `next` and those above it have not begun to write.
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest,
       CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS next;

-- name: events_by_name
-- What some people did of one kind within a time, newest first; data where it is asked for. The name as one value at a
-- time, by index.
SELECT e.person_id, e.at_ms, CASE WHEN :with_data = 1 THEN e.data END AS data
FROM json_each(:person_ids) AS p
CROSS JOIN person_event e ON e.rowid IN (
    SELECT n.rowid FROM person_event n WHERE n.person_id = p.value AND n.name = :name AND n.at_ms > :since_ms
        AND n.kind = :kind ORDER BY n.at_ms DESC LIMIT :most)
ORDER BY e.person_id, e.at_ms DESC;

-- name: events_by_name @postgres
-- Differs: a list is an array, and a subquery may look at the row before it.
SELECT p.person_id, e.at_ms, e.data
FROM unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) AS p (person_id)
CROSS JOIN LATERAL (
    SELECT n.at_ms, CASE WHEN :with_data = 1 THEN n.data END AS data FROM person_event n
    WHERE n.person_id = p.person_id AND n.name = :name AND n.at_ms > :since_ms AND n.kind = :kind
    ORDER BY n.at_ms DESC LIMIT :most) AS e
ORDER BY p.person_id, e.at_ms DESC;

-- name: note_segment_due
-- Somebody who is due sooner stays so: whoever looks then finds out when to look next.
INSERT INTO segment_due (person_id, segment_id, due_ms) VALUES (:person_id, :segment_id, :due_ms)
ON CONFLICT (person_id, segment_id) DO UPDATE SET due_ms = excluded.due_ms WHERE excluded.due_ms < segment_due.due_ms;

-- name: note_segment_due @postgres
-- Differs: rows travel as arrays.
INSERT INTO segment_due (person_id, segment_id, due_ms)
SELECT * FROM unnest(CAST(:person_id AS bigint[]), CAST(:segment_id AS bigint[]), CAST(:due_ms AS bigint[]))
ON CONFLICT (person_id, segment_id) DO UPDATE SET due_ms = excluded.due_ms WHERE excluded.due_ms < segment_due.due_ms;

-- name: segment_due
-- Whose time has come, the longest overdue first.
SELECT person_id, segment_id FROM segment_due WHERE due_ms <= {{now_ms}} ORDER BY due_ms LIMIT :most;

-- name: take_segment_due
-- Before anything about these people is read: what is noted from now on is not lost by it.
DELETE FROM segment_due WHERE person_id {{in :person_ids}} AND due_ms <= {{now_ms}} RETURNING person_id, segment_id;

-- name: take_segment_due @postgres
-- Differs: a look for each person. What is due comes in waves that statistics do not follow; by them the planner would
-- read all of the table, or everybody who is due. The addition keeps it from the index by time.
DELETE FROM segment_due WHERE ctid = ANY (ARRAY(
    SELECT m.place FROM unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) AS p (person_id)
    CROSS JOIN LATERAL (SELECT n.ctid AS place FROM segment_due n
                        WHERE n.person_id = p.person_id AND n.due_ms + 0 <= {{now_ms}} OFFSET 0) AS m))
RETURNING person_id, segment_id;

-- name: drop_segment_due
DELETE FROM segment_due WHERE person_id = :person_id;

-- name: when_segment_due
-- The next time at which somebody is to be looked at.
SELECT MIN(due_ms) AS due_ms FROM segment_due;
