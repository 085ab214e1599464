-- What is removed with time, and people who asked to be forgotten.

CREATE TABLE housekeeping (          -- periodic work that one process at a time does, whoever comes first
    task text PRIMARY KEY,
    due_ms bigint NOT NULL
);

ALTER TABLE broadcast_trigger ADD COLUMN data_removed_ms bigint;     -- what it sent to whom cannot be shown any more
ALTER TABLE broadcast_trigger ADD COLUMN details_removed_ms bigint;  -- its accounts are going, or gone; counters stay
ALTER TABLE broadcast_trigger ADD COLUMN removed_to bigint NOT NULL DEFAULT 0; -- accounts up to this person are gone
ALTER TABLE broadcast_trigger ADD COLUMN details_gone smallint NOT NULL DEFAULT 0;
CREATE INDEX broadcast_trigger_to_clear ON broadcast_trigger (processed_ms)
    WHERE details_gone = 0 AND processed_ms IS NOT NULL;

CREATE TABLE erasure (               -- who was erased, by number; swept again until nobody writes about them any more
    person_id bigint PRIMARY KEY,
    workspace_id bigint NOT NULL,
    identifiers text NOT NULL,       -- JSON; what sweeps look for, nothing once it is done
    asked_ms bigint NOT NULL,
    done_ms bigint
);

CREATE TABLE suppressed_hash (       -- identifiers of erased people that stay blocked, keyed with the secret
    workspace_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT suppressed_hash_kind_known CHECK (kind IN ('id', 'email')),
    hash text NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, kind, hash)
);
