-- name: watched_broadcast
-- The broadcast of a trigger, if a segment looks at it.
SELECT t.broadcast_id FROM broadcast_trigger t
WHERE t.trigger_id = :trigger_id AND EXISTS (SELECT 1 FROM segment_watch w WHERE w.broadcast_id = t.broadcast_id);

-- name: watched_broadcasts
SELECT b.broadcast_id, b.name FROM broadcast b
WHERE b.workspace_id = :workspace_id AND b.broadcast_id IN (SELECT w.broadcast_id FROM segment_watch w);

-- name: watching_segments
SELECT segment_id FROM segment_watch WHERE broadcast_id = :broadcast_id ORDER BY segment_id;

-- name: note_settled_messages
-- What was sent or failed in a range of an audience; tells for whom it is news.
INSERT INTO watched_message (broadcast_id, person_id, metric, action_id, at_ms)
SELECT CAST(:broadcast_id AS bigint), COALESCE(g.into_person_id, d.person_id),
       CASE WHEN d.state = 1 THEN 'sent' ELSE 'failed' END, d.action_id, MAX(d.settled_ms)
FROM delivery d LEFT JOIN merged_person g ON g.person_id = d.person_id
WHERE d.trigger_id = :trigger_id AND d.seq >= :low AND d.seq <= :high AND d.state IN (1, 2)
GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
ON CONFLICT (broadcast_id, person_id, metric, action_id) DO UPDATE SET at_ms = excluded.at_ms
    WHERE excluded.at_ms > watched_message.at_ms
RETURNING person_id;

-- name: note_heard_messages
-- What was heard of them.
INSERT INTO watched_message (broadcast_id, person_id, metric, action_id, at_ms)
SELECT CAST(:broadcast_id AS bigint), COALESCE(g.into_person_id, d.person_id), m.metric, d.action_id, MAX(m.at_ms)
FROM delivery_metric m
JOIN delivery d ON d.trigger_id = m.trigger_id AND d.seq = m.seq AND d.action_id = m.action_id
LEFT JOIN merged_person g ON g.person_id = d.person_id
WHERE m.trigger_id = :trigger_id AND m.seq >= :low AND m.seq <= :high
GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
ON CONFLICT (broadcast_id, person_id, metric, action_id) DO UPDATE SET at_ms = excluded.at_ms
    WHERE excluded.at_ms > watched_message.at_ms
RETURNING person_id;

-- name: forget_heard_message
DELETE FROM watched_message
WHERE broadcast_id = :broadcast_id AND person_id = :person_id AND metric = :metric AND action_id = :action_id;

-- name: recall_heard_message
-- The last time that is left of what was forgotten, of all messages of the action to somebody.
INSERT INTO watched_message (broadcast_id, person_id, metric, action_id, at_ms)
SELECT :broadcast_id, :person_id, m.metric, m.action_id, MAX(m.at_ms) FROM broadcast_trigger t
CROSS JOIN delivery d ON d.trigger_id = t.trigger_id AND d.person_id {{in :people}} AND d.action_id = :action_id
JOIN delivery_metric m ON m.trigger_id = d.trigger_id AND m.seq = d.seq AND m.action_id = d.action_id
    AND m.metric = :metric
WHERE t.broadcast_id = :broadcast_id GROUP BY m.metric, m.action_id
ON CONFLICT (broadcast_id, person_id, metric, action_id) DO UPDATE SET at_ms = excluded.at_ms;

-- name: recall_heard_message @postgres
-- Differs: it knows by itself where to begin, and the types of what it is given only from here.
INSERT INTO watched_message (broadcast_id, person_id, metric, action_id, at_ms)
SELECT CAST(:broadcast_id AS bigint), CAST(:person_id AS bigint), m.metric, m.action_id, MAX(m.at_ms)
FROM broadcast_trigger t
JOIN delivery d ON d.trigger_id = t.trigger_id AND d.person_id {{in :people}} AND d.action_id = :action_id
JOIN delivery_metric m ON m.trigger_id = d.trigger_id AND m.seq = d.seq AND m.action_id = d.action_id
    AND m.metric = :metric
