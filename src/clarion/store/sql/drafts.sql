-- name: keep_draft
-- Beside the account that it belongs to.
INSERT INTO draft (trigger_id, seq, action_id, workspace_id, person_id, recipient, subject, message, made_ms)
SELECT d.trigger_id, d.seq, d.action_id, t.workspace_id, d.person_id, :recipient, :subject, :message, {{now_ms}}
FROM delivery d JOIN broadcast_trigger t ON t.trigger_id = d.trigger_id
WHERE d.trigger_id = :trigger_id AND d.seq = :seq AND d.action_id = :action_id;

-- name: keep_draft @postgres
-- Differs: rows travel as arrays.
INSERT INTO draft (trigger_id, seq, action_id, workspace_id, person_id, recipient, subject, message, made_ms)
SELECT d.trigger_id, d.seq, d.action_id, t.workspace_id, d.person_id, r.recipient, r.subject, r.message, {{now_ms}}
FROM unnest(CAST(:trigger_id AS bigint[]), CAST(:seq AS bigint[]), CAST(:action_id AS bigint[]),
            CAST(:recipient AS text[]), CAST(:subject AS text[]), CAST(:message AS text[]))
    AS r (trigger_id, seq, action_id, recipient, subject, message)
JOIN delivery d ON d.trigger_id = r.trigger_id AND d.seq = r.seq AND d.action_id = r.action_id
JOIN broadcast_trigger t ON t.trigger_id = d.trigger_id;

-- name: approved_drafts
-- Of a range of the audience: those that go out.
SELECT seq, action_id, message FROM draft
WHERE trigger_id = :trigger_id AND seq BETWEEN :lo AND :hi AND approved_ms IS NOT NULL;

-- name: waiting_drafts
-- A page of them, in the order of triggers and audiences.
SELECT f.trigger_id, f.seq, f.action_id, f.person_id, f.recipient, f.subject, f.made_ms, t.broadcast_id,
       b.name AS broadcast_name, a.name AS action_name, a.updated_ms AS action_updated_ms, p.id, p.email
FROM draft f
JOIN broadcast_trigger t ON t.trigger_id = f.trigger_id
JOIN broadcast b ON b.broadcast_id = t.broadcast_id
LEFT JOIN action a ON a.action_id = f.action_id
LEFT JOIN person p ON p.person_id = f.person_id
WHERE f.workspace_id = :workspace_id AND f.approved_ms IS NULL
  AND (f.trigger_id > :trigger_id OR (f.trigger_id = :trigger_id
       AND (f.seq > :seq OR (f.seq = :seq AND f.action_id > :action_id))))
  AND (:of_trigger = 0 OR f.trigger_id = :of_trigger)
  AND (:of_broadcast = 0 OR t.broadcast_id = :of_broadcast)
  AND (:of_action = 0 OR f.action_id = :of_action)
ORDER BY f.trigger_id, f.seq, f.action_id LIMIT :most;

-- name: draft
SELECT workspace_id, person_id, recipient, subject, message, made_ms, approved_ms FROM draft
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id;

-- name: approve_draft
UPDATE draft SET approved_ms = {{now_ms}}
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND approved_ms IS NULL;

-- name: drop_draft
DELETE FROM draft
WHERE trigger_id = :trigger_id AND seq = :seq AND action_id = :action_id AND approved_ms IS NULL;

-- name: clear_drafts
-- With the accounts that they belong to.
DELETE FROM draft WHERE trigger_id = :trigger_id AND seq > :after AND seq <= :until;

-- name: clear_drafts_of_trigger
DELETE FROM draft WHERE trigger_id = :trigger_id;

-- name: erase_drafts
DELETE FROM draft WHERE person_id = :person_id;
