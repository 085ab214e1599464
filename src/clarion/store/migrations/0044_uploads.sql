-- Files that are sent to the API instead of fetched from a URL: kept until their import is over, or for a day.
CREATE TABLE upload (
    upload_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    bytes bigint NOT NULL,
    created_ms bigint NOT NULL
);
CREATE INDEX upload_by_age ON upload (created_ms);

CREATE TABLE upload_piece (
    upload_id bigint NOT NULL,
    no bigint NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (upload_id, no)
) {{clustered}};

ALTER TABLE import_job ADD COLUMN columns text;  -- which column of the file is which attribute; null: as they are named
