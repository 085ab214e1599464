-- name: mailbox_is_due
-- Whether nobody reads a mailbox and it is time to; a mailbox that nobody knows yet is due.
SELECT 1 AS due WHERE NOT EXISTS
    (SELECT 1 FROM bounce_mailbox WHERE name = :name AND (due_ms > {{now_ms}} OR lease_ms > {{now_ms}}));

-- name: take_mailbox
INSERT INTO bounce_mailbox (name, lease_ms, fence) VALUES (:name, {{now_ms}} + :lease_ms, 1)
ON CONFLICT (name) DO UPDATE SET lease_ms = {{now_ms}} + :lease_ms, fence = bounce_mailbox.fence + 1
    WHERE bounce_mailbox.due_ms <= {{now_ms}} AND bounce_mailbox.lease_ms <= {{now_ms}}
RETURNING fence;

-- name: keep_mailbox
-- A message of it is dealt with; no row: another process has taken it over.
UPDATE bounce_mailbox SET lease_ms = {{now_ms}} + :lease_ms, messages = messages + 1
WHERE name = :name AND fence = :fence;

-- name: leave_mailbox
UPDATE bounce_mailbox SET lease_ms = 0, due_ms = {{now_ms}} + :pause_ms,
    read_ms = CASE WHEN CAST(:failure AS text) IS NULL THEN {{now_ms}} ELSE read_ms END,
    failed_ms = CASE WHEN CAST(:failure AS text) IS NULL THEN NULL ELSE {{now_ms}} END,
    failure = :failure
WHERE name = :name AND fence = :fence;

-- name: mailbox_of
SELECT read_ms, failed_ms, failure, messages FROM bounce_mailbox WHERE name = :name;
