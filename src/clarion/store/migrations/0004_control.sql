-- Control of a running trigger: pause, priority, rate, schedule, expiry, repeats, applied edits.
-- Only additions: a worker of the version before works on beside them, without knowing of pauses and rates.

ALTER TABLE broadcast_trigger ADD COLUMN priority bigint NOT NULL DEFAULT 0;       -- higher goes first
ALTER TABLE broadcast_trigger ADD COLUMN paused_ms bigint;                         -- since when; null: it runs
ALTER TABLE broadcast_trigger ADD COLUMN rate_messages bigint;                     -- at most so many …
ALTER TABLE broadcast_trigger ADD COLUMN rate_per_ms bigint;                       -- … in this time
ALTER TABLE broadcast_trigger ADD COLUMN spread_until_ms bigint;                   -- evenly until then, instead of a rate
ALTER TABLE broadcast_trigger ADD COLUMN scheduled_ms bigint;                      -- not before
ALTER TABLE broadcast_trigger ADD COLUMN expires_after_s bigint NOT NULL DEFAULT 0; -- as it was asked for; 0: never
ALTER TABLE broadcast_trigger ADD COLUMN expires_ms bigint;                        -- what is queued then is stopped
ALTER TABLE broadcast_trigger ADD COLUMN audience_ms bigint;                       -- whose people: null, those of created_ms
ALTER TABLE broadcast_trigger ADD COLUMN joins bigint NOT NULL DEFAULT 0;          -- how often people who joined were added
ALTER TABLE broadcast_trigger ADD COLUMN cancelled_ms bigint;
ALTER TABLE broadcast_trigger ADD COLUMN stop_reason text;                         -- of its accounts; null: broadcast_stopped
ALTER TABLE broadcast_trigger ADD COLUMN control_by text;                          -- the name of the key that changed it last
ALTER TABLE broadcast_trigger ADD COLUMN control_ms bigint;
CREATE INDEX broadcast_trigger_at_work ON broadcast_trigger (trigger_id) WHERE processed_ms IS NULL;

ALTER TABLE delivery ADD COLUMN again smallint NOT NULL DEFAULT 0;                 -- how often it was sent again on request

-- Whose turn it is, and how many messages a rate allows. A narrow row, since every claim changes it.
CREATE TABLE trigger_flow (
    trigger_id {{id}} PRIMARY KEY,
    claims bigint NOT NULL DEFAULT 0,        -- odd and even: retries and fresh slices take turns
    turn bigint NOT NULL DEFAULT 0,          -- the moment of the last claim
    next_us bigint NOT NULL DEFAULT 0,       -- microseconds: when the next message may go
    ready_ms bigint NOT NULL DEFAULT 0       -- no slice is picked before
) {{ledger}};

-- A repeat that was asked for; its checkpoint moves with the accounts that are queued again.
CREATE TABLE trigger_again (
    trigger_id bigint NOT NULL,
    no bigint NOT NULL,
    kind text NOT NULL CONSTRAINT again_kind_known CHECK (kind IN ('failed', 'in_doubt', 'joined_since')),
    reasons text NOT NULL,                   -- JSON list; empty for all
    asked_by text NOT NULL,
    asked_ms bigint NOT NULL,
    after_seq bigint NOT NULL DEFAULT 0,
    after_action bigint NOT NULL DEFAULT 0,
    queued bigint NOT NULL DEFAULT 0,        -- how many so far
    done_ms bigint,
    PRIMARY KEY (trigger_id, no)
);
CREATE INDEX trigger_again_unfinished ON trigger_again (trigger_id, no) WHERE done_ms IS NULL;

CREATE TABLE trigger_content_change (        -- edits applied to a trigger that was already accepted
    trigger_id bigint NOT NULL,
    no bigint NOT NULL,
    before_hash text NOT NULL,
    content_hash text NOT NULL REFERENCES trigger_content,
    changed_by text NOT NULL,
    changed_ms bigint NOT NULL,
    PRIMARY KEY (trigger_id, no)
);

-- A slice is found through its trigger now, so that a paused one costs nothing however many slices it has.
CREATE INDEX slice_of_trigger_to_do ON slice (trigger_id, tried, due_ms, no) WHERE done = 0;
DROP INDEX slice_to_do;
