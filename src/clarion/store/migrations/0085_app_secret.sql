-- With which secret of a workspace tokens for apps are made: each renewal begins another generation, whose secret is made
-- from the installation's. No row: generation 0.
CREATE TABLE app_secret (
    workspace_id bigint PRIMARY KEY,
    generation bigint NOT NULL,
    renewed_ms bigint NOT NULL,
    before_until_ms bigint NOT NULL  -- until when tokens of the generation before are good
);
