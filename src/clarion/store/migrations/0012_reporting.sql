CREATE TABLE reporting_webhook (
    webhook_id {{id}} PRIMARY KEY,
    workspace_id bigint NOT NULL,
    name text NOT NULL,
    endpoint text NOT NULL,
    events text NOT NULL,            -- JSON list
    disabled smallint NOT NULL,
    full_resolution smallint NOT NULL,
    with_content smallint NOT NULL,
    secret text NOT NULL,            -- signs each call, so it cannot be a hash
    created_ms bigint NOT NULL,
    -- sending: who does it, until when, and what stands in the way
    lease_ms bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    due_ms bigint NOT NULL DEFAULT 0,
    tries bigint NOT NULL DEFAULT 0, -- of the event that is first in line
    delivered bigint NOT NULL DEFAULT 0,
    given_up bigint NOT NULL DEFAULT 0
);
CREATE INDEX reporting_webhook_by_workspace ON reporting_webhook (workspace_id, webhook_id);

CREATE TABLE reporting_event (       -- one row for each webhook that wants it: nobody waits for another's endpoint
    webhook_id bigint NOT NULL,
    event_id text NOT NULL,          -- a ULID: the order in which they are sent
    event text NOT NULL,
    facts text NOT NULL,             -- JSON: of what; the body is made when it is sent
    person_id bigint NOT NULL,
    made_ms bigint NOT NULL,
    settled_ms bigint,               -- taken by the endpoint, or given up; null: it waits
    given_up smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX reporting_event_waiting ON reporting_event (webhook_id, event_id) WHERE settled_ms IS NULL;
CREATE INDEX reporting_event_by_person ON reporting_event (person_id);

CREATE TABLE reporting_attempt (     -- the last ones of each webhook, for whoever looks for a fault
    webhook_id bigint NOT NULL,
    attempt_id text NOT NULL,        -- a ULID
    event_id text NOT NULL,
    status bigint,                   -- HTTP; null: no answer
    took_ms bigint NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (webhook_id, attempt_id)
);
