-- What became of copies that are messages of their own (a fake bcc); they are nobody's accounts.
CREATE TABLE own_copy_count (
    trigger_id bigint NOT NULL,
    action_id bigint NOT NULL,
    shard smallint NOT NULL,           -- so that workers do not queue
    sent bigint NOT NULL,
    not_sent bigint NOT NULL,          -- refused, or never handed over
    unknown bigint NOT NULL,           -- handed over without an answer, or their sender died
    words text,                        -- the last reason of one that was not sent, or not for certain
    words_ms bigint,
    PRIMARY KEY (trigger_id, action_id, shard)
) {{clustered}};
