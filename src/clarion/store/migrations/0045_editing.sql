-- Broadcasts as several people edit them: versions, who has one open, the archive; goal and exit, as they are set.
ALTER TABLE broadcast ADD COLUMN version bigint NOT NULL DEFAULT 1;  -- one more with each change
ALTER TABLE broadcast ADD COLUMN changed_by text;                    -- the name of the key or the person
ALTER TABLE broadcast ADD COLUMN archived_ms bigint;
ALTER TABLE broadcast ADD COLUMN goal text;                          -- JSON; null for none
ALTER TABLE broadcast ADD COLUMN exit_when text NOT NULL DEFAULT 'never'
    CONSTRAINT broadcast_exit_known CHECK (exit_when IN ('never', 'goal', 'no_longer_matching'));

CREATE TABLE broadcast_editor (          -- who has it open, while they say so
    broadcast_id bigint NOT NULL,
    user_id bigint NOT NULL,
    name text NOT NULL,
    seen_ms bigint NOT NULL,
    PRIMARY KEY (broadcast_id, user_id)
);
