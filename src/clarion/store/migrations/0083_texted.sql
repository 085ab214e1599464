-- Whose phone number answers one of our senders: the last message between the two, for each person it was sent to.
CREATE TABLE texted (
    channel text NOT NULL,           -- sms or whatsapp
    phone text NOT NULL,
    sender text NOT NULL,
    person_id bigint NOT NULL,
    trigger_id bigint NOT NULL,
    seq bigint NOT NULL,
    action_id bigint NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (channel, phone, sender, person_id)
) {{clustered}};
CREATE INDEX texted_by_person ON texted (person_id);
-- Answers that were taken already.
CREATE TABLE text_reply (
    provider text NOT NULL,
    message_id text NOT NULL,        -- the provider's
    at_ms bigint NOT NULL,
    PRIMARY KEY (provider, message_id)
) {{clustered}};
CREATE INDEX text_reply_by_time ON text_reply (at_ms);
