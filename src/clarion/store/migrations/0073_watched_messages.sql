-- For segments: what became of messages, by person, of the broadcasts that segments look at.
CREATE TABLE segment_watch (
    broadcast_id bigint NOT NULL,
    segment_id bigint NOT NULL,
    trigger_id bigint NOT NULL DEFAULT 0, -- how far earlier messages were gathered: this trigger,
    seq bigint NOT NULL DEFAULT 0,        -- up to this place in its audience
    done smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (broadcast_id, segment_id)
) {{clustered}};
CREATE INDEX segment_watch_by_segment ON segment_watch (segment_id);

CREATE TABLE watched_message (
    broadcast_id bigint NOT NULL,
    person_id bigint NOT NULL,
    metric text NOT NULL,
    action_id bigint NOT NULL,
    at_ms bigint NOT NULL,           -- the last time
    PRIMARY KEY (broadcast_id, person_id, metric, action_id)
) {{clustered}};
