# SPDX-License-Identifier: Apache-2.0
"""Reporting webhooks (contract §7.9, §9)."""

from typing import Any

from clarion.api.schemas import Reference, array, flag, integer, nullable, one_of, record, text
from clarion.domain.reporting import EVENTS

_FIELDS: dict[str, Any] = {
    "name": text("At most 190 characters.", maxLength=190),
    "endpoint": text("Where calls go."),
    "disabled": flag("Nothing is noted or sent for it."),
    "full_resolution": flag("Every open and click; else the first of each message."),
    "with_content": flag("`sent` carries the message's HTML and headers."),
    "events": array(one_of(*sorted(EVENTS)), "What it wants to hear."),
}
_WEBHOOK = record(id=integer(), **_FIELDS)
_EXAMPLE = {
    "id": 2,
    "name": "warehouse",
    "endpoint": "https://hooks.example.com/clarion",
    "disabled": False,
    "full_resolution": False,
    "with_content": False,
    "events": ["email_sent", "email_opened"],
}
_BODY_EXAMPLE = {name: _EXAMPLE[name] for name in ("name", "endpoint", "events")}
_SECRET = text("Keys the signature; shown this once.")

_FROM: dict[str, Any] = {"from": integer("Events of this time or later, Unix seconds.")}  # a word of Python

CREATE = Reference(
    body=record(optional=("disabled", "full_resolution", "with_content"), **_FIELDS),
    body_example=_BODY_EXAMPLE,
    answer=record(id=integer(), signing_secret=_SECRET, **_FIELDS),
    answer_example={**_EXAMPLE, "signing_secret": "5f2a…"},
    errors=(422,),
    contract="§7.9",
)
LIST = Reference(
    answer=record(reporting_webhooks=array(_WEBHOOK)),
    answer_example={"reporting_webhooks": [_EXAMPLE]},
    contract="§7.9",
)
GET = Reference(answer=_WEBHOOK, answer_example=_EXAMPLE, errors=(400, 404), contract="§7.9")
UPDATE = Reference(
    body=record(optional=tuple(_FIELDS), **_FIELDS),
    body_example={"disabled": True},
    answer=_WEBHOOK,
    answer_example={**_EXAMPLE, "disabled": True},
    errors=(400, 404, 422),
    contract="§7.9",
)
DELETE = Reference(status=204, errors=(400, 404), contract="§7.9")
ROTATE = Reference(answer=record(signing_secret=_SECRET), answer_example={"signing_secret": "5f2a…"}, errors=(400, 404))
ATTEMPTS = Reference(
    answer=record(
        delivered=integer("Events that the endpoint took."),
        given_up=integer("Events that it did not take within 7 days."),
        waiting=integer(),
        first_waiting=nullable(text("The id of the event that is first in line.")),
        next_attempt_at=nullable(integer("Unix seconds.")),
        attempts=array(
            record(
                event_id=text(),
                status=nullable(integer("HTTP; null: no answer.")),
                took_ms=integer(),
                words=text(),
            ),
            "Calls that failed, the newest first; the last 100.",
        ),
    ),
    answer_example={
        "delivered": 120,
        "given_up": 0,
        "waiting": 3,
        "first_waiting": "01E4C4CT6YDC7Y5M7FE1GWWPQJ",
        "next_attempt_at": 1_796_040_000,
        "attempts": [
            {"event_id": "01E4C4CT6YDC7Y5M7FE1GWWPQJ", "status": 503, "took_ms": 12, "words": "Service Unavailable"}
        ],
    },
    errors=(400, 404),
)
REPLAY = Reference(
    body=record(
        optional=("from", "to", "event", "only_given_up"),
        to=integer("Events of this time or earlier, Unix seconds."),
        event=one_of(*sorted(EVENTS)),
        only_given_up=flag("Only those that were given up."),
        **_FROM,
    ),
    body_example={"from": 1_796_040_000, "only_given_up": True},
    answer=record(events=integer("How many will be sent again.")),
    answer_example={"events": 12},
    errors=(400, 404, 422),
    note="They keep their event_id. Events are kept for 30 days.",
)
