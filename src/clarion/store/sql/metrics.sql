-- name: add_metric_counts
-- Booked on the hour of the trigger's audience, so that nobody has to look at the message.
INSERT INTO metric_count (broadcast_id, action_id, hour, metric, shard, n)
SELECT t.broadcast_id, :action_id, COALESCE(t.booked_hour, t.created_ms / 3600000), :metric, :shard, :n
FROM broadcast_trigger t WHERE t.trigger_id = :trigger_id
ON CONFLICT (broadcast_id, action_id, hour, metric, shard) DO UPDATE SET n = metric_count.n + excluded.n;

-- name: add_metric_counts @postgres
-- Differs: rows travel as arrays, in a fixed order so that two workers cannot deadlock.
INSERT INTO metric_count (broadcast_id, action_id, hour, metric, shard, n)
SELECT t.broadcast_id, r.action_id, COALESCE(t.booked_hour, t.created_ms / 3600000), r.metric, r.shard, r.n
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:action_id AS bigint[]), CAST(:metric AS text[]),
            CAST(:shard AS smallint[]), CAST(:n AS bigint[])) AS r (trigger_id, action_id, metric, shard, n)
JOIN broadcast_trigger t ON t.trigger_id = r.trigger_id
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (broadcast_id, action_id, hour, metric, shard) DO UPDATE SET n = metric_count.n + excluded.n;

-- name: add_language_counts
-- The same of messages in another language than the default, which is what remains of the action.
INSERT INTO language_count (action_id, language, hour, metric, shard, n)
SELECT :action_id, :language, COALESCE(t.booked_hour, t.created_ms / 3600000), :metric, :shard, :n
FROM broadcast_trigger t WHERE t.trigger_id = :trigger_id
ON CONFLICT (action_id, language, hour, metric, shard) DO UPDATE SET n = language_count.n + excluded.n;

-- name: add_language_counts @postgres
-- Differs: rows travel as arrays, in a fixed order.
INSERT INTO language_count (action_id, language, hour, metric, shard, n)
SELECT r.action_id, r.language, COALESCE(t.booked_hour, t.created_ms / 3600000), r.metric, r.shard, r.n
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:action_id AS bigint[]), CAST(:language AS text[]),
            CAST(:metric AS text[]), CAST(:shard AS smallint[]), CAST(:n AS bigint[]))
    AS r (trigger_id, action_id, language, metric, shard, n)
JOIN broadcast_trigger t ON t.trigger_id = r.trigger_id
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (action_id, language, hour, metric, shard) DO UPDATE SET n = language_count.n + excluded.n;

-- name: add_trigger_metric
INSERT INTO trigger_metric (trigger_id, action_id, metric, shard, n)
VALUES (:trigger_id, :action_id, :metric, :shard, :n)
ON CONFLICT (trigger_id, action_id, metric, shard) DO UPDATE SET n = trigger_metric.n + excluded.n;

-- name: metric_series
-- :only_action 0 for all; hours from :from_hour up to before :to_hour. The key of metric_count leads here.
SELECT hour, metric, CAST(SUM(n) AS bigint) AS n FROM metric_count
WHERE broadcast_id = :broadcast_id AND (:only_action = 0 OR action_id = :only_action)
  AND hour >= :from_hour AND hour < :to_hour
GROUP BY hour, metric;

-- name: journeys_started
-- A journey is a person in a trigger, whatever number of actions. Triggers of a broadcast are few.
SELECT COALESCE(t.booked_hour, t.created_ms / 3600000) AS hour, CAST(SUM(t.audience) AS bigint) AS n
FROM broadcast_trigger t
WHERE t.broadcast_id = :broadcast_id AND COALESCE(t.booked_hour, t.created_ms / 3600000) >= :from_hour
  AND COALESCE(t.booked_hour, t.created_ms / 3600000) < :to_hour
