-- Earlier states of broadcasts, so that somebody can look at them and go back.
CREATE TABLE broadcast_version (
    broadcast_id bigint NOT NULL,
    version bigint NOT NULL,             -- the broadcast's, when this was last so
    reason text NOT NULL CONSTRAINT broadcast_version_reason_known
        CHECK (reason IN ('found', 'created', 'edited', 'activated', 'restored')),
    changed_by text,                     -- the name of the key or the person; null where nobody noted it
    begun_ms bigint NOT NULL,            -- the first of the changes that are folded into it
    saved_ms bigint NOT NULL,            -- the last of them
    restored_from bigint,
    triggers bigint NOT NULL DEFAULT 0,  -- how many triggers took it
    last_trigger_id bigint,
    changed text NOT NULL,               -- the fields that differ from the version before, a JSON list
    size bigint NOT NULL,                -- bytes of `snapshot`
    snapshot text NOT NULL,
    PRIMARY KEY (broadcast_id, version)
);
