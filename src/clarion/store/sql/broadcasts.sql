-- name: insert_broadcast
INSERT INTO broadcast (broadcast_id, workspace_id, name, state, recipients, doubt_policy, tags, kind, trigger_name,
                       topic_id, language_attribute, created_ms, updated_ms)
VALUES (:broadcast_id, :workspace_id, :name, 'draft', :recipients, :doubt_policy, :tags, :kind, :trigger_name,
        :topic_id, :language_attribute, {{now_ms}}, {{now_ms}});

-- name: broadcast
SELECT broadcast_id, workspace_id, name, state, recipients, doubt_policy, tags, kind, trigger_name, topic_id,
       language_attribute, created_ms, updated_ms, first_started_ms, goal, exit_when, ignores_limit, archived_ms,
       version, changed_by
FROM broadcast WHERE workspace_id = :workspace_id AND broadcast_id = :broadcast_id;

-- name: lock_broadcast
-- The 10-second rule and the queue of 5 are decided under this lock.
SELECT last_trigger_ms, {{now_ms}} AS now_ms FROM broadcast WHERE broadcast_id = :broadcast_id;

-- name: lock_broadcast @postgres
-- Differs: two calls may come at once.
SELECT last_trigger_ms, {{now_ms}} AS now_ms FROM broadcast WHERE broadcast_id = :broadcast_id FOR UPDATE;

-- name: broadcasts
-- Newest first.
SELECT broadcast_id, workspace_id, name, state, recipients, doubt_policy, tags, kind, trigger_name, topic_id,
       language_attribute, created_ms, updated_ms, first_started_ms, goal, exit_when, ignores_limit, archived_ms,
       version, changed_by
FROM broadcast WHERE workspace_id = :workspace_id ORDER BY broadcast_id DESC;

-- name: broadcast_by_trigger_name
SELECT broadcast_id FROM message_name WHERE workspace_id = :workspace_id AND name = :name;

-- name: give_trigger_name
INSERT INTO message_name (workspace_id, name, broadcast_id) VALUES (:workspace_id, :name, :broadcast_id);

-- name: take_trigger_name
DELETE FROM message_name WHERE broadcast_id = :broadcast_id;

-- name: update_broadcast
UPDATE broadcast SET name = :name, recipients = :recipients, doubt_policy = :doubt_policy, tags = :tags,
    trigger_name = :trigger_name, topic_id = :topic_id, language_attribute = :language_attribute,
    goal = CAST(:goal AS text), exit_when = :exit_when, ignores_limit = :ignores_limit,
    changed_by = CAST(:changed_by AS text), version = version + 1,
    archived_ms = CASE WHEN :archived = 1 THEN COALESCE(archived_ms, {{now_ms}}) END,
    updated_ms = {{now_ms}}
WHERE broadcast_id = :broadcast_id;

-- name: set_broadcast_state
UPDATE broadcast SET state = :state, updated_ms = {{now_ms}},
    first_started_ms = CASE WHEN :state = 'running' THEN COALESCE(first_started_ms, {{now_ms}}) ELSE first_started_ms END
WHERE broadcast_id = :broadcast_id;

-- name: set_broadcast_state @postgres
-- Differs: a parameter that is only compared needs its type said.
UPDATE broadcast SET state = CAST(:state AS text), updated_ms = {{now_ms}},
    first_started_ms = CASE WHEN CAST(:state AS text) = 'running' THEN COALESCE(first_started_ms, {{now_ms}})
                            ELSE first_started_ms END
WHERE broadcast_id = :broadcast_id;

-- name: note_trigger
UPDATE broadcast SET last_trigger_ms = {{now_ms}} WHERE broadcast_id = :broadcast_id;

-- name: insert_action
INSERT INTO action (action_id, broadcast_id, position, kind, name, sending_state, send_to_unsubscribed, content,
                    variants, condition, topic_id, attachments, created_ms, updated_ms)
