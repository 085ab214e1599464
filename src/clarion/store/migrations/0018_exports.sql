CREATE TABLE export (
    export_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT export_kind_known CHECK (kind IN ('customers', 'deliveries')),
    state text NOT NULL CONSTRAINT export_state_known CHECK (state IN ('pending', 'done', 'failed')),
    asked text NOT NULL,             -- JSON: what of
    description text NOT NULL,
    made_by text NOT NULL,           -- the name of the key
    failure text,
    rows_so_far bigint NOT NULL DEFAULT 0,
    reached text NOT NULL DEFAULT '', -- behind which the next stretch begins
    columns text NOT NULL DEFAULT '[]',
    next_chunk bigint NOT NULL DEFAULT 0,
    downloads bigint NOT NULL DEFAULT 0,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    lease_ms bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0
);
CREATE INDEX export_by_workspace ON export (workspace_id, export_id);
CREATE INDEX export_to_do ON export (export_id) WHERE state = 'pending';

CREATE TABLE export_chunk (          -- in the database, so that any machine can write and any can hand it out
    export_id bigint NOT NULL,
    no bigint NOT NULL,
    content text NOT NULL,           -- rows as JSON objects, gzip, base64
    PRIMARY KEY (export_id, no)
);
