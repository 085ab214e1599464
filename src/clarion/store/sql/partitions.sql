-- name: next_trigger
-- The number that the next trigger gets.
SELECT next FROM number_range WHERE name = 'trigger';

-- name: partitions
-- SQLite has none.
SELECT '' AS name, 0 AS low, 0 AS high WHERE 1 = 0;

-- name: partitions @postgres
-- Differs: there may be some. Their bounds stand in the catalogue as text.
SELECT c.relname AS name,
       CAST(substring(pg_get_expr(c.relpartbound, c.oid) FROM $$FROM \('?(\d+)$$) AS bigint) AS low,
       CAST(substring(pg_get_expr(c.relpartbound, c.oid) FROM $$TO \('?(\d+)$$) AS bigint) AS high
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass('delivery')
ORDER BY pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', low NULLS FIRST;

-- name: highest_of_rest
-- SQLite has no default partition.
SELECT 0 AS trigger_id;

-- name: highest_of_rest @postgres
-- Differs: the default partition holds what came before its range was made.
SELECT trigger_id FROM delivery
WHERE tableoid = to_regclass('delivery_rest') ORDER BY trigger_id DESC LIMIT 1;

-- name: kept_in_range
-- How many of a partition's triggers are unfinished, too young, or have somebody in doubt.
SELECT COUNT(*) AS n FROM broadcast_trigger t
WHERE t.trigger_id >= :low AND t.trigger_id < :high AND t.details_removed_ms IS NULL AND NOT (
    t.processed_ms IS NOT NULL AND t.processed_ms < :before_ms
    AND t.state IN ('done', 'failed', 'stopped') AND t.open_slices = 0
    AND NOT EXISTS (SELECT 1 FROM trigger_count c WHERE c.trigger_id = t.trigger_id AND c.state IN (0, 6)
                    GROUP BY c.trigger_id HAVING SUM(c.n) > 0));

-- name: clear_range
-- As begin_clearing, of all triggers of a partition that is dropped in this transaction.
UPDATE broadcast_trigger SET details_removed_ms = COALESCE(details_removed_ms, {{now_ms}}), removed_to = next_seq - 1,
    data_removed_ms = COALESCE(data_removed_ms, {{now_ms}}), data = '{}',
    echo = CASE WHEN selector IN ('ids', 'emails', 'per_user_data') THEN '{}' ELSE echo END
WHERE trigger_id >= :low AND trigger_id < :high
  AND open_slices = 0 AND state IN ('done', 'failed', 'stopped');
