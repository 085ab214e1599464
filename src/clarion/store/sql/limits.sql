-- name: message_limit
SELECT message_limit FROM workspace WHERE workspace_id = :workspace_id;

-- name: set_message_limit
UPDATE workspace SET message_limit = CAST(:message_limit AS text) WHERE workspace_id = :workspace_id;

-- name: limit_of_trigger
SELECT w.message_limit, b.kind, b.ignores_limit FROM broadcast_trigger t
JOIN broadcast b ON b.broadcast_id = t.broadcast_id JOIN workspace w ON w.workspace_id = t.workspace_id
WHERE t.trigger_id = :trigger_id;

-- name: messages_lately
-- Of some people: what was sent, is in doubt, or is about to be sent. What ended otherwise, or was drafted, is no message;
-- of what was removed by retention it is known that it was one.
SELECT m.person_id, m.trigger_id, m.seq, m.action_id FROM person_message m
LEFT JOIN delivery d ON d.trigger_id = m.trigger_id AND d.seq = m.seq AND d.action_id = m.action_id
WHERE m.person_id {{in :person_ids}} AND m.at_ms > {{now_ms}} - :within_ms AND COALESCE(d.state, 1) IN (0, 1, 6);

-- name: messages_lately_between
-- Of a range of people: how many.
SELECT m.person_id, COUNT(*) AS messages FROM person_message m
LEFT JOIN delivery d ON d.trigger_id = m.trigger_id AND d.seq = m.seq AND d.action_id = m.action_id
WHERE m.person_id > :after AND m.person_id <= :until AND m.at_ms > {{now_ms}} - :within_ms
  AND COALESCE(d.state, 1) IN (0, 1, 6)
GROUP BY m.person_id;

-- name: messages_lately_among
-- The same of some people.
SELECT m.person_id, COUNT(*) AS messages FROM person_message m
LEFT JOIN delivery d ON d.trigger_id = m.trigger_id AND d.seq = m.seq AND d.action_id = m.action_id
WHERE m.person_id {{in :person_ids}} AND m.at_ms > {{now_ms}} - :within_ms AND COALESCE(d.state, 1) IN (0, 1, 6)
GROUP BY m.person_id;

-- name: note_messages
INSERT INTO person_message (person_id, trigger_id, seq, action_id, at_ms)
VALUES (:person_id, :trigger_id, :seq, :action_id, :at_ms)
ON CONFLICT (person_id, trigger_id, seq, action_id) DO UPDATE SET at_ms = excluded.at_ms;

-- name: note_messages @postgres
-- Differs: rows travel as arrays.
INSERT INTO person_message (person_id, trigger_id, seq, action_id, at_ms)
SELECT * FROM unnest(CAST(:person_id AS bigint[]), CAST(:trigger_id AS bigint[]), CAST(:seq AS bigint[]),
                     CAST(:action_id AS bigint[]), CAST(:at_ms AS bigint[]))
ON CONFLICT (person_id, trigger_id, seq, action_id) DO UPDATE SET at_ms = excluded.at_ms;

-- name: move_person_messages
UPDATE person_message SET person_id = :into_id WHERE person_id = :person_id;

-- name: clear_person_messages
DELETE FROM person_message WHERE at_ms < {{now_ms}} - :kept_ms;
