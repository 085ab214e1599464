-- name: note_first
-- Meets no row when the metric was heard of this message before.
INSERT INTO delivery_metric (trigger_id, seq, action_id, metric, at_ms)
VALUES (:trigger_id, :seq, :action_id, :metric, :at_ms)
ON CONFLICT (trigger_id, seq, action_id, metric) DO NOTHING;

-- name: note_event
-- Meets no row when this very event was told before.
INSERT INTO delivery_event (trigger_id, seq, action_id, event_id, metric, at_ms, detail)
VALUES (:trigger_id, :seq, :action_id, :event_id, :metric, :at_ms, :detail)
ON CONFLICT (trigger_id, seq, action_id, event_id) DO NOTHING;

-- name: events_since
-- Of one message, by the names of events, which begin with when they were heard.
SELECT event_id, metric, at_ms, detail FROM delivery_event
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND event_id >= :since ORDER BY event_id;

-- name: change_event
UPDATE delivery_event SET metric = :metric, detail = :detail
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND event_id = :event_id;

-- name: drop_event
DELETE FROM delivery_event
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND event_id = :event_id;

-- name: first_events
-- Of one message: when each metric was heard first, as its events tell it.
SELECT metric, MIN(at_ms) AS at_ms FROM delivery_event
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id GROUP BY metric;

-- name: drop_first
DELETE FROM delivery_metric
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND metric = :metric;

-- name: move_first
UPDATE delivery_metric SET at_ms = :at_ms
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND metric = :metric;

-- name: delivery_metrics
-- Of some messages: :keys is [[trigger_id, seq, action_id], …].
SELECT m.trigger_id, m.seq, m.action_id, m.metric, m.at_ms FROM json_each(:keys) AS k
CROSS JOIN delivery_metric m ON m.trigger_id = json_extract(k.value, '$[0]')
    AND m.seq = json_extract(k.value, '$[1]') AND m.action_id = json_extract(k.value, '$[2]')
ORDER BY m.trigger_id, m.seq, m.action_id, m.at_ms, m.metric;

-- name: delivery_metrics @postgres
-- Differs: its own way into JSON.
SELECT m.trigger_id, m.seq, m.action_id, m.metric, m.at_ms FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS k
JOIN delivery_metric m ON m.trigger_id = CAST(k.value ->> 0 AS bigint)
    AND m.seq = CAST(k.value ->> 1 AS bigint) AND m.action_id = CAST(k.value ->> 2 AS bigint)
ORDER BY m.trigger_id, m.seq, m.action_id, m.at_ms, m.metric;
