CREATE TABLE anonymous_event (       -- of somebody who is not known yet; theirs once they are (contract §8.2)
    workspace_id bigint NOT NULL,
    anonymous_id text NOT NULL,
    event_id text NOT NULL,
    at_ms bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    data text NOT NULL,
    PRIMARY KEY (workspace_id, anonymous_id, event_id)
);
CREATE INDEX anonymous_event_by_time ON anonymous_event (at_ms);

CREATE TABLE merged_person (         -- whose accounts in the ledger are whose now
    person_id bigint PRIMARY KEY,
    into_person_id bigint NOT NULL,
    merged_ms bigint NOT NULL
);
CREATE INDEX merged_person_by_whom ON merged_person (into_person_id);
