-- Accounts at providers, by channel and the name that the settings give them. What is null is as the settings say;
-- the rest somebody has set in the page, and it comes first.
CREATE TABLE outlet (
    outlet_id bigint PRIMARY KEY,
    channel text NOT NULL,
    name text NOT NULL,
    enabled smallint,
    place bigint,                        -- in the order in which the accounts of its channel are asked, from 1
    per_second text,
    per_day text,
    ramp text,
    ramp_from bigint NOT NULL DEFAULT 0, -- the ramp begins anew with this day, counted from 1970 in UTC
    away_words text,                     -- why it took none when a worker asked it last; null: it takes messages
    away_until_ms bigint,
    away_ms bigint,
    CONSTRAINT outlet_named_once UNIQUE (channel, name)
);

CREATE TABLE outlet_day (                -- of accounts that have a share a day
    outlet_id bigint NOT NULL,
    day bigint NOT NULL,
    used bigint NOT NULL,                -- messages taken out of it; those of a chunk are taken when it is opened
    PRIMARY KEY (outlet_id, day)
) {{clustered}};

-- Where a message was handed to. Of one in the queue: the only account that it may go to, since an attempt there is
-- in doubt.
ALTER TABLE delivery ADD COLUMN outlet smallint;
-- The accounts that the open chunk goes to, by action, with the fence of the holder that wrote it.
ALTER TABLE slice ADD COLUMN open_outlets text;
