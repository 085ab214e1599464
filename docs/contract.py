# SPDX-License-Identifier: Apache-2.0
"""What Customer.io documents and a broadcast touches: every endpoint, with its section in the wire contract, and what
differs here. `generate.py` makes `compatibility.md` of it; whether a route answers comes from the routes.
"""

from typing import NamedTuple


class Documented(NamedTuple):
    """An endpoint of Customer.io's. `differs`: why it is only part of it, or why it is not offered; "" for nothing."""

    section: str
    method: str
    path: str
    differs: str = ""


_NO_TOPICS = "there are no topics yet, so the list is empty"
_NO_OBJECTS = "objects and relationships have no part in a broadcast; there are none, so the list is empty"
_NO_NEWSLETTERS = "newsletters are not broadcasts by API; their endpoints are not offered"
_LANGUAGE = "messages have one language, the default; any other is 400"
_LATER = "planned: not offered by this version"
_TZ = "`tz` is checked and not used: days begin at EST"
_CHANNEL = "planned with the other channels"

ENDPOINTS: tuple[Documented, ...] = (
    Documented("§2", "POST", "/v1/campaigns/{}/triggers"),
    Documented("§2.7", "POST", "/v1/campaigns/{}/triggers/{}/cancel"),
    Documented("§3.1", "GET", "/v1/campaigns/{}/triggers/{}"),
    Documented("§3.2", "GET", "/v1/broadcasts/{}/triggers"),
    Documented("§3.2", "GET", "/v1/campaigns/{}/triggers"),
    Documented("§3.2", "GET", "/v1/campaigns/{}/triggers/{}/metrics", "its shape is not documented; counts by metric"),
    Documented("§3.3", "GET", "/v1/campaigns/{}/triggers/{}/errors"),
    Documented("§5.1", "GET", "/v1/broadcasts"),
    Documented("§5.1", "GET", "/v1/broadcasts/{}"),
    Documented("§5.2", "GET", "/v1/broadcasts/{}/actions"),
    Documented("§5.2", "GET", "/v1/broadcasts/{}/actions/{}"),
    Documented("§5.2", "GET", "/v1/broadcasts/{}/actions/{}/language/{}", _LANGUAGE),
    Documented("§5.4", "PUT", "/v1/broadcasts/{}/actions/{}", "e-mail only; `from_id` and `reply_to_id` are refused"),
    Documented("§5.4", "PUT", "/v1/broadcasts/{}/actions/{}/language/{}", _LANGUAGE),
    Documented("§5.5", "GET", "/v1/broadcasts/{}/messages"),
    Documented("§6", "GET", "/v1/broadcasts/{}/metrics"),
    Documented("§6", "GET", "/v1/broadcasts/{}/metrics/links"),
    Documented("§6", "GET", "/v1/broadcasts/{}/actions/{}/metrics", "no `language_variants`: there is one language"),
    Documented("§6", "GET", "/v1/broadcasts/{}/actions/{}/metrics/links"),
    Documented("§7.1", "GET", "/v1/customers"),
    Documented("§7.1", "POST", "/v1/customers"),
    Documented("§7.1", "GET", "/v1/customers/{}/attributes"),
    Documented("§7.1", "POST", "/v1/customers/attributes"),
    Documented("§7.1", "GET", "/v1/customers/{}/segments"),
    Documented("§7.1", "GET", "/v1/customers/{}/messages"),
    Documented("§7.1", "GET", "/v1/customers/{}/activities", _LATER),
    Documented("§7.1", "GET", "/v1/customers/{}/relationships", _NO_OBJECTS),
    Documented("§7.1", "GET", "/v1/customers/{}/subscription_preferences", _NO_TOPICS),
    Documented("§7.1", "GET", "/v1/activities", _LATER),
    Documented("§7.2", "POST", "/v1/segments"),
    Documented("§7.2", "GET", "/v1/segments"),
    Documented("§7.2", "GET", "/v1/segments/{}"),
    Documented("§7.2", "DELETE", "/v1/segments/{}"),
    Documented("§7.2", "GET", "/v1/segments/{}/used_by"),
    Documented("§7.2", "GET", "/v1/segments/{}/customer_count"),
    Documented("§7.2", "GET", "/v1/segments/{}/membership"),
    Documented("§7.3", "GET", "/v1/snippets"),
    Documented("§7.3", "PUT", "/v1/snippets"),
    Documented("§7.3", "POST", "/v1/snippets"),
    Documented("§7.3", "DELETE", "/v1/snippets/{}"),
    Documented("§7.4", "GET", "/v1/messages", "`associations` is passed over"),
    Documented("§7.4", "GET", "/v1/messages/{}", "`associations` and `archived_message` are passed over"),
    Documented(
        "§7.4", "GET", "/v1/messages/{}/archived_message", "made again from what is stored; no limit of 100 a day"
    ),
    Documented("§7.5", "GET", "/v1/exports"),
    Documented("§7.5", "GET", "/v1/exports/{}"),
    Documented("§7.5", "GET", "/v1/exports/{}/download"),
    Documented("§7.5", "POST", "/v1/exports/customers"),
    Documented("§7.5", "POST", "/v1/exports/deliveries", "of newsletters and transactional messages 404"),
    Documented("§7.6", "POST", "/v1/collections", "kept and read; no workflow reads them"),
    Documented("§7.6", "GET", "/v1/collections"),
    Documented("§7.6", "GET", "/v1/collections/{}"),
    Documented("§7.6", "PUT", "/v1/collections/{}"),
    Documented("§7.6", "DELETE", "/v1/collections/{}"),
    Documented("§7.6", "GET", "/v1/collections/{}/content"),
    Documented("§7.6", "PUT", "/v1/collections/{}/content"),
    Documented("§7.7", "GET", "/v1/sender_identities", _LATER),
    Documented("§7.7", "GET", "/v1/sender_identities/{}", _LATER),
    Documented("§7.7", "GET", "/v1/sender_identities/{}/used_by", _LATER),
    Documented("§7.8", "GET", "/v1/esp/search_suppression/{}"),
    Documented("§7.8", "GET", "/v1/esp/suppression/{}"),
    Documented("§7.8", "POST", "/v1/esp/suppression/{}/{}"),
    Documented("§7.8", "DELETE", "/v1/esp/suppression/{}/{}"),
    Documented("§7.8", "GET", "/v1/esp/domains/{}/suppression/{}"),
    Documented("§7.9", "POST", "/v1/reporting_webhooks"),
    Documented("§7.9", "GET", "/v1/reporting_webhooks"),
    Documented("§7.9", "GET", "/v1/reporting_webhooks/{}"),
    Documented("§7.9", "PUT", "/v1/reporting_webhooks/{}"),
    Documented("§7.9", "DELETE", "/v1/reporting_webhooks/{}"),
    Documented("§7.10", "GET", "/v1/subscription_topics", _NO_TOPICS),
    Documented("§7.10", "GET", "/v1/subscription_channels", _NO_TOPICS),
    Documented("§7.10", "GET", "/v1/subscription_center/{}/token", _LATER),
    Documented("§7.11", "POST", "/v1/imports", "people and events; objects and relationships are 422"),
    Documented("§7.11", "GET", "/v1/imports/{}"),
    Documented("§7.12", "GET", "/v1/info/ip_addresses"),
    Documented("§7.12", "GET", "/v1/workspaces", "the workspace of the key"),
    Documented("§7.12", "GET", "/v1/object_types", _NO_OBJECTS),
    Documented("§7.12", "GET", "/v1/campaigns", "broadcasts under their other name"),
    Documented("§7.12", "GET", "/v1/campaigns/{}"),
    Documented("§7.12", "GET", "/v1/campaigns/{}/metrics", _TZ),
    Documented("§7.12", "GET", "/v1/campaigns/{}/metrics/links", _TZ),
    Documented("§7.12", "GET", "/v1/campaigns/{}/journey_metrics", _TZ),
    Documented("§7.12", "GET", "/v1/campaigns/{}/actions"),
    Documented("§7.12", "GET", "/v1/campaigns/{}/actions/{}"),
    Documented("§7.12", "PUT", "/v1/campaigns/{}/actions/{}", "as of broadcasts"),
    Documented("§7.12", "GET", "/v1/campaigns/{}/messages"),
    Documented("§7.12", "GET", "/v1/newsletters", _NO_NEWSLETTERS),
    Documented("§7.13", "POST", "/v1/send/email", _LATER),
    Documented("§7.13", "POST", "/v1/send/push", _CHANNEL),
    Documented("§7.13", "POST", "/v1/send/sms", _CHANNEL),
    Documented("§7.13", "POST", "/v1/send/whatsapp", _CHANNEL),
    Documented("§7.13", "POST", "/v1/send/in_app", _CHANNEL),
    Documented("§7.13", "POST", "/v1/send/inbox_message", _CHANNEL),
    Documented("§8", "GET", "/api/v1/accounts/region"),
    Documented("§8", "PUT", "/api/v1/customers/{}", "`cio_relationships` is passed over"),
    Documented("§8", "DELETE", "/api/v1/customers/{}"),
    Documented("§8", "POST", "/api/v1/customers/{}/events"),
    Documented("§8", "POST", "/api/v1/events", "an invitation starts nothing: broadcasts do not start by events"),
    Documented("§8", "PUT", "/api/v1/customers/{}/devices"),
    Documented("§8", "DELETE", "/api/v1/customers/{}/devices/{}"),
    Documented("§8", "POST", "/api/v1/customers/{}/suppress"),
    Documented("§8", "POST", "/api/v1/customers/{}/unsuppress"),
    Documented("§8", "POST", "/api/v1/merge_customers"),
    Documented("§8", "POST", "/api/v1/segments/{}/add_customers"),
    Documented("§8", "POST", "/api/v1/segments/{}/remove_customers"),
    Documented("§8.4", "POST", "/api/v1/metrics"),
    Documented("§8", "POST", "/api/v1/push/events"),
    Documented("§8", "POST", "/push/events"),
    Documented("§8", "POST", "/api/v1/forms/{}/submit", "with a key; the submission is the event `form_submit`"),
    Documented("§8", "POST", "/unsubscribe/{}"),
    Documented("§8.3", "POST", "/api/v2/entity", "people and deliveries; objects, relationships and `phone` are 400"),
    Documented("§8.3", "POST", "/api/v2/batch", "as of entity; the others of a batch are carried out, 207"),
)

