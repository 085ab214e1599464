-- Which actions of a content are no e-mails, {"<action>": "<kind>"} as JSON; NULL: all are.
ALTER TABLE trigger_content ADD COLUMN kinds text;
