-- Who messages come from, what people subscribe to, and messages in several languages.
CREATE TABLE sender_identity (
    sender_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    hidden smallint NOT NULL DEFAULT 0,  -- not offered for new messages
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE INDEX sender_identity_by_workspace ON sender_identity (workspace_id, sender_id);

CREATE TABLE topic (
    topic_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    subscribed_by_default smallint NOT NULL,
    translations text NOT NULL,      -- language → name and description
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE INDEX topic_by_workspace ON topic (workspace_id, topic_id);

ALTER TABLE broadcast ADD COLUMN topic_id bigint;            -- whoever opted out of it gets nothing
ALTER TABLE broadcast ADD COLUMN language_attribute text NOT NULL DEFAULT 'language';
ALTER TABLE action ADD COLUMN variants text NOT NULL DEFAULT '[]'; -- the content in other languages
