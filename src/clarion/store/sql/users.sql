-- name: insert_user
INSERT INTO user_account (user_id, email, email_key, name, password_hash, created_ms)
VALUES (:user_id, :email, :email_key, :name, :password_hash, {{now_ms}});

-- name: user_by_email
SELECT user_id, email, name, password_hash, disabled_ms FROM user_account WHERE email_key = :email_key;

-- name: user_by_id
SELECT user_id, email, name, password_hash, disabled_ms FROM user_account WHERE user_id = :user_id;

-- name: any_user
SELECT 1 AS yes FROM user_account LIMIT 1;

-- name: rename_user
UPDATE user_account SET name = :name WHERE user_id = :user_id;

-- name: set_password
UPDATE user_account SET password_hash = :password_hash WHERE user_id = :user_id;

-- name: disable_user
UPDATE user_account SET disabled_ms = {{now_ms}} WHERE user_id = :user_id AND disabled_ms IS NULL;

-- name: enable_user
UPDATE user_account SET disabled_ms = NULL WHERE user_id = :user_id AND disabled_ms IS NOT NULL;

-- name: put_member
INSERT INTO member (workspace_id, user_id, roles, joined_ms) VALUES (:workspace_id, :user_id, :roles, {{now_ms}})
ON CONFLICT (workspace_id, user_id) DO UPDATE SET roles = excluded.roles;

-- name: remove_member
DELETE FROM member WHERE workspace_id = :workspace_id AND user_id = :user_id;

-- name: members_of
SELECT m.user_id, m.roles, m.joined_ms, u.email, u.name, u.disabled_ms,
       (SELECT MAX(s.seen_ms) FROM user_session s WHERE s.user_id = m.user_id) AS seen_ms
FROM member m JOIN user_account u ON u.user_id = m.user_id
WHERE m.workspace_id = :workspace_id ORDER BY m.user_id;

-- name: user_memberships
SELECT w.workspace_id, w.name, w.identifiers, m.roles
FROM member m JOIN workspace w ON w.workspace_id = m.workspace_id
WHERE m.user_id = :user_id ORDER BY w.workspace_id;

-- name: lock_members
-- Two owners who take each other's role at once wait for each other here.
UPDATE workspace SET name = name WHERE workspace_id = :workspace_id;

-- name: insert_session
INSERT INTO user_session (session_hash, user_id, agent, created_ms, seen_ms, expires_ms)
VALUES (:session_hash, :user_id, :agent, {{now_ms}}, {{now_ms}}, {{now_ms}} + :lasts_ms);

-- name: session_user
SELECT s.user_id, s.seen_ms, u.email, u.name, {{now_ms}} AS now_ms
FROM user_session s JOIN user_account u ON u.user_id = s.user_id
WHERE s.session_hash = :session_hash AND s.expires_ms > {{now_ms}} AND u.disabled_ms IS NULL;

-- name: session_access
-- Who it is and what they may in one workspace.
SELECT s.user_id, s.seen_ms, u.email, u.name AS user_name, {{now_ms}} AS now_ms, m.roles,
       w.workspace_id, w.name, w.identifiers
FROM user_session s
JOIN user_account u ON u.user_id = s.user_id
JOIN member m ON m.user_id = s.user_id AND m.workspace_id = :workspace_id
JOIN workspace w ON w.workspace_id = m.workspace_id
WHERE s.session_hash = :session_hash AND s.expires_ms > {{now_ms}} AND u.disabled_ms IS NULL;

-- name: note_session
UPDATE user_session SET seen_ms = {{now_ms}}, expires_ms = {{now_ms}} + :lasts_ms WHERE session_hash = :session_hash;

-- name: sessions_of
SELECT session_hash, agent, created_ms, seen_ms FROM user_session
WHERE user_id = :user_id AND expires_ms > {{now_ms}} ORDER BY seen_ms DESC, session_hash;

-- name: end_session
DELETE FROM user_session WHERE session_hash = :session_hash;

-- name: end_sessions_but
DELETE FROM user_session WHERE user_id = :user_id AND session_hash <> :session_hash;

-- name: clear_sessions
DELETE FROM user_session WHERE expires_ms <= {{now_ms}};

