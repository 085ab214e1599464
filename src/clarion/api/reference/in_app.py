# SPDX-License-Identifier: Apache-2.0
"""Our own API: in-app and inbox messages, for apps and browsers (docs/channels.md)."""

from clarion.api.schemas import Loose, Reference, integer, record, shown, text

TOKEN = Reference(
    body=record(
        identifiers=record(id=text(), email=text(), cio_id=text(), optional=("id", "email", "cio_id")),
        expires_in=integer("Seconds that it opens them for; a day unless given.", minimum=1, maximum=2_592_000),
        optional=("expires_in",),
    ),
    body_example={"identifiers": {"id": "person-7"}, "expires_in": 3600},
    answer=record(token=text(), expires_at=integer()),
    answer_example={"token": "AAABAAAAAAdpa8cAm1…", "expires_at": 1_796_043_600},
    errors=(404, 409, 422),
    note="For a server of yours that knows who is signed in: it hands the token to their app or page.",
)
MESSAGES = shown(
    {
        "messages": [
            {
                "id": "RPILAgUBcRhIBqSfeiIwdIYJKxTY",
                "kind": "in_app",
                "title": "New night lines",
                "body": "<p>From <b>Friday</b> on.</p>",
                "position": "modal",
                "element_id": "",
                "page_rule": "/lines/*",
                "persistent": "false",
                "type": "",
                "topic": "",
                "properties": {"title": "New night lines"},
                "created_at": 1_796_040_000,
                "expires_at": 1_801_224_000,
                "opened": False,
            }
        ]
    },
    Loose(
        optional=(
            "title",
            "body",
            "position",
            "element_id",
            "page_rule",
            "persistent",
            "type",
            "topic",
            "properties",
        ),
        free=("properties",),
    ),
    query={"since": integer("Unix seconds: only messages that were made then or later.")},
    errors=(400, 401, 429),
    note="With the person's token as `Authorization: Bearer …`. Newest first, at most 100; what was dismissed or is "
    "over is left out. `ETag` and `If-None-Match` make polling cheap. `kind` is `in_app` (title, body, position, …) "
    "or `inbox_message` (type, topic, properties).",
)
REPORT = Reference(
    body=record(
        href=text("Of a click: where it led, or the name of the action."),
        tracked_response=text("Of a click: what the person chose."),
        optional=("href", "tracked_response"),
    ),
    body_example={"href": "https://nightbus.example/lines", "tracked_response": "yes"},
    status=204,
    errors=(400, 401, 404, 422, 429),
    note="`report` is `opened`, `clicked`, `dismissed` or `converted`. With the person's token, and only of their "
    "messages. What is told twice counts once; a click is an open, too. What is dismissed is not shown again.",
)
