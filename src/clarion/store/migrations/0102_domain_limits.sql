-- Limits of recipients' domains that somebody has set in the page; they come before those of the settings.
CREATE TABLE domain_limit (
    domain text PRIMARY KEY,       -- in lower case
    per_second text NOT NULL       -- the most e-mails a second; 0: no limit, whatever the settings say
) {{clustered}};
