-- name: idempotent_call
SELECT call_hash, status, answer FROM idempotent_call
WHERE workspace_id = :workspace_id AND key_hash = :key_hash AND made_ms > {{now_ms}} - :kept_ms;

-- name: drop_idempotent_call
-- One whose time is over, so that its key can be used anew.
DELETE FROM idempotent_call
WHERE workspace_id = :workspace_id AND key_hash = :key_hash AND made_ms <= {{now_ms}} - :kept_ms;

-- name: insert_idempotent_call
INSERT INTO idempotent_call (workspace_id, key_hash, call_hash, status, answer, made_ms)
VALUES (:workspace_id, :key_hash, :call_hash, :status, :answer, {{now_ms}});

-- name: clear_idempotent_calls
DELETE FROM idempotent_call WHERE made_ms <= {{now_ms}} - :kept_ms;

-- name: take_calls
-- The running second's count after taking :some more; a new second begins anew.
-- :window_ms is a second, or a day for what is counted by days.
INSERT INTO call_count (workspace_id, kind, second, taken)
VALUES (:workspace_id, :kind, {{now_ms}} / CAST(:window_ms AS bigint), :some)
ON CONFLICT (workspace_id, kind) DO UPDATE SET
    taken = CASE WHEN call_count.second = excluded.second THEN call_count.taken + excluded.taken
                 ELSE excluded.taken END,
    second = excluded.second
RETURNING taken, second, {{now_ms}} AS now_ms;
