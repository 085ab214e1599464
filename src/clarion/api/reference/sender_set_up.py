# SPDX-License-Identifier: Apache-2.0
"""What a sender identity needs, and a test from it (docs/providers.md)."""

from clarion.api.reference.accounts import RESULT
from clarion.api.schemas import Loose, record, shown, text

SET_UP = shown(
    {
        "domain": "example.com",
        "accounts": [
            {
                "account": "ses",
                "provider": "ses",
                "captures": False,
                "records": [
                    {
                        "purpose": "Return-Path",
                        "type": "MX",
                        "name": "mail.example.com",
                        "value": "10 feedback-smtp.eu-west-1.amazonses.com",
                        "note": "For a MAIL FROM domain of your own; name it in Amazon SES.",
                    }
                ],
                "warnings": ["Mail from example.com goes out as mg.example.net: they do not belong together."],
            }
        ],
    },
    Loose(nullable=("value",)),
    errors=(404,),
    note="The accounts of e-mail that are switched on, in the order in which they are asked. Nobody asks a DNS server: "
    "the records are what the provider's documentation asks for, with the values that are known here. Null where only "
    "the provider knows it.",
)
TEST = shown(
    {"result": RESULT},
    Loose(nullable=("status", "reason", "advice")),
    body=record(
        to=text("An address."),
        account=text("Through which account; the first one that is switched on unless given."),
        optional=("account",),
    ),
    body_example={"to": "ada@example.com"},
    errors=(404, 409),
    note="It counts against the account's limits. An address that is suppressed gets none.",
)
