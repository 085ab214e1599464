-- name: insert_override
INSERT INTO trigger_override (trigger_id, override, attachments, forget)
VALUES (:trigger_id, :override, :attachments, :forget);

-- name: override_of
SELECT override, attachments FROM trigger_override WHERE trigger_id = :trigger_id;

-- name: overrides_of
-- Without the attachments, which may be megabytes.
SELECT trigger_id, override FROM trigger_override WHERE trigger_id {{in :trigger_ids}};

-- name: clear_override
DELETE FROM trigger_override WHERE trigger_id = :trigger_id;

-- name: drop_attachments
-- Of some messages that were sent or are not to be: nobody needs their files any more. Failed ones may be sent again.
UPDATE trigger_override SET attachments = NULL WHERE trigger_id IN (
    SELECT o.trigger_id FROM trigger_override o JOIN broadcast_trigger t ON t.trigger_id = o.trigger_id
    WHERE o.attachments IS NOT NULL AND t.processed_ms IS NOT NULL AND t.state = 'done' AND t.open_slices = 0
      AND NOT EXISTS (SELECT 1 FROM trigger_count c WHERE c.trigger_id = t.trigger_id AND c.state IN (0, 2, 6)
                      GROUP BY c.trigger_id HAVING SUM(c.n) > 0)
    LIMIT :most);

-- name: triggers_to_forget
-- Settled, a draft decided about, and nothing of what they said may stay. :before_ms plays no part.
SELECT t.trigger_id, t.next_entry FROM trigger_override o JOIN broadcast_trigger t ON t.trigger_id = o.trigger_id
WHERE o.forget = 1 AND t.data_gone = 0 AND t.details_removed_ms IS NULL AND t.processed_ms IS NOT NULL
  AND t.processed_ms >= CAST(:before_ms AS bigint) AND t.state IN ('done', 'failed', 'stopped') AND t.open_slices = 0
  AND NOT EXISTS (SELECT 1 FROM trigger_count c WHERE c.trigger_id = t.trigger_id AND c.state IN (0, 4, 6)
                  GROUP BY c.trigger_id HAVING SUM(c.n) > 0)
ORDER BY t.trigger_id LIMIT :most;

-- name: erase_overrides
-- Of messages to one person.
DELETE FROM trigger_override WHERE trigger_id IN (
    SELECT e.trigger_id FROM trigger_entry e
    WHERE e.person_id = :person_id AND e.trigger_id {{in :trigger_ids}});

-- name: defer_slice
-- Not before a time: what was asked for to be sent later.
UPDATE slice SET due_ms = :due_ms WHERE trigger_id = :trigger_id AND no = :no AND done = 0;
