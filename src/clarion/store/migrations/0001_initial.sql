-- The schema of version 1. {{…}} marks what the two engines spell differently; see store/migrate.py.
-- Times are Unix milliseconds UTC. JSON is canonical text: its meaning is decided in Python, on both engines.

CREATE TABLE installation (
    only_row smallint PRIMARY KEY CHECK (only_row = 1),
    secret text NOT NULL,            -- hex; keys the checksum of delivery ids and links
    created_ms bigint NOT NULL
);

CREATE TABLE number_range (          -- ids are made by the application: the next number of each name
    name text PRIMARY KEY,
    next bigint NOT NULL
);

CREATE TABLE workspace (
    workspace_id {{id}} PRIMARY KEY,
    name text NOT NULL,
    identifiers text NOT NULL CONSTRAINT identifiers_known CHECK (identifiers IN ('id_email', 'id')),
    created_ms bigint NOT NULL
);

CREATE TABLE api_key (
    key_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspace,
    kind text NOT NULL CONSTRAINT key_kind_known CHECK (kind IN ('app', 'track')),
    name text NOT NULL,
    scopes text NOT NULL,            -- space-separated: app, manage
    site_id text,                    -- track keys: the Basic user name
    secret_hash text NOT NULL UNIQUE,
    created_ms bigint NOT NULL
);

-- person_id leads with the workspace: workspace_id << 40 | n. A workspace is one range of the primary key.
CREATE TABLE person (
    person_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    id text,
    email text,
    email_key text,                  -- as compared: case folded
    email_unique text,               -- email_key where the workspace identifies people by it, else null
    unsubscribed smallint NOT NULL DEFAULT 0,
    attributes text NOT NULL,
    changed text NOT NULL,           -- attribute name → Unix seconds of its last change
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE UNIQUE INDEX person_by_id ON person (workspace_id, id);
CREATE UNIQUE INDEX person_by_unique_email ON person (workspace_id, email_unique);
CREATE INDEX person_by_email ON person (workspace_id, email_key);

CREATE TABLE suppressed_identifier (
    workspace_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT suppressed_kind_known CHECK (kind IN ('id', 'email')),
    value text NOT NULL,
    person_id bigint,                -- whom it was taken from, to tell suppressed from deleted
    created_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, kind, value)
);
CREATE INDEX suppressed_identifier_by_person ON suppressed_identifier (person_id);

CREATE TABLE device (
    person_id bigint NOT NULL,
    token text NOT NULL,
    platform text NOT NULL,
    last_used bigint,
    attributes text NOT NULL,
    PRIMARY KEY (person_id, token)
);

CREATE TABLE person_event (
    person_id bigint NOT NULL,
    at_ms bigint NOT NULL,
    event_id text NOT NULL,          -- the caller's ULID, or ours: a repeat is one event
    kind text NOT NULL,
    name text NOT NULL,
    data text NOT NULL,
    PRIMARY KEY (person_id, event_id)
);

CREATE TABLE segment (
    segment_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    kind text NOT NULL CONSTRAINT segment_kind_known CHECK (kind IN ('manual')),
    size bigint NOT NULL DEFAULT 0,  -- kept with each membership change
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE INDEX segment_by_workspace ON segment (workspace_id, segment_id);

CREATE TABLE segment_member (
    segment_id bigint NOT NULL,
    person_id bigint NOT NULL,
    PRIMARY KEY (segment_id, person_id)
) {{clustered}};
CREATE INDEX segment_member_by_person ON segment_member (person_id, segment_id);

CREATE TABLE snippet (
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    updated_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, name)
);

CREATE TABLE broadcast (
    broadcast_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    state text NOT NULL CONSTRAINT broadcast_state_known CHECK (state IN ('draft', 'running', 'stopped')),
    recipients text NOT NULL,        -- the default audience filter
    doubt_policy text NOT NULL CONSTRAINT doubt_policy_known CHECK (doubt_policy IN ('hold', 'resend')),
    tags text NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    first_started_ms bigint,
    last_trigger_ms bigint           -- the 10-second rule reads it
);
CREATE INDEX broadcast_by_workspace ON broadcast (workspace_id, broadcast_id);

