-- Imports of objects and relationships. Their kind is 'event', of which older programs miss a column and fail the import.
ALTER TABLE import_job ADD COLUMN about text
    CONSTRAINT import_about_known CHECK (about IN ('object', 'relationship'));
ALTER TABLE import_job ADD COLUMN object_type_id text;  -- of every row; null: rows name their own
