-- A message may have a topic of its own, in place of the broadcast's. Behind 0068, which makes the table anew.
ALTER TABLE action ADD COLUMN topic_id bigint;
