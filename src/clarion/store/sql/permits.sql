-- name: take_permits
-- The next :span_us of a limit's time, for one process alone; it begins where the last one ends, but not in the past.
-- One that would begin later than :ahead_us from now was left by a clock that was set back, or by a slower limit.
INSERT INTO permits (name, next_us) VALUES (:name, {{now_ms}} * 1000 + :span_us)
ON CONFLICT (name) DO UPDATE SET
    full_ms = CASE WHEN permits.next_us > {{now_ms}} * 1000 THEN {{now_ms}} ELSE permits.full_ms END,
    next_us = :span_us + CASE WHEN permits.next_us > {{now_ms}} * 1000 AND permits.next_us < {{now_ms}} * 1000 + :ahead_us
                              THEN permits.next_us ELSE {{now_ms}} * 1000 END
RETURNING next_us, {{now_ms}} AS now_ms;

-- name: limits_reached
-- Those of a broadcast's channels of which somebody asked for more than there was within the last :past_ms.
SELECT p.name FROM permits p WHERE p.full_ms > {{now_ms}} - :past_ms
  AND EXISTS (SELECT 1 FROM action a WHERE a.broadcast_id = :broadcast_id AND p.name LIKE a.kind || '/%')
ORDER BY p.name;
