-- name: insert_sender
INSERT INTO sender_identity (sender_id, workspace_id, name, email, hidden, created_ms, updated_ms)
VALUES (:sender_id, :workspace_id, :name, :email, :hidden, {{now_ms}}, {{now_ms}});

-- name: update_sender
UPDATE sender_identity SET name = :name, email = :email, hidden = :hidden, updated_ms = {{now_ms}}
WHERE workspace_id = :workspace_id AND sender_id = :sender_id;

-- name: delete_sender
DELETE FROM sender_identity WHERE workspace_id = :workspace_id AND sender_id = :sender_id;

-- name: senders
-- One, or all for 0.
SELECT sender_id, name, email, hidden, created_ms, updated_ms FROM sender_identity
WHERE workspace_id = :workspace_id AND (:sender_id = 0 OR sender_id = :sender_id) ORDER BY sender_id;

-- name: insert_topic
INSERT INTO topic (topic_id, workspace_id, name, description, subscribed_by_default, translations, created_ms, updated_ms)
VALUES (:topic_id, :workspace_id, :name, :description, :subscribed_by_default, :translations, {{now_ms}}, {{now_ms}});

-- name: update_topic
UPDATE topic SET name = :name, description = :description, subscribed_by_default = :subscribed_by_default,
    translations = :translations, updated_ms = {{now_ms}}
WHERE workspace_id = :workspace_id AND topic_id = :topic_id;

-- name: delete_topic
DELETE FROM topic WHERE workspace_id = :workspace_id AND topic_id = :topic_id;

-- name: topics
-- One, or all for 0.
SELECT topic_id, name, description, subscribed_by_default, translations FROM topic
WHERE workspace_id = :workspace_id AND (:topic_id = 0 OR topic_id = :topic_id) ORDER BY topic_id;
