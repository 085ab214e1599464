-- name: outlet_named
SELECT outlet_id FROM outlet WHERE channel = :channel AND name = :name;

-- name: insert_outlet
-- Two processes may do so at once: the number is the key, so one of them does it again.
INSERT INTO outlet (outlet_id, channel, name)
SELECT COALESCE(MAX(outlet_id), 0) + 1, CAST(:channel AS text), CAST(:name AS text) FROM outlet;

-- name: outlets
SELECT o.outlet_id, o.channel, o.name, o.enabled, o.place, o.per_second, o.per_day, o.ramp, o.ramp_from,
       o.failed_words, o.failed_ms, {{now_ms}} AS now_ms
FROM outlet o ORDER BY o.outlet_id;

-- name: note_outlet_failure
UPDATE outlet SET failed_words = :words, failed_ms = {{now_ms}} WHERE outlet_id = :outlet_id;

-- name: note_outlet_pause
-- Since when is kept while it goes on.
INSERT INTO outlet_pause (outlet_id, holder, words, since_ms, until_ms)
VALUES (:outlet_id, :holder, :words, {{now_ms}}, {{now_ms}} + :pause_ms)
ON CONFLICT (outlet_id, holder) DO UPDATE SET words = excluded.words, until_ms = excluded.until_ms;

-- name: end_outlet_pause
DELETE FROM outlet_pause WHERE outlet_id = :outlet_id AND holder = :holder;

-- name: end_outlet_pauses
-- Of a process that ends, and of those that died.
DELETE FROM outlet_pause WHERE holder = :holder OR until_ms < {{now_ms}} - :kept_ms;

-- name: outlet_pauses
SELECT outlet_id, words, since_ms, until_ms FROM outlet_pause
WHERE until_ms >= {{now_ms}} - :kept_ms ORDER BY outlet_id, until_ms;

-- name: outlet_used
SELECT COALESCE((SELECT used FROM outlet_day WHERE outlet_id = :outlet_id AND day = :day), 0) AS used,
       (SELECT COUNT(*) FROM outlet_day
        WHERE outlet_id = :outlet_id AND day >= :ramp_from AND day < :day AND used > 0) AS days;

-- name: lock_outlet_day
-- Locked until the transaction ends: what is seen is what is left.
INSERT INTO outlet_day (outlet_id, day, used) VALUES (:outlet_id, :day, 0)
ON CONFLICT (outlet_id, day) DO UPDATE SET used = outlet_day.used RETURNING used;

-- name: add_to_outlet_day
UPDATE outlet_day SET used = used + :count WHERE outlet_id = :outlet_id AND day = :day;

-- name: outlet
-- Locked until the transaction ends: two changes at once do not undo each other.
SELECT enabled, place, per_second, per_day, ramp FROM outlet WHERE outlet_id = :outlet_id;

-- name: outlet @postgres
-- Differs: SQLite's writer is alone.
SELECT enabled, place, per_second, per_day, ramp FROM outlet WHERE outlet_id = :outlet_id FOR UPDATE;

-- name: set_outlet
UPDATE outlet SET enabled = :enabled, place = :place, per_second = :per_second, per_day = :per_day, ramp = :ramp
WHERE outlet_id = :outlet_id;

-- name: restart_ramp
UPDATE outlet SET ramp_from = :day WHERE outlet_id = :outlet_id;

-- name: channels_of_broadcast
SELECT DISTINCT kind FROM action WHERE broadcast_id = :broadcast_id ORDER BY kind;

-- name: domain_limits
SELECT domain, per_second FROM domain_limit ORDER BY domain;

-- name: set_domain_limit
INSERT INTO domain_limit (domain, per_second) VALUES (:domain, :per_second)
ON CONFLICT (domain) DO UPDATE SET per_second = excluded.per_second;

-- name: drop_domain_limit
DELETE FROM domain_limit WHERE domain = :domain;
