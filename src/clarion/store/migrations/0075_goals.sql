-- Goals that triggers were accepted with, who reached one and is yet to be looked at, and what came of it.
CREATE TABLE goal (
    goal_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    broadcast_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT goal_kind_known CHECK (kind IN ('event', 'enters_segment', 'leaves_segment')),
    subject text NOT NULL,           -- the event's name, or the segment's number
    goal text NOT NULL,              -- JSON, as in broadcast.goal
    open_ms bigint NOT NULL,         -- for so long after a trigger's end its messages may still convert
    created_ms bigint NOT NULL
);
CREATE UNIQUE INDEX goal_once ON goal (broadcast_id, goal);
CREATE INDEX goal_by_subject ON goal (workspace_id, kind, subject);

ALTER TABLE broadcast_trigger ADD COLUMN goal_id bigint;             -- null: none
ALTER TABLE broadcast_trigger ADD COLUMN converting text;            -- JSON list: the actions whose messages convert
CREATE INDEX broadcast_trigger_by_goal ON broadcast_trigger (goal_id, processed_ms) WHERE goal_id IS NOT NULL;

CREATE TABLE goal_reached (          -- a queue: written with the event, gone with what came of it
    broadcast_id bigint NOT NULL,
    person_id bigint NOT NULL,
    source text NOT NULL,            -- the event's id, or of a segment a ULID
    goal_ids text NOT NULL,          -- JSON list: which of the broadcast's goals
    at_ms bigint NOT NULL,
    due_ms bigint NOT NULL,
    PRIMARY KEY (broadcast_id, person_id, source)
);
CREATE INDEX goal_reached_due ON goal_reached (due_ms);

CREATE TABLE conversion (            -- a journey converts once, and one reaching of a goal converts one journey
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,       -- the message that it is counted for
    goal_id bigint NOT NULL,
    broadcast_id bigint NOT NULL,
    person_id bigint NOT NULL,       -- who reached it, by the number of that moment
    source text NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (trigger_id, seq)
) {{clustered}};
CREATE UNIQUE INDEX conversion_once ON conversion (broadcast_id, person_id, source);