-- name: insert_user_link
INSERT INTO user_link (link_hash, kind, workspace_id, roles, email, made_by, created_ms, expires_ms)
VALUES (:link_hash, :kind, :workspace_id, :roles, :email, :made_by, {{now_ms}}, {{now_ms}} + :lasts_ms);

-- name: open_link
SELECT l.kind, l.workspace_id, l.roles, l.email, l.made_by, w.name AS workspace_name
FROM user_link l LEFT JOIN workspace w ON w.workspace_id = l.workspace_id
WHERE l.link_hash = :link_hash AND l.used_ms IS NULL AND l.expires_ms > {{now_ms}};

-- name: use_link
-- Meets a row once: of two who open a link at the same time one finds it used.
UPDATE user_link SET used_ms = {{now_ms}}
WHERE link_hash = :link_hash AND used_ms IS NULL AND expires_ms > {{now_ms}};

-- name: open_invitations
SELECT link_hash, email, roles, made_by, created_ms, expires_ms FROM user_link
WHERE workspace_id = :workspace_id AND kind = 'invitation' AND used_ms IS NULL AND expires_ms > {{now_ms}}
ORDER BY created_ms DESC, link_hash;

-- name: withdraw_invitation
DELETE FROM user_link
WHERE workspace_id = :workspace_id AND kind = 'invitation' AND used_ms IS NULL AND link_hash = :link_hash;

-- name: withdraw_resets
DELETE FROM user_link
WHERE kind = 'reset' AND used_ms IS NULL AND email = (SELECT email FROM user_account WHERE user_id = :user_id);

-- name: withdraw_owner_links
DELETE FROM user_link WHERE kind = 'owner' AND used_ms IS NULL;

-- name: clear_links
DELETE FROM user_link WHERE expires_ms + :kept_ms <= {{now_ms}};

-- name: failures_of
SELECT failures, until_ms - {{now_ms}} AS left_ms FROM failed_sign_in
WHERE subject_hash = :subject_hash AND until_ms > {{now_ms}};

-- name: note_failure
INSERT INTO failed_sign_in (subject_hash, failures, until_ms) VALUES (:subject_hash, 1, {{now_ms}} + :window_ms)
ON CONFLICT (subject_hash) DO UPDATE SET
    failures = CASE WHEN failed_sign_in.until_ms > {{now_ms}} THEN failed_sign_in.failures + 1 ELSE 1 END,
    until_ms = CASE WHEN failed_sign_in.until_ms > {{now_ms}} THEN failed_sign_in.until_ms ELSE excluded.until_ms END;

-- name: forgive_failures
DELETE FROM failed_sign_in WHERE subject_hash = :subject_hash;

-- name: take_back_failure
UPDATE failed_sign_in SET failures = failures - 1 WHERE subject_hash = :subject_hash AND failures > 0;

-- name: clear_failures
DELETE FROM failed_sign_in WHERE until_ms <= {{now_ms}};

-- name: insert_audit_entry
INSERT INTO audit_entry (workspace_id, entry_id, who, what, subject)
VALUES (:workspace_id, :entry_id, :who, :what, :subject);

-- name: audit_entries
-- Newest first, before one of them; of somebody if asked.
SELECT entry_id, who, what, subject FROM audit_entry
WHERE workspace_id = :workspace_id AND entry_id < :before AND (:who = '' OR who = :who)
ORDER BY entry_id DESC LIMIT :most;

-- name: account_entries
-- Of the installation: sign-ins and accounts. Only of people who are in :workspace_id or share another workspace with
-- :user_id (0 for nobody), unless :everybody.
SELECT e.entry_id, e.who, e.what, e.subject FROM audit_entry e
WHERE e.workspace_id = 0 AND e.entry_id < :before AND (:who = '' OR e.who = :who)
  AND (:everybody = 1 OR EXISTS (
      SELECT 1 FROM user_account u JOIN member m ON m.user_id = u.user_id
      WHERE (u.email_key = lower(e.who) OR u.email = e.who)
        AND (m.workspace_id = :workspace_id
             OR m.workspace_id IN (SELECT mine.workspace_id FROM member mine WHERE mine.user_id = :user_id))))
ORDER BY e.entry_id DESC LIMIT :most;

-- name: clear_audit_entries
DELETE FROM audit_entry WHERE entry_id < :before;
