-- How many messages one person gets within some days, whichever broadcasts they come from.
ALTER TABLE workspace ADD COLUMN message_limit text;                        -- JSON; null: none
ALTER TABLE broadcast ADD COLUMN ignores_limit smallint NOT NULL DEFAULT 0; -- sent whatever the limit says

CREATE TABLE person_message (        -- written before a message goes out, while there is a limit
    person_id bigint NOT NULL,
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (person_id, trigger_id, seq, action_id)
) {{clustered}};
CREATE INDEX person_message_by_time ON person_message (at_ms);
