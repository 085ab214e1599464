-- What people are related to beside each other: accounts, courses, shops (contract §8.3).
CREATE TABLE object_type (
    workspace_id bigint NOT NULL,
    object_type_id text NOT NULL,    -- the caller's; made when it is first named
    created_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, object_type_id)
);

CREATE TABLE object (
    object_no {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    object_type_id text NOT NULL,
    object_id text NOT NULL,
    attributes text NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE UNIQUE INDEX object_by_id ON object (workspace_id, object_type_id, object_id);

CREATE TABLE relationship (
    person_id bigint NOT NULL,
    object_no bigint NOT NULL,
    attributes text NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (person_id, object_no)
);
CREATE INDEX relationship_by_object ON relationship (object_no, person_id);
