-- Since when an account opens nothing; null: it is as good as any.
ALTER TABLE user_account ADD COLUMN disabled_ms bigint;
