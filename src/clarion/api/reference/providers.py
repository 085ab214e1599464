# SPDX-License-Identifier: Apache-2.0
"""Providers as the settings name them."""

from clarion.api.reference import accounts
from clarion.api.schemas import Loose, Reference, array, flag, integer, nullable, record, shown, text

_DOMAINS = array(
    record(
        domain=text(),
        per_second={"type": "number", "description": "What holds; 0: no limit."},
        changed=flag("Somebody has set it here, so that the settings do not say it."),
        settings=nullable({"type": "number", "description": "What the settings say; null: nothing."}),
    ),
    "The most e-mails a second to recipients of a domain, whatever account they go by.",
)
_SHOWN_DOMAINS = [
    {"domain": "gmail.com", "per_second": 50.0, "changed": True, "settings": 100.0},
    {"domain": "outlook.com", "per_second": 20.0, "changed": False, "settings": 20.0},
]

PROVIDERS = Reference(
    answer=record(
        providers=array(
            record(
                channel=text(),
                provider=text("outbox, smtp, mailgun, postmark, resend, sendgrid, ses or webhook."),
                captures=flag("Nothing leaves this machine."),
                connections=integer("Messages that it takes at once in a process."),
                refuses_repeats=flag("It refuses to send a message twice, so doubt can be resolved by sending again."),
                amp=flag("It carries an AMP part, of an e-mail."),
                most_recipients=nullable(integer("Of one message, with its copies; null: it does not say.")),
                settings=array(
                    record(
                        name=text(),
                        value=nullable(text("Null for a secret.")),
                        secret=flag(),
                        given=flag("Whether there is a value."),
                    )
                ),
                others=array(text(), "What else there is."),
                **accounts.SHAPE,
            ),
            "Each channel's accounts, in the order in which they take over.",
        ),
        per_domain=_DOMAINS,
        base_url=text("Where links in messages lead."),
        ip_addresses=array(text()),
        bounce_mailbox=nullable(
            record(
                "Where bounces of mail that goes out by SMTP are read; null: nowhere.",
                name=text("User, host and folder."),
                read_at=nullable(integer("When it was read to its end last, Unix seconds.")),
                failed_at=nullable(integer("When that failed, as it still does, Unix seconds.")),
                failure=nullable(text("Why.")),
                messages=integer("How many messages were read since ever."),
            )
        ),
    ),
    answer_example={
        "providers": [
            {
                "channel": "email",
                "provider": "smtp",
                "captures": False,
                "connections": 10,
                "refuses_repeats": False,
                "amp": True,
                "most_recipients": None,
                "settings": [
                    {"name": "host", "value": "mail.example.com", "secret": False, "given": True},
                    {"name": "password", "value": None, "secret": True, "given": True},
                ],
                "others": ["outbox", "resend"],
                **accounts.EXAMPLE,
                "account": "smtp",
            }
        ],
        "per_domain": _SHOWN_DOMAINS,
        "base_url": "https://mail.example.com",
        "ip_addresses": [],
        "bounce_mailbox": {
            "name": "bounces@imap.example.com:993/INBOX",
            "read_at": 1_795_939_200,
            "failed_at": None,
            "failure": None,
            "messages": 2_417,
        },
    },
    note="Providers and credentials are set in the settings file or the environment, by whoever runs the server.",
)

LIMIT_DOMAIN = shown(
    {"per_domain": _SHOWN_DOMAINS},
    Loose(nullable=("settings",)),
    body=record(per_second=nullable({"type": "number", "description": "0: no limit; null: as the settings say."})),
    body_example={"per_second": 50},
    errors=(403,),
    note="It holds over all processes, and workers follow within about a second. What was put off by then comes when "
    "it was told to, up to five minutes later. Only for somebody who owns every workspace.",
)
HOOKS = Reference(
    answer=record(
        hooks=array(
            record(
                provider=text("mailgun, postmark, resend, sendgrid, ses or twilio, or the name of an account."),
                url=text("Where its event webhook is pointed. A secret."),
                ready=flag("Its key is set, so that what it tells is believed."),
            )
        ),
        reachable=flag("`server.base_url` is no address of a machine or a network of one's own."),
    ),
    answer_example={
        "hooks": [
            {
                "provider": "sendgrid",
                "url": "https://mail.example.com/hooks/sendgrid/p3oQ1v0d6Yc0m5cKq8Zr2w1x",
                "ready": True,
            }
        ],
        "reachable": True,
    },
    note="Keys are set in the settings, table hooks.",
)
