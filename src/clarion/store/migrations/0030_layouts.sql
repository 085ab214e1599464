CREATE TABLE layout (                -- what bodies of e-mails are put into; each message holds a copy of the one it names
    layout_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    html text NOT NULL,              -- Liquid, with a place where the body goes
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE INDEX layout_by_workspace ON layout (workspace_id, layout_id);
