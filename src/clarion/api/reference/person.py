# SPDX-License-Identifier: Apache-2.0
"""One person and the workspace around them (contract §7.1, §7.4, §7.10, §7.12)."""

from typing import Any

from clarion.api.reference.attachments import FILE
from clarion.api.schemas import Reference, array, flag, integer, like, nullable, one_of, record, text

_ID_TYPE = {"id_type": one_of("id", "email", "cio_id", description="What the path names them by; id unless given.")}
_PAGES = {
    "start": text("The `next` of the page before."),
    "limit": integer("How many at most.", minimum=1, maximum=1_000),
}
_IDENTIFIERS = record(email=nullable(text()), id=nullable(text()), cio_id=text())
_NAMES = {"email": "ada@example.com", "id": "42", "cio_id": "d9c106000001"}

MESSAGES = Reference(
    query={
        **_ID_TYPE,
        **_PAGES,
        "start_ts": integer("Made at this time or later, Unix seconds.", minimum=0),
        "end_ts": integer("Made at this time or earlier, Unix seconds.", minimum=0),
    },
    answer=record(messages=array(record(id=text())), next=text("Empty at the end.")),
    answer_example={"messages": [], "next": ""},
    errors=(400, 404),
    note="Newest trigger first. A page may be short, or empty, before the end: go on while there is a `next`.",
    contract="§7.1",
)
PREFERENCES = Reference(
    query={**_ID_TYPE, "language": text("Of the topics' names.")},
    answer=record(
        customer=record(
            id=nullable(text()),
            identifiers=_IDENTIFIERS,
            unsubscribed=flag(),
            header=text(),
            topics=array(record(id=integer(), identifier=text(), name=text(), description=text(), subscribed=flag())),
        )
    ),
    answer_example={
        "customer": {
            "id": "42",
            "identifiers": _NAMES,
            "unsubscribed": False,
            "header": "",
            "topics": [
                {"id": 4, "identifier": "topic_4", "name": "Offers", "description": "Once a month.", "subscribed": True}
            ],
        }
    },
    errors=(400, 404),
    note="The language of the texts: `language`, else the Accept-Language header, else that of the topic itself.",
    contract="§7.1",
)
_FROM: dict[str, Any] = {"from": text()}  # a word of Python
ARCHIVED = Reference(
    answer=record(
        archived_message=record(
            id=text(),
            body=text(),
            subject=text(),
            recipient=text(),
            bcc=text(),
            fake_bcc=flag(),
            preheader_text=text(),
            url=text(),
            request_method=text(),
            headers=text("A JSON list of names and values."),
            forgotten=flag("The content cannot be made again: the person or the trigger's data is gone."),
            reply_to=text(),
            clarion=record("Ours: the files of the message itself.", attachments=array(like(FILE))),
            **_FROM,
        )
    ),
    answer_example={
        "archived_message": {
            "id": "RPILAgUBcRhIBqSfeiIwdIYJKxTY",
            "body": "<p>Hello Ada</p>",
            "from": "Acme <news@example.com>",
            "reply_to": "",
            "recipient": "ada@example.com",
            "subject": "Hello",
            "bcc": "",
            "fake_bcc": False,
            "preheader_text": "",
            "url": "",
            "request_method": "",
            "headers": "[]",
            "forgotten": False,
            "clarion": {"attachments": [FILE]},
        }
    },
    errors=(404,),
    note="Bodies are not stored: it is made again from the trigger's templates and data and today's attributes. "
    "A hundred a day, then 429 without Retry-After.",
    contract="§7.4",
)
IP_ADDRESSES = Reference(
    answer=record(ip_addresses=array(text())), answer_example={"ip_addresses": ["192.0.2.7"]}, contract="§7.12"
)
WORKSPACES = Reference(
    answer=record(
        workspaces=array(
            record(
                id=integer(),
                name=text(),
                messages_sent=integer(),
                billable_messages_sent=integer(),
                people=integer(),
                object_types=integer(),
                objects=integer(),
            )
        )
    ),
    answer_example={
        "workspaces": [
            {
                "id": 1,
                "name": "Acme",
                "messages_sent": 120_000,
                "billable_messages_sent": 120_000,
                "people": 10_000,
                "object_types": 0,
                "objects": 0,
            }
        ]
    },
    contract="§7.12",
)
CHANNELS = Reference(
    answer=record(channels=array({"type": "object"})), answer_example={"channels": []}, contract="§7.10"
)
