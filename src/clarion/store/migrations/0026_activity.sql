-- What happened to people, for 30 days (contract §7.1).
CREATE TABLE activity (
    workspace_id bigint NOT NULL,
    id text NOT NULL,                -- a ULID: sorts by time
    person_id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,              -- of an event, else ''
    data text NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX activity_by_person ON activity (person_id, id);
