# SPDX-License-Identifier: Apache-2.0
"""Sender identities, topics, languages of a message (contract §5.2, §7.7, §7.10)."""

from typing import Any

from clarion.api.schemas import Reference, array, flag, integer, mapping, nullable, one_of, record, text

DELETED = Reference(status=204, errors=(400, 404, 409))

_SENDER = record(
    id=integer(),
    deduplicate_id=text(),
    name=text(),
    email=text(),
    address=text("As a From header shows it."),
    template_type=one_of("email", "phone"),
    auto_generated=flag(),
    hidden=flag("Not offered for new messages."),
)
_SENDER_EXAMPLE = {
    "id": 3,
    "deduplicate_id": "3:1796040000",
    "name": "Acme",
    "email": "news@example.com",
    "address": "Acme <news@example.com>",
    "template_type": "email",
    "auto_generated": False,
    "hidden": False,
}
SENDERS = Reference(
    query={
        "start": text("The `next` of the page before."),
        "limit": integer("How many at most.", minimum=1, maximum=1_000),
        "sort": one_of("asc", "desc", description="By number; asc unless given."),
        "hidden": flag("Hidden ones too."),
    },
    answer=record(sender_identities=array(_SENDER), next=text("Empty at the end.")),
    answer_example={"sender_identities": [_SENDER_EXAMPLE], "next": ""},
    errors=(400,),
    contract="§7.7",
)
_ONE: dict[str, Any] = {
    "answer": record(sender_identity=_SENDER),
    "answer_example": {"sender_identity": _SENDER_EXAMPLE},
    "contract": "§7.7",
}
SENDER = Reference(errors=(400, 404), **_ONE)
_SENDER_BODY = record(name=text(), email=text(), hidden=flag(), optional=("name", "hidden"))
CREATE_SENDER = Reference(
    body=_SENDER_BODY,
    body_example={"name": "Acme", "email": "news@example.com"},
    status=201,
    errors=(400, 422),
    **_ONE,
)
EDIT_SENDER = Reference(
    body=record(name=text(), email=text(), hidden=flag(), optional=("name", "email", "hidden")),
    body_example={"name": "Acme News"},
    errors=(400, 404, 422),
    note="Messages that name it are sent from the new address from now on; triggers that were accepted keep the old.",
    **_ONE,
)
USED_BY = Reference(
    answer=record(
        used_by=record(
            campaigns=array(integer()), sent_newsletters=array(integer()), draft_newsletters=array(integer())
        )
    ),
    answer_example={"used_by": {"campaigns": [12], "sent_newsletters": [], "draft_newsletters": []}},
    errors=(400, 404),
    contract="§7.7",
)

_TEXTS = mapping(record(name=text(), description=text(), optional=("description",)), "By language tag.")
_TOPIC = record(
    id=integer(),
    identifier=text("Its key in `cio_subscription_preferences.topics`."),
    name=text(),
    description=text(),
    subscribed_by_default=flag("Of people who said nothing about it."),
    translations=_TEXTS,
)
_TOPIC_EXAMPLE = {
    "id": 4,
    "identifier": "topic_4",
    "name": "Offers",
    "description": "Once a month.",
    "subscribed_by_default": True,
    "translations": {"de": {"name": "Angebote", "description": ""}},
}
TOPICS = Reference(answer=record(topics=array(_TOPIC)), answer_example={"topics": [_TOPIC_EXAMPLE]}, contract="§7.10")
_TOPIC_BODY: dict[str, Any] = {
    "name": text(),
    "description": text(),
    "subscribed_by_default": flag(),
    "translations": _TEXTS,
}
_ONE_TOPIC: dict[str, Any] = {
    "answer": record(topic=_TOPIC),
    "answer_example": {"topic": _TOPIC_EXAMPLE},
    "contract": "§7.10",
}
CREATE_TOPIC = Reference(
    body=record(optional=("description", "subscribed_by_default", "translations"), **_TOPIC_BODY),
    body_example={"name": "Offers", "description": "Once a month."},
    status=201,
    errors=(400, 422),
    **_ONE_TOPIC,
)
EDIT_TOPIC = Reference(
    body=record(optional=tuple(_TOPIC_BODY), **_TOPIC_BODY),
    body_example={"subscribed_by_default": False},
    errors=(400, 404, 422),
    **_ONE_TOPIC,
)
CENTER_TOKEN = Reference(
    query={
        "id_type": one_of("id", "email", "cio_id", description="What the path names them by; id unless given."),
    },
    answer=record(token=text(), url=text("The page it opens.")),
    answer_example={
        "token": "AAABAAAAAAFrDtGAzQ4W0k3mX8k",
        "url": "https://clarion.example.com/preferences/AAABAAAAAAFrDtGAzQ4W0k3mX8k",
    },
    errors=(400, 404),
    note="The token opens the person's page of preferences for 30 days.",
    contract="§7.10",
)

_CONTENT: dict[str, Any] = {
    "subject": text(),
    "preheader": text(),
    "body": text(),
    "plain": text(),
    "amp": text(),
    "from": text(),
    "from_id": nullable(integer("A sender identity, in place of from.")),
    "reply_to": text(),
    "reply_to_id": nullable(integer()),
    "layout_id": nullable(integer("What the body is put into.")),
    "recipient": text(),
    "cc": text(),
    "bcc": text(),
    "headers": array(record(name=text(), value=text())),
    "tracked": flag(),
    "inline_css": flag(),
    "fake_bcc": flag(),
    "url_parameters": nullable(array(record(name=text(), value=text()))),
}
_CONTENT_EXAMPLE = {
    "language": "de",
    "subject": "Hallo {{ customer.first_name }}",
    "preheader": "",
    "body": "<p>Guten Tag</p>",
    "plain": "",
    "amp": "",
    "from": "Acme <news@example.com>",
    "from_id": 3,
    "reply_to": "",
    "reply_to_id": None,
    "layout_id": None,
    "recipient": "{{customer.email}}",
    "cc": "",
    "bcc": "",
    "headers": [],
    "tracked": True,
    "inline_css": True,
    "fake_bcc": False,
    "url_parameters": None,
}
_IN_A_LANGUAGE: dict[str, Any] = {
    "answer": record(content=record(language=text(), **_CONTENT)),
    "answer_example": {"content": _CONTENT_EXAMPLE},
    "contract": "§5.2",
}
GET_LANGUAGE = Reference(errors=(400, 404), **_IN_A_LANGUAGE)
PUT_LANGUAGE = Reference(
    body=record(
        optional=("version", *_CONTENT), version=integer("Of the broadcast that it was made from."), **_CONTENT
    ),
    body_example={"subject": "Hallo {{ customer.first_name }}", "body": "<p>Guten Tag</p>"},
    errors=(400, 404, 409, 422),
    note=(
        "A new one begins as a copy of the default. A person gets the variant that their `language` attribute (or the "
        "broadcast's `language_attribute`) names, with or without its region; else the default."
    ),
    answer=record(content=record(language=text(), **_CONTENT), version=integer("The broadcast's, after it.")),
    answer_example={"content": _CONTENT_EXAMPLE, "version": 5},
    contract="§5.2",
)
