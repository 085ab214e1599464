-- Data-driven segments: their conditions, how far their building is, and when to look at whom again.
CREATE TABLE segment_rule (
    segment_id bigint PRIMARY KEY,
    workspace_id bigint NOT NULL,
    conditions text NOT NULL,        -- JSON
    version bigint NOT NULL,         -- grows with each change of the conditions
    horizon bigint,                  -- transactions below it may not know these conditions; null: not looked at
    built_to bigint NOT NULL DEFAULT 0,   -- the last person_id that was decided about
    build_until bigint,              -- the last one there was when building began; null: not begun
    built_ms bigint,                 -- null: it is being built
    fence bigint NOT NULL DEFAULT 0,
    lease_ms bigint NOT NULL DEFAULT 0
);
CREATE INDEX segment_rule_by_workspace ON segment_rule (workspace_id, segment_id);
CREATE INDEX segment_rule_to_build ON segment_rule (segment_id) WHERE built_ms IS NULL;

CREATE TABLE segment_due (           -- who is to be decided about again, and from when on
    person_id bigint NOT NULL,
    segment_id bigint NOT NULL,
    due_ms bigint NOT NULL,
    PRIMARY KEY (person_id, segment_id)
) {{clustered}};
CREATE INDEX segment_due_by_time ON segment_due (due_ms);
