-- Where a workspace's links lead: a domain of its own, and those it had, which go on serving links and nothing else.
CREATE TABLE tracking_domain (
    workspace_id bigint NOT NULL,
    url text NOT NULL,        -- scheme and host, such as https://links.example.com
    made_ms bigint NOT NULL,
    verified_ms bigint,       -- when it was found to lead here first
    checked_ms bigint,
    failure text,             -- why it does not, at the last look
    retired_ms bigint,        -- links are made with another since
    PRIMARY KEY (workspace_id, url)
) {{clustered}};
