-- Messages that an app fetches for its user: in-app and inbox messages.
CREATE TABLE in_app_message (
    delivery_id text PRIMARY KEY,
    kind text NOT NULL,              -- in_app or inbox_message
    person_id bigint NOT NULL,
    parts text NOT NULL,             -- JSON: rendered texts by name
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL,
    opened_ms bigint,
    dismissed_ms bigint
);
CREATE INDEX in_app_message_by_person ON in_app_message (person_id, created_ms);
CREATE INDEX in_app_message_by_end ON in_app_message (expires_ms);
