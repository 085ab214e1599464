-- What calls of providers came with that is good for one content only, whichever process hears it.
CREATE TABLE hook_seal (
    provider text NOT NULL,
    token text NOT NULL,
    content text NOT NULL,           -- hash of what it came with first
    first_ms bigint NOT NULL,
    PRIMARY KEY (provider, token)
) {{clustered}};
CREATE INDEX hook_seal_by_time ON hook_seal (first_ms);
