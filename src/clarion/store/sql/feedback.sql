-- name: note_first
-- Meets no row when the metric was heard of this message before.
INSERT INTO delivery_metric (trigger_id, seq, action_id, metric, at_ms)
VALUES (:trigger_id, :seq, :action_id, :metric, :at_ms)
ON CONFLICT (trigger_id, seq, action_id, metric) DO NOTHING;

-- name: note_event
INSERT INTO delivery_event (trigger_id, seq, action_id, event_id, metric, at_ms, detail)
VALUES (:trigger_id, :seq, :action_id, :event_id, :metric, :at_ms, :detail);

-- name: delivery_metrics
SELECT metric, at_ms FROM delivery_metric
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id ORDER BY at_ms, metric;
