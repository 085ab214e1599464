-- Messages to one person (contract §7.13): kept as broadcasts of other kinds, sent through the same ledger.
ALTER TABLE broadcast ADD COLUMN kind text NOT NULL DEFAULT 'broadcast'
    CONSTRAINT broadcast_kind_known CHECK (kind IN ('broadcast', 'transactional', 'inline'));
ALTER TABLE broadcast ADD COLUMN trigger_name text;          -- by which calls may name a transactional one

CREATE TABLE message_name (          -- a name is one message's; the empty one is that of the inline messages
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    broadcast_id bigint NOT NULL,
    PRIMARY KEY (workspace_id, name)
);
CREATE INDEX message_name_by_broadcast ON message_name (broadcast_id);

CREATE TABLE trigger_override (      -- what a call said in place of the message's own texts
    trigger_id {{id}} PRIMARY KEY,
    override text NOT NULL,
    attachments text,                -- a list of name, media type and base64; read only to send
    forget smallint NOT NULL         -- 1: goes as soon as the message is settled
);
CREATE INDEX trigger_override_to_forget ON trigger_override (trigger_id) WHERE forget = 1;
CREATE INDEX trigger_override_with_files ON trigger_override (trigger_id) WHERE attachments IS NOT NULL;
