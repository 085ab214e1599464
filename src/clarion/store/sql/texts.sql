-- name: note_texted
-- What is told late of an earlier message changes nothing.
INSERT INTO texted (channel, phone, sender, person_id, trigger_id, seq, action_id, at_ms)
VALUES (:channel, :phone, :sender, :person_id, :trigger_id, :seq, :action_id, :at_ms)
ON CONFLICT (channel, phone, sender, person_id) DO UPDATE
SET trigger_id = excluded.trigger_id, seq = excluded.seq, action_id = excluded.action_id, at_ms = excluded.at_ms
WHERE excluded.at_ms > texted.at_ms;

-- name: texted
SELECT person_id, trigger_id, seq, action_id, at_ms FROM texted
WHERE channel = :channel AND phone = :phone AND sender = :sender ORDER BY at_ms DESC, person_id LIMIT :most;

-- name: move_texted
-- Meets only what the other one has not; the rest goes with the person.
UPDATE texted SET person_id = :into_id WHERE person_id = :person_id AND NOT EXISTS (
    SELECT 1 FROM texted o WHERE o.channel = texted.channel AND o.phone = texted.phone AND o.sender = texted.sender
    AND o.person_id = :into_id);

-- name: drop_texted
DELETE FROM texted WHERE person_id = :person_id;

-- name: note_reply
-- Meets no row when it was taken before.
INSERT INTO text_reply (provider, message_id, at_ms) VALUES (:provider, :message_id, {{now_ms}})
ON CONFLICT (provider, message_id) DO NOTHING;

-- name: clear_replies
DELETE FROM text_reply WHERE at_ms < {{now_ms}} - :kept_ms;
