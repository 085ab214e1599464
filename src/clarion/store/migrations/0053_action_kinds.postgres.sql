-- Actions that call a URL instead of mailing.
ALTER TABLE action DROP CONSTRAINT action_kind_known;
ALTER TABLE action ADD CONSTRAINT action_kind_known CHECK (kind IN ('email', 'webhook'));
