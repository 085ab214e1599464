-- name: insert_webhook
INSERT INTO reporting_webhook (webhook_id, workspace_id, name, endpoint, events, disabled, full_resolution, with_content,
    secret, created_ms)
VALUES (:webhook_id, :workspace_id, :name, :endpoint, :events, :disabled, :full_resolution, :with_content, :secret,
    {{now_ms}});

-- name: update_webhook
UPDATE reporting_webhook SET name = :name, endpoint = :endpoint, events = :events, disabled = :disabled,
    full_resolution = :full_resolution, with_content = :with_content, secret = :secret, due_ms = 0
WHERE webhook_id = :webhook_id AND workspace_id = :workspace_id;

-- name: delete_webhook
DELETE FROM reporting_webhook WHERE webhook_id = :webhook_id AND workspace_id = :workspace_id;

-- name: delete_events_of_webhook
DELETE FROM reporting_event WHERE webhook_id = :webhook_id;

-- name: delete_attempts_of_webhook
DELETE FROM reporting_attempt WHERE webhook_id = :webhook_id;

-- name: webhooks
-- :only 0 for all of the workspace.
SELECT * FROM reporting_webhook WHERE workspace_id = :workspace_id AND (:only = 0 OR webhook_id = :only)
ORDER BY webhook_id;

-- name: webhooks_of_trigger
-- A look for each chunk: who wants to hear of its messages, and which of them are no e-mails.
SELECT c.kinds, w.webhook_id, w.events, w.full_resolution FROM broadcast_trigger t
JOIN trigger_content c ON c.content_hash = t.content_hash
LEFT JOIN reporting_webhook w ON w.workspace_id = t.workspace_id AND w.disabled = 0
WHERE t.trigger_id = :trigger_id;

-- name: webhooks_wanting
SELECT webhook_id, events, full_resolution FROM reporting_webhook
WHERE workspace_id = :workspace_id AND disabled = 0;

-- name: insert_reporting_events
INSERT INTO reporting_event (webhook_id, event_id, event, facts, person_id, made_ms)
VALUES (:webhook_id, :event_id, :event, :facts, :person_id, :made_ms);

-- name: insert_reporting_events @postgres
-- Differs: rows travel as arrays.
INSERT INTO reporting_event (webhook_id, event_id, event, facts, person_id, made_ms)
SELECT * FROM unnest(CAST(:webhook_id AS bigint[]), CAST(:event_id AS text[]), CAST(:event AS text[]),
                     CAST(:facts AS text[]), CAST(:person_id AS bigint[]), CAST(:made_ms AS bigint[]));

-- name: webhook_due
-- A look without a lock: a webhook with something waiting that nobody sends, whose time has come.
SELECT w.webhook_id FROM reporting_webhook w
WHERE w.disabled = 0 AND w.lease_ms < {{now_ms}} AND w.due_ms <= {{now_ms}}
  AND EXISTS (SELECT 1 FROM reporting_event e WHERE e.webhook_id = w.webhook_id AND e.settled_ms IS NULL)
ORDER BY w.due_ms, w.webhook_id LIMIT 1;

-- name: take_webhook
UPDATE reporting_webhook SET lease_ms = {{now_ms}} + :lease_ms, fence = fence + 1
WHERE webhook_id = :webhook_id AND disabled = 0 AND lease_ms < {{now_ms}} AND due_ms <= {{now_ms}};

-- name: webhook
SELECT * FROM reporting_webhook WHERE webhook_id = :webhook_id;

-- name: waiting_events
SELECT event_id, event, facts, made_ms FROM reporting_event
WHERE webhook_id = :webhook_id AND settled_ms IS NULL ORDER BY event_id LIMIT :most;

-- name: settle_event
UPDATE reporting_event SET settled_ms = {{now_ms}}, given_up = 0, status = :status, calls = :calls
WHERE webhook_id = :webhook_id AND event_id = :event_id AND settled_ms IS NULL;

-- name: give_up_events
-- All that have waited too long: an endpoint that is away for a week does not get them one by one.
UPDATE reporting_event SET settled_ms = {{now_ms}}, given_up = 1
WHERE webhook_id = :webhook_id AND settled_ms IS NULL AND made_ms < {{now_ms}} - :longest_ms;

-- name: webhook_sent
-- What became of a turn; meets no row when another process holds the webhook by now.
UPDATE reporting_webhook SET delivered = delivered + :delivered, tries = :tries, due_ms = {{now_ms}} + :pause_ms,
    lease_ms = 0
WHERE webhook_id = :webhook_id AND fence = :fence;

-- name: note_given_up
UPDATE reporting_webhook SET given_up = given_up + :given_up WHERE webhook_id = :webhook_id;

-- name: insert_attempt
INSERT INTO reporting_attempt (webhook_id, attempt_id, event_id, status, took_ms, words)
VALUES (:webhook_id, :attempt_id, :event_id, :status, :took_ms, :words);

-- name: trim_attempts
DELETE FROM reporting_attempt WHERE webhook_id = :webhook_id AND attempt_id < (
    SELECT a.attempt_id FROM reporting_attempt a WHERE a.webhook_id = :webhook_id
    ORDER BY a.attempt_id DESC LIMIT 1 OFFSET :kept);

-- name: attempts
SELECT attempt_id, event_id, status, took_ms, words FROM reporting_attempt WHERE webhook_id = :webhook_id
ORDER BY attempt_id DESC LIMIT :most;

-- name: waiting_count
-- Of one webhook, by the index of what waits.
SELECT COUNT(*) AS n, MIN(event_id) AS first FROM reporting_event
WHERE webhook_id = :webhook_id AND settled_ms IS NULL;

-- name: replay_events
UPDATE reporting_event SET settled_ms = NULL, given_up = 0, status = NULL, calls = NULL
WHERE webhook_id = :webhook_id AND settled_ms IS NOT NULL AND made_ms >= :from_ms AND made_ms <= :to_ms
  AND (:event = '' OR event = :event) AND (:only_given_up = 0 OR given_up = 1);

-- name: hasten_webhook
UPDATE reporting_webhook SET due_ms = 0, tries = 0 WHERE webhook_id = :webhook_id;

-- name: clear_reporting_events
DELETE FROM reporting_event WHERE settled_ms IS NOT NULL AND made_ms < {{now_ms}} - :kept_ms;

-- name: forget_reporting_events
DELETE FROM reporting_event WHERE person_id = :person_id;
