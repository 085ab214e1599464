# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers (docs/providers.md)."""

from typing import Any

from clarion.api.schemas import Loose, array, flag, integer, nullable, one_of, record, shown, text

EXAMPLE: dict[str, Any] = {
    "account": "ses-eu",
    "enabled": True,
    "per_second": 14.0,
    "per_day": 0,
    "ramp": "50 x 2",
    "changed": ["ramp"],
    "circuit": "paused",
    "away": {"words": "503 slow down", "since": 1796040000, "until": 1796040060, "processes": 2},
    "failed": {"words": "503 slow down", "at": 1796040000},
    "today": {"sent": 37, "share": 100, "ramp_day": 2},
}
_NUMBER = {"type": "number"}
SHAPE: dict[str, Any] = {
    "account": text("Its name: that of its table in the settings, or of its provider."),
    "enabled": flag("Whether it is used."),
    "per_second": {**_NUMBER, "description": "The most in a second; 0: no limit."},
    "per_day": integer("The most in a day (UTC); 0: no limit."),
    "ramp": text("The messages of its first days, as 50, 100, 200 or 50 x 2; empty: none."),
    "changed": array(text(), "What somebody has set here, so that the settings do not say it."),
    "circuit": one_of(
        "closed",
        "paused",
        "trying",
        description="closed: every process gives it messages; paused: some process gives it none until then; trying: "
        "that is over, and the next message asks it.",
    ),
    "away": nullable(
        record(
            words=text("Why it gets no messages."),
            since=integer(),
            until=integer("When it is asked again, with one message."),
            processes=integer("How many processes give it none."),
        )
    ),
    "failed": nullable(
        record("What was last wrong with it, also when it takes messages again.", words=text(), at=integer())
    ),
    "today": nullable(
        record(
            sent=integer("Taken out of the share of today."),
            share=nullable(integer("Null: the ramp is over, and there is no limit a day.")),
            ramp_day=nullable(integer("The day of the ramp; null: none.")),
        )
    ),
}
_LOOSE = Loose(nullable=("away", "failed", "today", "share", "ramp_day"))

CHANGE = shown(
    {"account": EXAMPLE},
    _LOOSE,
    body=record(
        enabled=nullable(flag("False: nothing is given to it.")),
        per_second=nullable({**_NUMBER, "description": "0: no limit."}),
        per_day=nullable(integer("0: no limit.")),
        ramp=nullable(text("50, 100, 200 or 50 x 2; empty: none.")),
        restart_ramp=flag("Today is the first day of the ramp. So it is when there was none before."),
        optional=("enabled", "per_second", "per_day", "ramp", "restart_ramp"),
    ),
    body_example={"enabled": True, "ramp": "50 x 2"},
    errors=(403,),
    note="Null: as the settings say. Workers follow within about a second. Only for somebody who owns every workspace, "
    "for all of them send through it. Credentials stay in the settings, so a copy of the database holds none.",
)
ORDER = shown(
    {"accounts": ["ses-eu", "ses"]},
    body=record(accounts=array(text(), "Each account of the channel once.")),
    body_example={"accounts": ["ses-eu", "ses"]},
    errors=(403,),
)
RESULT = {
    "account": "ses-eu",
    "address": "ada@example.com",
    "sent": False,
    "ending": "refused",
    "status": 554,
    "words": "554 Message rejected: Email address is not verified",
    "reason": "sender_refused",
    "advice": "The provider does not accept this sender: verify it, or its domain, there.",
}
TEST = shown(
    {"result": RESULT},
    Loose(nullable=("status", "reason", "advice")),
    body=record(
        to=text("An address, a phone number, a place in Slack, the token of a device, or the URL of a webhook."),
        person=record(
            "Whom it is for: to all devices of a push message, and instead of `to` for in-app and inbox messages.",
            id=text(),
            email=text(),
            cio_id=text(),
            optional=("id", "email", "cio_id"),
        ),
        template=record(
            "Of WhatsApp: an approved template.",
            content_sid=text("HX and 32 hexadecimal digits."),
            variables={"type": "object"},
            optional=("variables",),
        ),
        optional=("to", "from", "person", "template"),
        **{"from": text("The sender of an e-mail; of an SMS and WhatsApp, unless the account has one.")},
    ),
    body_example={"to": "ada@example.com", "from": "News <news@example.com>"},
    errors=(403, 404, 409),
    note="Through this account, whatever its place, and also while it is switched off. It counts against the account's "
    "limits. `ending`: taken, refused (for good), later (not now), away (the account takes nothing), unknown (no "
    "answer: it may have arrived). `status`: that which the provider's words begin with. A webhook's test is a POST of "
    "JSON, to public addresses only, unless the settings allow others.",
)