VALUES (:action_id, :broadcast_id, :position, :kind, :name, :sending_state, :send_to_unsubscribed, :content, :variants,
        :condition, CAST(:topic_id AS bigint), :attachments, {{now_ms}}, {{now_ms}});

-- name: actions
-- All actions of a workspace's broadcasts, or of one (:broadcast_id, 0 for all), in order.
SELECT a.action_id, a.broadcast_id, a.kind, a.name, a.sending_state, a.send_to_unsubscribed, a.content, a.variants,
       a.condition, a.topic_id, a.attachments, a.created_ms, a.updated_ms
FROM action a JOIN broadcast b ON b.broadcast_id = a.broadcast_id
WHERE b.workspace_id = :workspace_id AND (:broadcast_id = 0 OR a.broadcast_id = :broadcast_id)
ORDER BY a.broadcast_id, a.position;

-- name: update_action
UPDATE action SET name = :name, sending_state = :sending_state, send_to_unsubscribed = :send_to_unsubscribed,
    content = :content, variants = :variants, condition = :condition,
    topic_id = CAST(:topic_id AS bigint), attachments = :attachments, updated_ms = {{now_ms}}
WHERE action_id = :action_id AND broadcast_id = :broadcast_id;

-- name: delete_action
DELETE FROM action WHERE action_id = :action_id AND broadcast_id = :broadcast_id;

-- name: note_editor
INSERT INTO broadcast_editor (broadcast_id, user_id, name, seen_ms)
VALUES (:broadcast_id, :user_id, :name, {{now_ms}})
ON CONFLICT (broadcast_id, user_id) DO UPDATE SET name = excluded.name, seen_ms = excluded.seen_ms;

-- name: other_editors
SELECT name, seen_ms FROM broadcast_editor
WHERE broadcast_id = :broadcast_id AND user_id <> :user_id AND seen_ms > {{now_ms}} - :within_ms ORDER BY name;

-- name: outlines
-- A stretch of a workspace's broadcasts, newest first, without what their messages say. :state '' and :archived -1 are
-- any, :only 0 is every one.
SELECT broadcast_id, workspace_id, name, state, recipients, doubt_policy, tags, kind, trigger_name, topic_id,
       language_attribute, created_ms, updated_ms, first_started_ms, goal, exit_when, ignores_limit, archived_ms,
       version, changed_by
FROM broadcast
WHERE workspace_id = :workspace_id AND broadcast_id < :before AND kind = :kind
  AND (CAST(:state AS text) = '' OR state = CAST(:state AS text))
  AND (CAST(:archived AS bigint) < 0
       OR CASE WHEN archived_ms IS NULL THEN 0 ELSE 1 END = CAST(:archived AS bigint))
  AND (CAST(:only AS bigint) = 0 OR broadcast_id = CAST(:only AS bigint))
ORDER BY broadcast_id DESC LIMIT :most;

-- name: outlined_actions
-- The texts come after these columns: they are not read.
SELECT action_id, broadcast_id, kind, name, sending_state FROM action
WHERE broadcast_id {{in :broadcast_ids}} ORDER BY broadcast_id, position;

-- name: broadcasts_by_state
SELECT CASE WHEN archived_ms IS NULL THEN state ELSE 'archived' END AS word, COUNT(*) AS n
FROM broadcast WHERE workspace_id = :workspace_id AND kind = :kind
GROUP BY CASE WHEN archived_ms IS NULL THEN state ELSE 'archived' END;

-- name: latest_triggers
-- Of each of some broadcasts the last trigger: a look into the index for each.
SELECT t.trigger_id, t.broadcast_id, t.state, t.created_ms, t.audience, t.recipients, t.scheduled_ms, t.cancelled_ms,
       t.audience_ms
FROM json_each(:broadcast_ids) b JOIN broadcast_trigger t ON t.trigger_id = (
    SELECT MAX(l.trigger_id) FROM broadcast_trigger l WHERE l.broadcast_id = b.value);

