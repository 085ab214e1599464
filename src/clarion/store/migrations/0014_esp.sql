-- Addresses that a mail provider would refuse: nothing is sent to them, whoever has them.
CREATE TABLE esp_suppression (
    workspace_id bigint NOT NULL,
    email_key text NOT NULL,
    kind text NOT NULL CONSTRAINT esp_kind_known
        CHECK (kind IN ('blocks', 'bounces', 'spam_reports', 'invalid_emails')),
    email text NOT NULL,
    domain text NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, email_key, kind)
);
