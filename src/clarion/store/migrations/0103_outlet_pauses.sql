-- Which process gives an account at a provider nothing, and why; away_… of outlet, which all wrote over, is used no more.
CREATE TABLE outlet_pause (
    outlet_id bigint NOT NULL,
    holder text NOT NULL,           -- the process
    words text NOT NULL,
    since_ms bigint NOT NULL,
    until_ms bigint NOT NULL,       -- then it asks again, with the next message
    PRIMARY KEY (outlet_id, holder)
) {{clustered}};

ALTER TABLE outlet ADD COLUMN failed_words text; -- what was last wrong with it, also when it takes messages again
ALTER TABLE outlet ADD COLUMN failed_ms bigint;
