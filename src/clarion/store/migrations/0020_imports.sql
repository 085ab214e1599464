CREATE TABLE import_job (
    import_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT import_kind_known CHECK (kind IN ('people', 'event')),
    name text NOT NULL,
    description text NOT NULL,
    url text NOT NULL,
    identifier text NOT NULL CONSTRAINT import_identifier_known CHECK (identifier IN ('id', 'email')),
    who text NOT NULL CONSTRAINT import_who_known CHECK (who IN ('all', 'only_new', 'only_existing')),
    state text NOT NULL CONSTRAINT import_state_known CHECK (state IN ('preprocessing', 'importing', 'imported', 'failed')),
    failure text,
    sha256 text,                     -- of the file whose rows are in
    rows_in_file bigint NOT NULL DEFAULT 0,
    rows_done bigint NOT NULL DEFAULT 0,
    rows_wrong bigint NOT NULL DEFAULT 0,
    reached bigint NOT NULL DEFAULT 0,   -- the byte behind the last row that is in
    line bigint NOT NULL DEFAULT 0,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    lease_ms bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0
);
CREATE INDEX import_job_by_workspace ON import_job (workspace_id, import_id);
CREATE INDEX import_job_to_do ON import_job (import_id) WHERE state IN ('preprocessing', 'importing');

CREATE TABLE import_error (
    import_id bigint NOT NULL,
    line bigint NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (import_id, line)
);

CREATE TABLE collection (            -- rows of a caller's own, kept for workflows (contract §7.6)
    collection_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    content text NOT NULL,           -- JSON list of objects
    size bigint NOT NULL,            -- how many
    bytes bigint NOT NULL,
    columns text NOT NULL,           -- JSON list of names
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE UNIQUE INDEX collection_by_name ON collection (workspace_id, name);
