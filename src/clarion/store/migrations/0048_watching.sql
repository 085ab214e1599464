-- To see what a trigger does: who asked for it, how fast it went lately; repeats of a group of alike failures.
-- Only additions. A repeat of a group is closed for programs that do not know groups (done_ms), and open for the others.
ALTER TABLE broadcast_trigger ADD COLUMN triggered_by text;          -- the name of the key or the person

CREATE TABLE trigger_sample (        -- how many messages were handed over when somebody looked: the last minutes only
    at_ms bigint NOT NULL,
    trigger_id bigint NOT NULL,
    handed bigint NOT NULL,
    PRIMARY KEY (at_ms, trigger_id)
) {{clustered}};

ALTER TABLE trigger_again ADD COLUMN cause text;                     -- a class of words; null for all
ALTER TABLE trigger_again ADD COLUMN open smallint NOT NULL DEFAULT 0; -- of a group, not finished
CREATE INDEX trigger_again_to_do ON trigger_again (trigger_id, no) WHERE done_ms IS NULL OR open = 1;
