-- Actions on people. SQLite cannot change a constraint, so the table is made anew.
CREATE TABLE action_made_anew (
    action_id INTEGER PRIMARY KEY,
    broadcast_id bigint NOT NULL,
    position bigint NOT NULL,
    kind text NOT NULL CONSTRAINT action_kind_known CHECK (kind IN ('email', 'webhook', 'sms', 'push', 'in_app', 'inbox_message', 'whatsapp', 'slack', 'attribute_update', 'create_event', 'static_seg_update')),
    name text NOT NULL,
    sending_state text NOT NULL CONSTRAINT sending_state_known CHECK (sending_state IN ('automatic', 'draft', 'off')),
    send_to_unsubscribed smallint NOT NULL,
    content text NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    variants text NOT NULL DEFAULT '[]',
    condition text NOT NULL DEFAULT '{}'
);
INSERT INTO action_made_anew (action_id, broadcast_id, position, kind, name, sending_state, send_to_unsubscribed,
    content, created_ms, updated_ms, variants, condition)
SELECT action_id, broadcast_id, position, kind, name, sending_state, send_to_unsubscribed, content, created_ms,
    updated_ms, variants, condition FROM action;
DROP TABLE action;
ALTER TABLE action_made_anew RENAME TO action;
CREATE INDEX action_by_broadcast ON action (broadcast_id, position);
