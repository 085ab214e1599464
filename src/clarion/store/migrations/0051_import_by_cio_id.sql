-- Relationships whose people are named by cio_id. Their identifier is 'id': older programs miss that column and fail them.
ALTER TABLE import_job ADD COLUMN named_by text CONSTRAINT import_named_by_known CHECK (named_by IN ('cio_id'));