GROUP BY COALESCE(t.booked_hour, t.created_ms / 3600000);

-- name: language_series
SELECT language, hour, metric, CAST(SUM(n) AS bigint) AS n FROM language_count
WHERE action_id = :action_id AND hour >= :from_hour AND hour < :to_hour
GROUP BY language, hour, metric;

-- name: trigger_metrics
SELECT metric, CAST(SUM(n) AS bigint) AS n FROM trigger_metric WHERE trigger_id = :trigger_id GROUP BY metric;

-- name: trigger_metrics_by_action
SELECT action_id, metric, CAST(SUM(n) AS bigint) AS n FROM trigger_metric
WHERE trigger_id = :trigger_id GROUP BY action_id, metric;

-- name: link_of
SELECT link_id FROM link WHERE action_id = :action_id AND link_key = :link_key;

-- name: links_of
SELECT link_id, href FROM link WHERE action_id = :action_id ORDER BY link_id;

-- name: count_links
SELECT COUNT(*) AS n FROM link WHERE action_id = :action_id;

-- name: insert_link
INSERT INTO link (action_id, link_key, link_id, href) VALUES (:action_id, :link_key, :link_id, :href)
ON CONFLICT (action_id, link_key) DO NOTHING;

-- name: note_link
-- Meets no row when this message's link was clicked before.
INSERT INTO delivery_link (trigger_id, seq, action_id, link_id, metric, at_ms)
VALUES (:trigger_id, :seq, :action_id, :link_id, :metric, :at_ms)
ON CONFLICT (trigger_id, seq, action_id, link_id, metric) DO NOTHING;

-- name: drop_link
-- Meets no row when this message's link was clicked before that moment.
DELETE FROM delivery_link
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND link_id = :link_id AND metric = :metric
  AND at_ms >= :since_ms;

-- name: add_link_count
INSERT INTO link_count (action_id, link_id, hour, metric, shard, n, people)
SELECT :action_id, :link_id, COALESCE(t.booked_hour, t.created_ms / 3600000), :metric, :shard, :n, :people
FROM broadcast_trigger t WHERE t.trigger_id = :trigger_id
ON CONFLICT (action_id, link_id, hour, metric, shard)
DO UPDATE SET n = link_count.n + excluded.n, people = link_count.people + excluded.people;

-- name: link_series
SELECT link_id, hour, metric, CAST(SUM(n) AS bigint) AS n, CAST(SUM(people) AS bigint) AS people FROM link_count
WHERE action_id = :action_id AND hour >= :from_hour AND hour < :to_hour
GROUP BY link_id, hour, metric;

-- name: counted_hours
SELECT DISTINCT hour FROM metric_count WHERE hour >= :from_hour AND hour < :to_hour
UNION SELECT DISTINCT hour FROM link_count WHERE hour >= :from_hour AND hour < :to_hour
UNION SELECT DISTINCT hour FROM language_count WHERE hour >= :from_hour AND hour < :to_hour ORDER BY hour;

-- name: fold_metric_counts
INSERT INTO metric_count (broadcast_id, action_id, hour, metric, shard, n)
SELECT broadcast_id, action_id, CAST(:into_hour AS bigint), metric, 0, SUM(n) FROM metric_count WHERE hour = :hour
GROUP BY broadcast_id, action_id, metric
ON CONFLICT (broadcast_id, action_id, hour, metric, shard) DO UPDATE SET n = metric_count.n + excluded.n;

-- name: fold_metric_counts @postgres
-- Differs: others count meanwhile; what is taken away is exactly what is added.
WITH gone AS (DELETE FROM metric_count WHERE hour = :hour RETURNING broadcast_id, action_id, metric, n)
INSERT INTO metric_count (broadcast_id, action_id, hour, metric, shard, n)
SELECT broadcast_id, action_id, CAST(:into_hour AS bigint), metric, 0, SUM(n) FROM gone GROUP BY broadcast_id, action_id, metric
ORDER BY 1, 2, 3, 4
ON CONFLICT (broadcast_id, action_id, hour, metric, shard) DO UPDATE SET n = metric_count.n + excluded.n;

