-- Accounts whose action on the person was performed: written in the transaction of what it did.
CREATE TABLE action_performed (
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,
    PRIMARY KEY (trigger_id, seq, action_id)
) {{clustered}};
