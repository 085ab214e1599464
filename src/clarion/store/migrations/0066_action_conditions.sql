-- Which people of an audience an action is performed for; and the conditions of what a trigger sends, on their own.
ALTER TABLE action ADD COLUMN condition text NOT NULL DEFAULT '{}'; -- JSON, a filter; {}: everybody
ALTER TABLE trigger_content ADD COLUMN conditions text;             -- JSON, a list of filters; null: none
