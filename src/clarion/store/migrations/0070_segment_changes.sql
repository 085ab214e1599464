-- Who came into a segment and who left it: the last 30 days.
CREATE TABLE segment_change (
    segment_id bigint NOT NULL,
    at_ms bigint NOT NULL,
    person_id bigint NOT NULL,
    entered smallint NOT NULL,       -- 0: left
    PRIMARY KEY (segment_id, at_ms, person_id)
) {{clustered}};
