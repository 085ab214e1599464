-- The mailboxes that bounces come to: who reads one, and how that went.
CREATE TABLE bounce_mailbox (
    name text PRIMARY KEY,             -- user, host and folder
    lease_ms bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    due_ms bigint NOT NULL DEFAULT 0,
    read_ms bigint,                    -- when it was read to its end last
    failed_ms bigint,                  -- when that failed last: after read_ms, it does so still
    failure text,                      -- why
    messages bigint NOT NULL DEFAULT 0 -- that were read
) {{clustered}};
