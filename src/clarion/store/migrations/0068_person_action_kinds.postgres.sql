-- Actions on people.
ALTER TABLE action DROP CONSTRAINT action_kind_known;
ALTER TABLE action ADD CONSTRAINT action_kind_known CHECK (kind IN ('email', 'webhook', 'sms', 'push', 'in_app', 'inbox_message', 'whatsapp', 'slack', 'attribute_update', 'create_event', 'static_seg_update'));
