-- Counters of metrics, kept as accounts settle and as feedback comes in: reading them never counts accounts.
ALTER TABLE broadcast_trigger ADD COLUMN booked_hour bigint;     -- hour since 1970 (UTC) on which its messages are booked

CREATE TABLE metric_count (
    broadcast_id bigint NOT NULL,
    action_id bigint NOT NULL,
    hour bigint NOT NULL,            -- of the message; what is old is folded into the first hour of its day or month
    metric text NOT NULL,
    shard smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (broadcast_id, action_id, hour, metric, shard)
);
CREATE INDEX metric_count_by_hour ON metric_count (hour);

CREATE TABLE trigger_metric (        -- what was heard of one trigger's messages; what became of them is in trigger_count
    trigger_id bigint NOT NULL,
    action_id bigint NOT NULL,
    metric text NOT NULL,
    shard smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (trigger_id, action_id, metric, shard)
);

CREATE TABLE link (
    action_id bigint NOT NULL,
    link_key text NOT NULL,          -- a hash of href
    link_id bigint NOT NULL,
    href text NOT NULL,
    PRIMARY KEY (action_id, link_key)
);

CREATE TABLE link_count (
    action_id bigint NOT NULL,
    link_id bigint NOT NULL,
    hour bigint NOT NULL,            -- of the message, as in metric_count
    metric text NOT NULL,
    shard smallint NOT NULL,
    n bigint NOT NULL,               -- clicks
    people bigint NOT NULL,          -- messages in which it was clicked
    PRIMARY KEY (action_id, link_id, hour, metric, shard)
);
CREATE INDEX link_count_by_hour ON link_count (hour);

CREATE TABLE delivery_link (         -- the first click on each link of a message
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,
    link_id bigint NOT NULL,
    metric text NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (trigger_id, seq, action_id, link_id, metric)
) {{clustered}};

CREATE INDEX delivery_metric_by_metric ON delivery_metric (trigger_id, metric, seq, action_id);

UPDATE broadcast_trigger SET booked_hour = COALESCE(scheduled_ms, created_ms) / 3600000 WHERE next_seq > 1;

INSERT INTO metric_count (broadcast_id, action_id, hour, metric, shard, n)
SELECT t.broadcast_id, c.action_id, t.booked_hour, m.metric, 0, CAST(SUM(c.n) AS bigint)
FROM trigger_count c JOIN broadcast_trigger t ON t.trigger_id = c.trigger_id
JOIN (SELECT 'created' AS metric UNION ALL SELECT 'sent' UNION ALL SELECT 'failed' UNION ALL SELECT 'drafted'
      UNION ALL SELECT 'attempted' UNION ALL SELECT 'undeliverable') m
  ON m.metric = 'created' OR (m.metric = 'sent' AND c.state = 1) OR (m.metric = 'failed' AND c.state = 2)
  OR (m.metric = 'drafted' AND c.state = 4) OR (m.metric = 'undeliverable' AND c.state IN (3, 5))
  OR (m.metric = 'attempted' AND (c.state IN (1, 6)
      OR (c.state = 2 AND c.reason NOT IN ('render_failed', 'bad_content'))))
WHERE t.booked_hour IS NOT NULL
GROUP BY t.broadcast_id, c.action_id, t.booked_hour, m.metric HAVING SUM(c.n) <> 0;
