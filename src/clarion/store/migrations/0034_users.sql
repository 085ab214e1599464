-- People who use the web page: passwords, roles, sessions, one-time links, failed sign-ins; and who changed what.
CREATE TABLE user_account (
    user_id {{id}} PRIMARY KEY,
    email text NOT NULL,
    email_key text NOT NULL UNIQUE,      -- in lower case: by it people sign in
    name text NOT NULL,
    password_hash text NOT NULL,         -- argon2id
    created_ms bigint NOT NULL
);

CREATE TABLE member (                    -- who may do what in a workspace
    workspace_id bigint NOT NULL,
    user_id bigint NOT NULL,
    roles text NOT NULL,                 -- words with spaces between
    joined_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX member_by_user ON member (user_id);

CREATE TABLE user_session (
    session_hash text PRIMARY KEY,
    user_id bigint NOT NULL,
    agent text NOT NULL,                 -- the browser, in its own words
    created_ms bigint NOT NULL,
    seen_ms bigint NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE INDEX user_session_by_user ON user_session (user_id);

CREATE TABLE user_link (                 -- opens once: makes an owner, lets somebody join, sets a password anew
    link_hash text PRIMARY KEY,
    kind text NOT NULL CONSTRAINT user_link_kind_known CHECK (kind IN ('owner', 'invitation', 'reset')),
    workspace_id bigint,                 -- of an invitation
    roles text NOT NULL,
    email text NOT NULL,                 -- '' where whoever opens it names theirs
    made_by text NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL,
    used_ms bigint
);

CREATE TABLE failed_sign_in (            -- of an address or an e-mail, since the window began
    subject_hash text PRIMARY KEY,
    failures bigint NOT NULL,
    until_ms bigint NOT NULL
);

CREATE TABLE audit_entry (
    workspace_id bigint NOT NULL,        -- 0: of the installation
    entry_id text NOT NULL,              -- a ULID: sorts by time
    who text NOT NULL,
    what text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (workspace_id, entry_id)
);
