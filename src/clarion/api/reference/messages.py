# SPDX-License-Identifier: Apache-2.0
"""Messages (deliveries) as Customer.io shows them (contract §5.5, §5.6, §7.4)."""

from typing import Any

from clarion.api.schemas import Loose, flag, integer, shown, text

_MESSAGE: dict[str, Any] = {
    "id": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
    "deduplicate_id": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m:1796040000",
    "type": "email",
    "customer_id": "42",
    "customer_identifiers": {"email": "ada@example.com", "id": "42", "cio_id": "010000000001"},
    "recipient": "ada@example.com",
    "subject": None,
    "created": 1796040000,
    "metrics": {"created": 1796040000, "attempted": 1796040000, "sent": 1796040000},
    "failure_message": None,
    "newsletter_id": None,
    "broadcast_id": 1,
    "transactional_message_id": None,
    "campaign_id": None,
    "content_id": None,
    "action_id": 1,
    "parent_action_id": None,
    "trigger_event_id": None,
    "msg_template_id": 1,
    "message_template_id": 1,
    "forgotten": False,
    "clarion": {"state": "sent", "reason": None, "trigger_id": 1, "attempts": 1, "next_attempt_at": None},
}
_LOOSE = Loose(
    nullable=(
        "customer_id", "email", "id", "subject", "failure_message", "broadcast_id", "transactional_message_id",
        "reason", "next_attempt_at",
    ),
    free=("metrics",),
    optional=("tracked_responses", "archived_message"),
)  # fmt: skip
_OF_ONE: dict[str, Any] = {
    "get_tracked_responses": flag("Show `tracked_responses`."),
    "archived_message": flag("Show what the message said."),
    "associations": flag("Show the broadcast (as `campaign`), the action and the content that it belongs to, whole."),
}
LISTED: dict[str, Any] = {
    "start": text("The `next` of the page before."),
    "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=1_000),
    "type": text("Only this channel: email."),
    "metric": text("Only those of which this is so: sent, opened, clicked, failed, …"),
    "state": text("failed, sent, drafted or attempted."),
    "drafts": flag("Only drafts. Without it `/v1/messages` leaves them out, others have them among the rest."),
    "action_id": integer("Only this action's."),
    "content_id": integer("The same, of a transactional message."),
    "start_ts": integer("Created not before, Unix seconds."),
    "end_ts": integer("Created not after, Unix seconds."),
    "get_tracked_responses": flag("Show `tracked_responses`."),
    "associations": flag("Show the broadcasts (as `campaigns`), actions and contents that they belong to, whole."),
}
_NOTE = "Newest trigger first. A page may be short, or empty, before the end: go on while there is a `next`."
_PAGE: dict[str, Any] = {"messages": [_MESSAGE], "next": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m"}

OF_CAMPAIGN = shown(_PAGE, _LOOSE, query={**LISTED, "drafts": flag("Drafts too.")}, note=_NOTE, contract="§7.12")
OF_BROADCAST = shown(_PAGE, _LOOSE, query=LISTED, note=_NOTE, contract="§5.5")
MESSAGES = shown(
    _PAGE,
    _LOOSE,
    query={
        **LISTED,
        "campaign_id": integer("Only this broadcast's."),
        "transactional_id": integer("Only this transactional message's."),
        "trigger_id": integer("Only this trigger's; needs campaign_id."),
        "newsletter_id": integer("Nothing here belongs to a newsletter."),
        "template_id": integer("The same as action_id: a message is the one of its action."),
    },
    errors=(400,),
    note=_NOTE,
    contract="§7.4",
)
MESSAGE = shown({"message": _MESSAGE}, _LOOSE, query=_OF_ONE, contract="§7.4")