# Where Customer.io's documents say nothing, and what is so here.
CHOICES: tuple[tuple[str, str], ...] = (
    (
        "Booking of metrics",
        "on the hour in which the trigger's audience was worked out; [adr/0012](adr/0012-metrics-are-booked-on-the-audience.md) says why.",
    ),
    ("`attempted` in series", "messages that a provider may have got; one that waits for a retry is not in it yet."),
    (
        "`undeliverable` in series",
        "skipped and stopped; a suppressed address is `suppressed` and `dropped` too.",
    ),
    ("`unique` of links", "a message once for each link and step."),
    ("Links of an action", "the first 1,000 apart, further ones together."),
    ("Machines", "told by user agent, by HEAD and by prefetch headers; a person's click implies an open."),
    ("`/v1/campaigns`", "shows broadcasts, since they share one number space."),
    ("Merging", "a missing `id` or `email` of the primary is taken from the secondary; devices come along."),
    ("A merge during a trigger", "what was made out for the secondary is not sent, as for anybody deleted."),
    ("Feedback about a message of another workspace, or none", "200, and nothing comes of it."),
    ("Idempotency-Key", "refused calls are not remembered; an ndjson call takes none."),
    (
        "Limits",
        "fixed seconds by the database's clock; `RateLimit-Reset` is 1; the management API has none.",
    ),
    ("The trigger call", "counts as a send (100 a second) beside its own 10-second rule."),
    ("Service-account tokens", "are taken on every call that sends, the trigger among them."),
    ("Exports", "CSV with the columns that somebody in it has; kept 7 days; removed when somebody is erased."),
    ("A cell that begins with `=`", "is written as it is: a phone number begins with `+`."),
    ("Imports", "an empty field changes nothing; a row that is wrong is listed under our own API."),
    ("A collection by URL", "is CSV when the path ends with .csv, else JSON."),
    ("Reporting webhooks", "the signing secret comes with the answer that makes one, and by ours when it is renewed."),
    ("`journey_id`", "trigger and place in its audience, such as `12-4711`."),
    ("Suppression", "is looked at when a message is about to be sent, by its rendered recipient."),
)
