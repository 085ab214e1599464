-- How far in time the permits of each rate limit of sending are given out, over all processes.
CREATE TABLE permits (
    name text PRIMARY KEY,             -- channel/provider
    next_us bigint NOT NULL,           -- from here on nobody has any; microseconds
    full_ms bigint NOT NULL DEFAULT 0  -- when somebody last asked for more than there were
) {{clustered}};