CREATE TABLE action (
    action_id {{id}} PRIMARY KEY,
    broadcast_id bigint NOT NULL,
    position bigint NOT NULL,
    kind text NOT NULL CONSTRAINT action_kind_known CHECK (kind IN ('email')),
    name text NOT NULL,
    sending_state text NOT NULL CONSTRAINT sending_state_known CHECK (sending_state IN ('automatic', 'draft', 'off')),
    send_to_unsubscribed smallint NOT NULL,
    content text NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE INDEX action_by_broadcast ON action (broadcast_id, position);

CREATE TABLE trigger_content (       -- what a trigger sends, frozen; many triggers share one
    content_hash text PRIMARY KEY,
    content text NOT NULL
);

CREATE TABLE broadcast_trigger (
    trigger_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    broadcast_id bigint NOT NULL,
    state text NOT NULL CONSTRAINT trigger_state_known
        CHECK (state IN ('queued', 'resolving', 'sending', 'done', 'failed', 'stopped')),
    failure text,
    selector text NOT NULL,
    condition text,                  -- the filter that is resolved, as JSON; null for named people
    echo text NOT NULL,              -- the audience as it was sent
    data text NOT NULL,
    flags text NOT NULL,
    content_hash text NOT NULL REFERENCES trigger_content,
    created_ms bigint NOT NULL,
    processed_ms bigint,
    -- resolve: who does it, until when, and how far it got
    resolve_owner text,
    resolve_fence bigint NOT NULL DEFAULT 0,
    resolve_lease_ms bigint NOT NULL DEFAULT 0,
    resolve_due_ms bigint NOT NULL DEFAULT 0,
    resolve_tries smallint NOT NULL DEFAULT 0,
    resolved_to bigint NOT NULL DEFAULT 0,   -- the last person_id (filter) or entry number (named people) in the ledger
    resolve_until bigint NOT NULL DEFAULT 0, -- the last one that belongs to the audience
    next_seq bigint NOT NULL DEFAULT 1,
    next_slice bigint NOT NULL DEFAULT 0,
    file_sha256 text,                        -- of the file whose lines are staged
    file_offset bigint NOT NULL DEFAULT 0,
    file_line bigint NOT NULL DEFAULT 0,
    file_done smallint NOT NULL DEFAULT 0,
    next_entry bigint NOT NULL DEFAULT 1,
    missing bigint NOT NULL DEFAULT 0,       -- entries that no flag excuses
    error_count bigint NOT NULL DEFAULT 0,
    audience bigint NOT NULL DEFAULT 0,      -- people in the frozen audience
    recipients bigint NOT NULL DEFAULT 0,    -- of these, with at least one message to send
    open_slices bigint NOT NULL DEFAULT 0,
    fresh_slices bigint NOT NULL DEFAULT 0   -- of these, not yet tried to the end: what is left after that are retries
);
CREATE INDEX broadcast_trigger_by_broadcast ON broadcast_trigger (broadcast_id, trigger_id);
CREATE INDEX broadcast_trigger_unfinished ON broadcast_trigger (state, trigger_id)
    WHERE state IN ('queued', 'resolving', 'sending');

CREATE TABLE trigger_entry (         -- people named one by one, in the order they were named
    trigger_id bigint NOT NULL,
    entry bigint NOT NULL,
    line bigint NOT NULL,
    person_id bigint NOT NULL,
    data text,                       -- this person's own data; null when there is none
    PRIMARY KEY (trigger_id, entry)
);
CREATE INDEX trigger_entry_by_person ON trigger_entry (trigger_id, person_id, entry);

CREATE TABLE trigger_error (
    trigger_id bigint NOT NULL,
    no bigint NOT NULL,
    line bigint,
    text text NOT NULL,
    PRIMARY KEY (trigger_id, no)
);

-- The ledger. One row per person of the frozen audience and action, written before anything is sent.
-- The only update a row usually sees is its final state, so its page keeps room for that one (fillfactor).
CREATE TABLE delivery (
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,             -- the person's number in the audience
    action_id bigint NOT NULL,
    person_id bigint NOT NULL,
    entry bigint,                    -- where the person's own data is
    state smallint NOT NULL CONSTRAINT delivery_state_known CHECK (state BETWEEN 0 AND 6),
    reason text,
    words text,
    recipient text,
    attempts smallint NOT NULL DEFAULT 0,
    due_ms bigint NOT NULL DEFAULT 0,
    doubt_fence bigint,              -- in doubt since the slice's holder with this fence vanished
    created_ms bigint NOT NULL,
    attempted_ms bigint,
    settled_ms bigint,
    PRIMARY KEY (trigger_id, seq, action_id),
    CONSTRAINT final_states_are_dated CHECK ((state = 0) = (settled_ms IS NULL)),
    CONSTRAINT not_sent_has_a_reason CHECK (state IN (0, 1, 4) OR reason IS NOT NULL)
) {{ledger}};
CREATE UNIQUE INDEX delivery_once_per_person ON delivery (trigger_id, person_id, action_id)
    WHERE reason IS NULL OR reason <> 'duplicate';
-- Lists of the few that were not sent. A row that is sent keeps its null reason and never enters it.
CREATE INDEX delivery_by_reason ON delivery (trigger_id, reason, seq, action_id) WHERE reason IS NOT NULL;

CREATE TABLE slice (                 -- a range of the audience that one worker holds at a time
    trigger_id bigint NOT NULL,
    no bigint NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    done smallint NOT NULL DEFAULT 0,
    tried smallint NOT NULL DEFAULT 0, -- everybody in it was tried once
    due_ms bigint NOT NULL DEFAULT 0,
    owner text,
    fence bigint NOT NULL DEFAULT 0, -- grows with each claim; an older holder's writes meet no row
    lease_ms bigint NOT NULL DEFAULT 0,
    open_lo bigint,                  -- the intent: people in this range may have been handed over
    open_hi bigint,
    open_ms bigint,                  -- since when; rows due later were not in the chunk
    PRIMARY KEY (trigger_id, no),
    CONSTRAINT open_is_a_range CHECK ((open_lo IS NULL) = (open_hi IS NULL))
);
CREATE INDEX slice_to_do ON slice (due_ms, no, trigger_id) WHERE done = 0;

-- Counters, moved in the transaction that moves the rows; spread over shards so that workers do not queue.
CREATE TABLE trigger_count (
    trigger_id bigint NOT NULL,
    action_id bigint NOT NULL,
    state smallint NOT NULL,
    reason text NOT NULL,            -- '' for none
    shard smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (trigger_id, action_id, state, reason, shard)
);