-- name: drop_folded_metric_counts
DELETE FROM metric_count WHERE hour = :hour;

-- name: drop_folded_metric_counts @postgres
-- Differs: they are gone already.
DELETE FROM metric_count WHERE hour = :hour AND FALSE;

-- name: fold_link_counts
INSERT INTO link_count (action_id, link_id, hour, metric, shard, n, people)
SELECT action_id, link_id, CAST(:into_hour AS bigint), metric, 0, SUM(n), SUM(people) FROM link_count WHERE hour = :hour
GROUP BY action_id, link_id, metric
ON CONFLICT (action_id, link_id, hour, metric, shard)
DO UPDATE SET n = link_count.n + excluded.n, people = link_count.people + excluded.people;

-- name: fold_link_counts @postgres
-- Differs: as above.
WITH gone AS (DELETE FROM link_count WHERE hour = :hour RETURNING action_id, link_id, metric, n, people)
INSERT INTO link_count (action_id, link_id, hour, metric, shard, n, people)
SELECT action_id, link_id, CAST(:into_hour AS bigint), metric, 0, SUM(n), SUM(people) FROM gone GROUP BY action_id, link_id, metric
ORDER BY 1, 2, 3, 4
ON CONFLICT (action_id, link_id, hour, metric, shard)
DO UPDATE SET n = link_count.n + excluded.n, people = link_count.people + excluded.people;

-- name: drop_folded_link_counts
DELETE FROM link_count WHERE hour = :hour;

-- name: drop_folded_link_counts @postgres
-- Differs: they are gone already.
DELETE FROM link_count WHERE hour = :hour AND FALSE;

-- name: fold_language_counts
INSERT INTO language_count (action_id, language, hour, metric, shard, n)
SELECT action_id, language, CAST(:into_hour AS bigint), metric, 0, SUM(n) FROM language_count WHERE hour = :hour
GROUP BY action_id, language, metric
ON CONFLICT (action_id, language, hour, metric, shard) DO UPDATE SET n = language_count.n + excluded.n;

-- name: fold_language_counts @postgres
-- Differs: as above.
WITH gone AS (DELETE FROM language_count WHERE hour = :hour RETURNING action_id, language, metric, n)
INSERT INTO language_count (action_id, language, hour, metric, shard, n)
SELECT action_id, language, CAST(:into_hour AS bigint), metric, 0, SUM(n) FROM gone GROUP BY action_id, language, metric
ORDER BY 1, 2, 3, 4
ON CONFLICT (action_id, language, hour, metric, shard) DO UPDATE SET n = language_count.n + excluded.n;

-- name: drop_folded_language_counts
DELETE FROM language_count WHERE hour = :hour;

-- name: drop_folded_language_counts @postgres
-- Differs: they are gone already.
DELETE FROM language_count WHERE hour = :hour AND FALSE;

-- name: clear_delivery_metrics
DELETE FROM delivery_metric WHERE trigger_id = :trigger_id AND seq > :after AND seq <= :until;

-- name: clear_delivery_events
DELETE FROM delivery_event WHERE trigger_id = :trigger_id AND seq > :after AND seq <= :until;

-- name: clear_delivery_links
DELETE FROM delivery_link WHERE trigger_id = :trigger_id AND seq > :after AND seq <= :until;

-- name: workspace_size
SELECT (SELECT CAST(COALESCE(SUM(c.n), 0) AS bigint) FROM broadcast b JOIN metric_count c ON c.broadcast_id = b.broadcast_id
        WHERE b.workspace_id = :workspace_id AND c.metric = 'sent') AS sent,
       (SELECT COUNT(*) FROM person p WHERE p.workspace_id = :workspace_id) AS people;
