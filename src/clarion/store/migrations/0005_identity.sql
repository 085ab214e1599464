-- Where this installation sends from. A copy of the database finds itself somewhere else, and does not send.

CREATE TABLE home (
    system text NOT NULL,            -- the database itself: what a copy of it does not share
    address text NOT NULL,           -- how a process reaches it; several are known where several are used
    timeline bigint NOT NULL,        -- PostgreSQL's, which grows when a replica takes over
    seen_ms bigint NOT NULL,         -- when a process that may send last said that it is there
    PRIMARY KEY (system, address)
);
