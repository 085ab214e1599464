-- Messages that were made and wait for somebody to send them: as they will go out.
CREATE TABLE draft (
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,
    workspace_id bigint NOT NULL,
    person_id bigint NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    message text NOT NULL,           -- JSON: the whole message, in the form that its provider takes
    made_ms bigint NOT NULL,
    approved_ms bigint,              -- it goes out; null while it waits
    PRIMARY KEY (trigger_id, seq, action_id)
);
CREATE INDEX draft_waiting ON draft (workspace_id, trigger_id, seq, action_id) WHERE approved_ms IS NULL;
CREATE INDEX draft_by_person ON draft (person_id);
