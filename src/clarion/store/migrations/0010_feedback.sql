-- What was heard about messages after they left. No foreign keys: accounts go by retention, and these with them.
CREATE TABLE delivery_metric (       -- the first time of each metric: what a message shows, and what is counted once
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,
    metric text NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (trigger_id, seq, action_id, metric)
) {{clustered}};

CREATE TABLE delivery_event (        -- each time
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,
    event_id text NOT NULL,          -- a ULID: sorts by time
    metric text NOT NULL,
    at_ms bigint NOT NULL,
    detail text NOT NULL,            -- JSON
    PRIMARY KEY (trigger_id, seq, action_id, event_id)
);
