-- name: unfinished_triggers
-- From the small index of unfinished triggers.
SELECT state, COUNT(*) AS n, CAST(SUM(open_slices) AS bigint) AS open_slices FROM broadcast_trigger
WHERE state IN ('queued', 'resolving', 'sending') GROUP BY state;

-- name: unfinished_accounts
-- From the counters of unfinished triggers only.
SELECT CAST(SUM(c.n) AS bigint) AS n FROM broadcast_trigger t
JOIN trigger_count c ON c.trigger_id = t.trigger_id AND c.state = :state
WHERE t.state IN ('queued', 'resolving', 'sending');

-- name: oldest_waiting
-- How long the oldest work that is due and that nobody holds has been waiting; a fresh slice's due time is 0. What
-- is paused, or waits for its rate, waits because somebody said so.
SELECT MAX(waiting_ms) AS waiting_ms FROM (
    SELECT {{now_ms}} - CASE WHEN f.ready_ms > s.due_ms AND f.ready_ms > t.created_ms THEN f.ready_ms
                             WHEN t.created_ms > s.due_ms THEN t.created_ms ELSE s.due_ms END AS waiting_ms
    FROM broadcast_trigger t JOIN slice s ON s.trigger_id = t.trigger_id
    LEFT JOIN trigger_flow f ON f.trigger_id = t.trigger_id
    WHERE t.state IN ('queued', 'resolving', 'sending') AND t.paused_ms IS NULL
      AND COALESCE(f.ready_ms, 0) <= {{now_ms}} AND s.done = 0 AND s.due_ms <= {{now_ms}} AND s.lease_ms < {{now_ms}}
    UNION ALL
    SELECT {{now_ms}} - CASE WHEN created_ms > resolve_due_ms THEN created_ms ELSE resolve_due_ms END
    FROM broadcast_trigger
    WHERE state IN ('queued', 'resolving', 'sending') AND state <> 'sending' -- in the words of the index
      AND resolve_due_ms <= {{now_ms}} AND resolve_lease_ms < {{now_ms}}
) AS waiting;

-- name: accounts_in_doubt
-- From the counters; their rows of this state have an index of their own.
SELECT CAST(SUM(n) AS bigint) AS n FROM trigger_count WHERE state = 6;

-- name: server_facts
-- What an operator should know of the database as it is set up, as pairs.
SELECT 'sqlite_version' AS name, sqlite_version() AS value
UNION ALL SELECT 'journal_mode', journal_mode FROM pragma_journal_mode
UNION ALL SELECT 'synchronous', CAST(synchronous AS text) FROM pragma_synchronous;

-- name: server_facts @postgres
-- Differs: another server, other facts.
SELECT name, setting AS value FROM pg_settings
WHERE name IN ('server_version', 'server_version_num', 'max_connections', 'autovacuum', 'synchronous_commit', 'fsync',
               'full_page_writes', 'transaction_read_only')
UNION ALL SELECT 'encoding', pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()
UNION ALL SELECT 'connections', CAST(COUNT(*) AS text) FROM pg_stat_activity WHERE backend_type = 'client backend'
UNION ALL SELECT 'delivery_options', COALESCE(array_to_string(reloptions, ','), '') FROM pg_class
          WHERE oid = to_regclass('delivery') AND relkind = 'r';

-- name: note_trace
UPDATE broadcast_trigger SET traceparent = :traceparent WHERE trigger_id = :trigger_id;

-- name: trace_of
SELECT traceparent FROM broadcast_trigger WHERE trigger_id = :trigger_id;
