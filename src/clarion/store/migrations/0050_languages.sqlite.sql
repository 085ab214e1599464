-- Metrics by language: counted where messages in another language than the default move; the default is what is left.
ALTER TABLE delivery ADD COLUMN language text;   -- the one it is booked in, in lower case; null for the default

CREATE TABLE language_count (
    action_id bigint NOT NULL,
    language text NOT NULL,
    hour bigint NOT NULL,            -- as in metric_count
    metric text NOT NULL,
    shard smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (action_id, language, hour, metric, shard)
);
CREATE INDEX language_count_by_hour ON language_count (hour);

CREATE TABLE action_language (       -- the number of each language that an action has or had
    action_id bigint NOT NULL,
    language text NOT NULL,          -- in lower case
    variant_id bigint NOT NULL,      -- out of the numbers of actions
    PRIMARY KEY (action_id, language)
);

INSERT INTO number_range (name, next) VALUES ('action', 1) ON CONFLICT (name) DO NOTHING;
INSERT INTO action_language (action_id, language, variant_id)
SELECT v.action_id, v.language, (SELECT next FROM number_range WHERE name = 'action') - 1
    + ROW_NUMBER() OVER (ORDER BY v.action_id, v.language)
FROM (SELECT DISTINCT a.action_id, LOWER(json_extract(j.value, '$.language')) AS language
      FROM action a, json_each(a.variants) j) v;
UPDATE number_range SET next = next + (SELECT COUNT(*) FROM action_language) WHERE name = 'action';
