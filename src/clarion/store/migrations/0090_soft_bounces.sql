-- How many messages in a row bounced softly: the address may be right, and yet did not take them. At a number that the
-- settings name it gets no more (esp_suppression); a message that arrives ends the row.
CREATE TABLE soft_bounce (
    workspace_id bigint NOT NULL,
    email_key text NOT NULL,
    bounces bigint NOT NULL,
    last_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, email_key)
) {{clustered}};
