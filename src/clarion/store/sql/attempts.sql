-- name: note_attempts
-- Among what was heard of messages, so that it goes with them.
INSERT INTO delivery_event (trigger_id, seq, action_id, event_id, metric, at_ms, detail)
VALUES (:trigger_id, :seq, :action_id, :event_id, 'attempt', :at_ms, :detail);

-- name: note_attempts @postgres
-- Differs: rows travel as arrays.
INSERT INTO delivery_event (trigger_id, seq, action_id, event_id, metric, at_ms, detail)
SELECT r.trigger_id, r.seq, r.action_id, r.event_id, 'attempt', r.at_ms, r.detail
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]),
            CAST(:event_id AS text[]), CAST(:at_ms AS bigint[]), CAST(:detail AS text[]))
    AS r (trigger_id, seq, action_id, event_id, at_ms, detail);

-- name: events_of_delivery
-- Each attempt that was not the end of it, and each thing that was heard of one message, oldest first.
SELECT metric, event_id, at_ms, detail FROM delivery_event
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id ORDER BY event_id LIMIT :most;

-- name: reports_of_message
-- What webhooks were told, or are to be told, of a message in a stretch of time. Nothing leads from a message to its
-- reports but the moment: an index would cost each message that is sent something, for the few that are looked at.
SELECT e.webhook_id, w.name, w.endpoint, w.due_ms, e.event_id, e.event, e.made_ms, e.settled_ms, e.given_up, e.status,
       e.calls
FROM reporting_webhook w JOIN reporting_event e ON e.webhook_id = w.webhook_id
WHERE w.workspace_id = :workspace_id AND e.event_id >= :low AND e.event_id < :high
  AND substr(e.facts, 1, length(:begins)) = :begins
ORDER BY e.event_id LIMIT :most;

-- name: failed_calls
-- Of one event, oldest first; a webhook keeps its last hundred.
SELECT attempt_id, status, took_ms, words FROM reporting_attempt
WHERE webhook_id = :webhook_id AND event_id = :event_id ORDER BY attempt_id;

-- name: erase_attempts
-- What providers said names addresses.
UPDATE delivery_event SET detail = '{}'
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND detail <> '{}';