-- name: latest_triggers @postgres
-- Differs: a list is an array, not a JSON text.
SELECT t.trigger_id, t.broadcast_id, t.state, t.created_ms, t.audience, t.recipients, t.scheduled_ms, t.cancelled_ms,
       t.audience_ms
FROM jsonb_array_elements_text(CAST(:broadcast_ids AS jsonb)) AS b (value)
JOIN broadcast_trigger t ON t.trigger_id = (
    SELECT MAX(l.trigger_id) FROM broadcast_trigger l WHERE l.broadcast_id = CAST(b.value AS bigint));

-- name: running_by_broadcast
-- How many triggers of a workspace's broadcasts are unfinished; those are few, and have an index.
SELECT broadcast_id, COUNT(*) AS n FROM broadcast_trigger
WHERE state IN ('queued', 'resolving', 'sending') AND workspace_id = :workspace_id GROUP BY broadcast_id;

-- name: sums_of_triggers
SELECT trigger_id, state, CAST(SUM(n) AS bigint) AS n FROM trigger_count
WHERE trigger_id {{in :trigger_ids}} GROUP BY trigger_id, state;

-- name: sent_by_day
-- Messages sent in the last days, by the hour counters of some broadcasts.
SELECT broadcast_id, hour / 24 AS day, SUM(n) AS n FROM metric_count
WHERE broadcast_id {{in :broadcast_ids}} AND metric = 'sent' AND hour >= :from_hour
GROUP BY broadcast_id, hour / 24;

-- name: last_trigger
SELECT last_trigger_ms, {{now_ms}} AS now_ms FROM broadcast WHERE broadcast_id = :broadcast_id;

-- name: recent_data
SELECT trigger_id, created_ms, data FROM broadcast_trigger
WHERE broadcast_id = :broadcast_id AND created_ms > {{now_ms}} - :within_ms AND data <> '{}'
ORDER BY trigger_id DESC LIMIT :most;

-- name: place_action
UPDATE action SET position = :position WHERE action_id = :action_id AND broadcast_id = :broadcast_id;

-- name: language_numbers
SELECT language, variant_id FROM action_language WHERE action_id = :action_id;

-- name: number_language
INSERT INTO action_language (action_id, language, variant_id) VALUES (:action_id, :language, :variant_id)
ON CONFLICT (action_id, language) DO NOTHING;

-- name: broadcast_kind
SELECT kind FROM broadcast WHERE broadcast_id = :broadcast_id;

-- name: broadcasts_naming_segments
-- Default audiences, conditions of actions, goals, and actions that move people, that may name a segment; what they really name is read from them.
SELECT broadcast_id, name, 'recipients' AS place, recipients AS named FROM broadcast
WHERE workspace_id = :workspace_id AND kind = 'broadcast' AND recipients LIKE '%"segment"%'
UNION ALL
SELECT b.broadcast_id, b.name, 'condition', a.condition FROM broadcast b JOIN action a ON a.broadcast_id = b.broadcast_id
WHERE b.workspace_id = :workspace_id AND b.kind = 'broadcast' AND a.condition LIKE '%"segment"%'
UNION ALL
SELECT broadcast_id, name, 'goal', goal FROM broadcast
WHERE workspace_id = :workspace_id AND kind = 'broadcast' AND goal LIKE '%"segment_id"%'
UNION ALL
SELECT b.broadcast_id, b.name, 'action', a.content FROM broadcast b JOIN action a ON a.broadcast_id = b.broadcast_id
WHERE b.workspace_id = :workspace_id AND b.kind = 'broadcast' AND a.kind = 'static_seg_update'
ORDER BY broadcast_id;

-- name: note_test
UPDATE action SET tested_ms = {{now_ms}} WHERE action_id = :action_id;

-- name: tested_actions
SELECT action_id, tested_ms FROM action WHERE broadcast_id = :broadcast_id AND tested_ms IS NOT NULL;

-- name: kinds_of_actions
SELECT action_id, kind FROM action WHERE action_id {{in :action_ids}};
