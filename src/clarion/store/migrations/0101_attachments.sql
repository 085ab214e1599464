-- Files that go with e-mails of actions. What is in them is kept once in a workspace, by its hash.
CREATE TABLE attached_file (
    workspace_id bigint NOT NULL,
    hash text NOT NULL,                  -- SHA-256, hexadecimal
    size bigint NOT NULL,                -- bytes
    content text NOT NULL,               -- base64
    named_ms bigint NOT NULL,            -- when an action last began to name it, or it was sent here
    PRIMARY KEY (workspace_id, hash)
);

CREATE TABLE trigger_file (              -- what triggers send, until their data goes
    trigger_id bigint NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (trigger_id, hash)
);
CREATE INDEX trigger_file_by_hash ON trigger_file (hash);

ALTER TABLE action ADD COLUMN attachments text NOT NULL DEFAULT '[]';  -- JSON: name, media type, size, hash
CREATE INDEX action_with_files ON action (action_id) WHERE attachments <> '[]';
ALTER TABLE broadcast_version ADD COLUMN files text;  -- the hashes that its snapshot names; null: none
CREATE INDEX broadcast_version_with_files ON broadcast_version (broadcast_id) WHERE files IS NOT NULL;
