-- Whether new e-mails of a workspace have their styles inlined.
ALTER TABLE workspace ADD COLUMN inline_css smallint NOT NULL DEFAULT 1;
