-- name: add_own_copies
INSERT INTO own_copy_count (trigger_id, action_id, shard, sent, not_sent, unknown, words, words_ms)
VALUES (:trigger_id, :action_id, :shard, :sent, :not_sent, :unknown, :words,
        CASE WHEN CAST(:words AS text) IS NULL THEN NULL ELSE {{now_ms}} END)
ON CONFLICT (trigger_id, action_id, shard) DO UPDATE SET
    sent = own_copy_count.sent + excluded.sent, not_sent = own_copy_count.not_sent + excluded.not_sent,
    unknown = own_copy_count.unknown + excluded.unknown, words = COALESCE(excluded.words, own_copy_count.words),
    words_ms = COALESCE(excluded.words_ms, own_copy_count.words_ms);

-- name: own_copies
SELECT c.action_id, CAST(SUM(c.sent) AS bigint) AS sent, CAST(SUM(c.not_sent) AS bigint) AS not_sent,
       CAST(SUM(c.unknown) AS bigint) AS unknown,
       (SELECT l.words FROM own_copy_count l
        WHERE l.trigger_id = :trigger_id AND l.action_id = c.action_id AND l.words IS NOT NULL
        ORDER BY l.words_ms DESC, l.shard LIMIT 1) AS words
FROM own_copy_count c WHERE c.trigger_id = :trigger_id GROUP BY c.action_id;
