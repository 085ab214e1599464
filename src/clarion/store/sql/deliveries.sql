-- name: triggers_of_workspace
-- Triggers that may have accounts created between :start_ms and :end_ms, newest first, from :newest down.
SELECT trigger_id, broadcast_id, content_hash, next_seq FROM broadcast_trigger
WHERE workspace_id = :workspace_id AND trigger_id <= :newest AND next_seq > 1
  AND details_removed_ms IS NULL
  AND created_ms <= :end_ms AND (processed_ms IS NULL OR processed_ms >= :start_ms)
ORDER BY trigger_id DESC LIMIT :most;

-- name: triggers_of_broadcast
-- The same of one broadcast, and of one trigger when :only_trigger is not 0.
SELECT trigger_id, broadcast_id, content_hash, next_seq FROM broadcast_trigger
WHERE broadcast_id = :broadcast_id AND workspace_id = :workspace_id AND trigger_id <= :newest AND next_seq > 1
  AND details_removed_ms IS NULL
  AND (:only_trigger = 0 OR trigger_id = :only_trigger)
  AND created_ms <= :end_ms AND (processed_ms IS NULL OR processed_ms >= :start_ms)
ORDER BY trigger_id DESC LIMIT :most;

-- name: accounts_in_window
-- Accounts after (:seq, :action_id) up to person :until; :states is a bit per state, :only_action 0 for all, so is
-- :outlet, which the index that is read by does not know: what goes by one is spread over the audience. :attempted
-- leaves out what failed before anything was handed to a provider (`domain.metrics.NEVER_LEFT`).
SELECT trigger_id, seq, action_id, person_id, state, reason, words, recipient, attempts, again, due_ms, created_ms,
       attempted_ms, settled_ms, outlet
FROM delivery
WHERE trigger_id = :trigger_id AND seq >= :seq AND seq <= :until AND (seq > :seq OR action_id > :action_id)
  AND ((CAST(:states AS bigint) >> state) & 1) = 1 AND (:only_action = 0 OR action_id = :only_action)
  AND (:outlet = 0 OR outlet = :outlet)
  AND (:attempted = 0 OR (attempted_ms IS NOT NULL AND COALESCE(reason, '') NOT IN ('render_failed', 'bad_content')))
  AND created_ms >= :start_ms AND created_ms <= :end_ms AND (:without = '' OR COALESCE(reason, '') <> :without)
  AND (:kind = '' OR COALESCE((SELECT a.kind FROM action a WHERE a.action_id = delivery.action_id), 'email') = :kind)
ORDER BY seq, action_id LIMIT :most;

-- name: accounts_by_reason
-- The same by reason, for the few among many: the index holds only rows that have one.
SELECT trigger_id, seq, action_id, person_id, state, reason, words, recipient, attempts, again, due_ms, created_ms,
       attempted_ms, settled_ms, outlet
FROM delivery
WHERE trigger_id = :trigger_id AND reason = :reason AND seq >= :seq AND (seq > :seq OR action_id > :action_id)
  AND ((CAST(:states AS bigint) >> state) & 1) = 1 AND (:only_action = 0 OR action_id = :only_action)
  AND (:outlet = 0 OR outlet = :outlet)
  AND (:attempted = 0 OR (attempted_ms IS NOT NULL AND COALESCE(reason, '') NOT IN ('render_failed', 'bad_content')))
  AND created_ms >= :start_ms AND created_ms <= :end_ms
  AND (:kind = '' OR COALESCE((SELECT a.kind FROM action a WHERE a.action_id = delivery.action_id), 'email') = :kind)
ORDER BY seq, action_id LIMIT :most;

-- name: accounts_heard
-- The same by what was heard of them, through the index of metrics.
SELECT d.trigger_id, d.seq, d.action_id, d.person_id, d.state, d.reason, d.words, d.recipient, d.attempts, d.again,
       d.due_ms, d.created_ms, d.attempted_ms, d.settled_ms, d.outlet
FROM delivery_metric m
JOIN delivery d ON d.trigger_id = m.trigger_id AND d.seq = m.seq AND d.action_id = m.action_id
WHERE m.trigger_id = :trigger_id AND m.metric = :metric AND m.seq >= :seq AND (m.seq > :seq OR m.action_id > :action_id)
  AND ((CAST(:states AS bigint) >> d.state) & 1) = 1 AND (:only_action = 0 OR d.action_id = :only_action)
  AND (:outlet = 0 OR d.outlet = :outlet)
  AND (:attempted = 0 OR (d.attempted_ms IS NOT NULL AND COALESCE(d.reason, '') NOT IN ('render_failed', 'bad_content')))
  AND d.created_ms >= :start_ms AND d.created_ms <= :end_ms
  AND (:kind = '' OR COALESCE((SELECT a.kind FROM action a WHERE a.action_id = d.action_id), 'email') = :kind)
ORDER BY m.seq, m.action_id LIMIT :most;

-- name: lock_accounts
-- How accounts stand, by key (:keys is [[seq, action_id], …]). Nothing to lock: the writer is alone.
SELECT d.seq, d.action_id, d.state, d.reason, d.outlet FROM json_each(:keys) AS k
CROSS JOIN delivery d ON d.trigger_id = :trigger_id
    AND d.seq = json_extract(k.value, '$[0]') AND d.action_id = json_extract(k.value, '$[1]')
ORDER BY d.seq, d.action_id;

-- name: lock_accounts @postgres
-- Differs: two people may decide about one account at once; the second one waits and sees what was decided.
SELECT d.seq, d.action_id, d.state, d.reason, d.outlet FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS k
JOIN delivery d ON d.trigger_id = :trigger_id
    AND d.seq = CAST(k.value ->> 0 AS bigint) AND d.action_id = CAST(k.value ->> 1 AS bigint)
ORDER BY d.seq, d.action_id FOR UPDATE OF d;

-- name: accounts_of_people
-- Of some people (one, and whoever was merged into them) in some triggers, by the index that keeps a person once in each.
SELECT d.trigger_id, d.seq, d.action_id, d.person_id, d.state, d.reason, d.words, d.recipient, d.attempts, d.again,
       d.due_ms, d.created_ms, d.attempted_ms, d.settled_ms, d.outlet
FROM json_each(:triggers) AS t CROSS JOIN json_each(:people) AS p
CROSS JOIN delivery d ON d.trigger_id = t.value AND d.person_id = p.value
WHERE (d.reason IS NULL OR d.reason <> 'duplicate') AND d.created_ms >= :start_ms AND d.created_ms <= :end_ms
ORDER BY d.trigger_id DESC, d.seq, d.action_id;

-- name: accounts_of_people @postgres
-- Differs: lists are arrays.
SELECT d.trigger_id, d.seq, d.action_id, d.person_id, d.state, d.reason, d.words, d.recipient, d.attempts, d.again,
       d.due_ms, d.created_ms, d.attempted_ms, d.settled_ms, d.outlet
FROM unnest(CAST(translate(:triggers, '[]', '{}') AS bigint[])) AS t (trigger_id)
CROSS JOIN unnest(CAST(translate(:people, '[]', '{}') AS bigint[])) AS p (person_id)
JOIN delivery d ON d.trigger_id = t.trigger_id AND d.person_id = p.person_id
WHERE (d.reason IS NULL OR d.reason <> 'duplicate') AND d.created_ms >= :start_ms AND d.created_ms <= :end_ms
ORDER BY d.trigger_id DESC, d.seq, d.action_id;
