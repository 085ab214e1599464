# SPDX-License-Identifier: Apache-2.0
"""Our own API: messages that were captured in place of being sent (docs/guide.md)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, flag, integer, shown, text

_CAPTURED: dict[str, Any] = {
    "index": 0,
    "delivery_id": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
    "from": "news@example.com",
    "to": "ada@example.com",
    "copies": [],
    "subject": "Hello",
    "captured_at_ms": 1_796_040_000_000,
    "size": 1_024,
}
_LOOSE = Loose(nullable=("recipient", "next", "plain", "html"))
OUTBOX = shown(
    {
        "count": 1,
        "messages": [_CAPTURED],
        "next": None,
    },
    _LOOSE,
    query={
        "start": integer("The `next` of the page before.", minimum=0),
        "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=1_000),
        "recipient": text("Only to this address."),
        "delivery_id": text("Only this delivery."),
        "newest": flag("The newest first."),
    },
)
CAPTURED = shown(
    {
        **_CAPTURED,
        "headers": [{"name": "Subject", "value": "Hello"}],
        "plain": "Hello",
        "html": "<p>Hello</p>",
        "attachments": [{"name": "bill.pdf", "media_type": "application/pdf", "size": 1_024}],
    },
    _LOOSE,
)
CAPTURED_HTML = Reference(
    query={"images": flag("Whether remote images may load; not unless asked for.")},
    answer={"type": "string"},
    answer_example="<p>Hello</p>",
    note="As `text/html` with a policy that lets it run and reach nothing. Looking does not count as opening.",
    errors=(404,),
)
RAW = Reference(answer={"type": "string"}, answer_example="From: Acme …", note="As `message/rfc822`.")
