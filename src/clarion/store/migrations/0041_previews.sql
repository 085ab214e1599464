-- Rendered messages that the composer shows in a frame: found by the hash of an id that only its author knows.
CREATE TABLE preview (
    preview_hash text PRIMARY KEY,
    html text NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE INDEX preview_by_end ON preview (expires_ms);