WHERE t.broadcast_id = :broadcast_id GROUP BY m.metric, m.action_id
ON CONFLICT (broadcast_id, person_id, metric, action_id) DO UPDATE SET at_ms = excluded.at_ms;

-- name: messages_of_people
SELECT person_id, broadcast_id, metric, action_id, at_ms FROM watched_message
WHERE broadcast_id {{in :broadcast_ids}} AND person_id {{in :person_ids}};

-- name: messages_of_people @postgres
-- Differs: a look for each of them, whatever the statistics know of a broadcast that has just been sent.
SELECT m.person_id, m.broadcast_id, m.metric, m.action_id, m.at_ms
FROM unnest(CAST(translate(:broadcast_ids, '[]', '{}') AS bigint[])) AS b (broadcast_id)
CROSS JOIN unnest(CAST(translate(:person_ids, '[]', '{}') AS bigint[])) AS p (person_id)
CROSS JOIN LATERAL (
    SELECT n.person_id, n.broadcast_id, n.metric, n.action_id, n.at_ms FROM watched_message n
    WHERE n.broadcast_id = b.broadcast_id AND n.person_id = p.person_id OFFSET 0) AS m;

-- name: watch_broadcast
-- From the beginning again where it was watched before.
INSERT INTO segment_watch (broadcast_id, segment_id) VALUES (:broadcast_id, :segment_id)
ON CONFLICT (broadcast_id, segment_id) DO UPDATE SET trigger_id = 0, seq = 0, done = 0;

-- name: unwatch_broadcasts
DELETE FROM segment_watch WHERE segment_id = :segment_id;

-- name: message_gathering
-- How far earlier messages were gathered, of a broadcast where some are left.
SELECT w.broadcast_id, w.trigger_id, w.seq, COALESCE(t.next_seq, 1) - 1 AS last FROM segment_watch w
LEFT JOIN broadcast_trigger t ON t.trigger_id = w.trigger_id
WHERE w.segment_id = :segment_id AND w.done = 0 ORDER BY w.broadcast_id LIMIT 1;

-- name: trigger_behind
SELECT trigger_id FROM broadcast_trigger WHERE broadcast_id = :broadcast_id AND trigger_id > :trigger_id
ORDER BY trigger_id LIMIT 1;

-- name: gathered_messages
UPDATE segment_watch SET trigger_id = :trigger_id, seq = :seq, done = :done
WHERE segment_id = :segment_id AND broadcast_id = :broadcast_id;

-- name: move_watched_messages
INSERT INTO watched_message (broadcast_id, person_id, metric, action_id, at_ms)
SELECT broadcast_id, :into_id, metric, action_id, at_ms FROM watched_message
WHERE broadcast_id IN (SELECT broadcast_id FROM segment_watch) AND person_id = :person_id
ON CONFLICT (broadcast_id, person_id, metric, action_id) DO UPDATE SET at_ms = excluded.at_ms
    WHERE excluded.at_ms > watched_message.at_ms;

-- name: drop_watched_messages
DELETE FROM watched_message
WHERE broadcast_id IN (SELECT broadcast_id FROM segment_watch) AND person_id = :person_id;

-- name: broadcast_behind
-- The next broadcast with messages here, by index, and whether no segment looks at it any more.
SELECT n.broadcast_id, CASE WHEN EXISTS (SELECT 1 FROM segment_watch w WHERE w.broadcast_id = n.broadcast_id)
    THEN 0 ELSE 1 END AS unwatched
FROM (SELECT MIN(m.broadcast_id) AS broadcast_id FROM watched_message m WHERE m.broadcast_id > :after) AS n
WHERE n.broadcast_id IS NOT NULL;

-- name: clear_watched_messages
DELETE FROM watched_message WHERE broadcast_id = :broadcast_id AND person_id <= COALESCE(
    (SELECT person_id FROM watched_message WHERE broadcast_id = :broadcast_id ORDER BY person_id LIMIT 1 OFFSET :most),
    :last);
