-- Keys that can be revoked, tokens of service accounts, answers to repeated calls, limits of calls.
ALTER TABLE api_key ADD COLUMN revoked_ms bigint;
ALTER TABLE api_key ADD COLUMN last_used_ms bigint;

CREATE TABLE service_token (         -- opens the sending endpoints of every workspace
    token_id {{id}} PRIMARY KEY,
    name text NOT NULL,
    secret_hash text NOT NULL UNIQUE,
    created_ms bigint NOT NULL,
    revoked_ms bigint,
    last_used_ms bigint
);

CREATE TABLE idempotent_call (       -- what a call that sends was answered, made in the transaction that made its trigger
    workspace_id bigint NOT NULL,
    key_hash text NOT NULL,
    call_hash text NOT NULL,         -- of method, path and body
    status smallint NOT NULL,
    answer text NOT NULL,
    made_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, key_hash)
);
CREATE INDEX idempotent_call_by_time ON idempotent_call (made_ms);

CREATE TABLE call_count (            -- calls of the second that runs
    workspace_id bigint NOT NULL,
    kind text NOT NULL,
    second bigint NOT NULL,
    taken bigint NOT NULL,
    PRIMARY KEY (workspace_id, kind)
);
