# SPDX-License-Identifier: Apache-2.0
"""Our own API: previews, checks and tests of a message, and what an editor completes (docs/composing.md)."""

from typing import Any

from clarion.api.reference.attachments import FILE
from clarion.api.schemas import Loose, Reference, array, flag, integer, one_of, record, shown, text

_PERSON: dict[str, Any] = {"id": "person-7", "email": "person-7@example.com", "cio_id": "000000000007"}
_FAULT: dict[str, Any] = {
    "field": "subject",
    "message": "Variable 'customer.first_nam' is missing",
    "line": 1,
    "column": 7,
    "from": 6,
    "to": 24,
}
_PLACE = ("line", "column", "from", "to", "id", "email", "reason", "state", "preview_id", "url", "person", "message")
_ACTION: dict[str, Any] = {"subject": "Hello {{ customer.first_name }}", "body": "<p>{{ trigger.headline }}</p>"}
_WRITTEN: dict[str, Any] = {
    "broadcast_id": integer("Of a stored one; without it the message stands alone."),
    "action_id": integer("Of a stored action of that broadcast."),
    "language": text('Which variant; without it the one that the person gets. "" is the default language.'),
    "action": {"type": "object", "description": "Fields of an action as in edits; they stand instead of the stored."},
    "data": {"type": "object", "description": "What a trigger call would bring as `data`, without the wrapper."},
}
_FOR = {"description": 'One of `id`, `email` and `cio_id` in an object, or "random". Without it: nobody.'}
_FILTER = {"type": "object", "description": "A filter; without it the broadcast's recipients."}

PREVIEW = shown(
    {
        "preview_id": "Zk3xGQ0c",
        "url": "/preview/Zk3xGQ0c",
        "person": _PERSON,
        "language": "",
        "outcome": {"state": "sent", "reason": None},
        "message": {
            "subject": "Hello Ada",
            "preheader": "",
            "from": "News <news@example.com>",
            "reply_to": "",
            "to": "person-7@example.com",
            "cc": ["team@example.com"],
            "bcc": ["archive@example.com"],
            "headers": [{"name": "X-List", "value": "news"}],
            "html": "<p>Hello</p>",
            "plain": "Hello",
            "size": 1204,
        },
        "attachments": [FILE],
        "errors": [_FAULT],
        "warnings": [_FAULT],
        "names": ["customer.first_name", "trigger.headline"],
        "wanted": {"headline": "headline"},
    },
    Loose(
        nullable=(*_PLACE, "subject", "preheader", "reply_to", "to", "cc", "bcc", "html", "plain", "size"),
        optional=("subject", "preheader", "from", "reply_to", "to", "cc", "bcc", "html", "plain"),
        free=("wanted",),
    ),
    body=record(**_WRITTEN, person=_FOR, filter=_FILTER, optional=(*_WRITTEN, "person", "filter")),
    body_example={"action": _ACTION, "person": {"id": "person-7"}, "data": {"headline": "News"}},
    errors=(404, 422),
    note=(
        "Nothing is stored but what is shown in a frame, for a quarter of an hour. "
        "What cannot be rendered is null in `message`; "
        "a webhook's is `method`, `url`, `headers`, `body` and `size`. "
        "`from` and `to` of an error are offsets of characters in the field's text. `delivery_id` is `unsent`, links "
        "are not tracked. `outcome` is how the account of this person would end."
    ),
)
CHECK = shown(
    {
        "people": 100,
        "complete": True,
        "sent": 97,
        "causes": [{"state": "failed", "reason": "render_failed", **_FAULT, "people": 3, "examples": [_PERSON]}],
    },
    Loose(nullable=_PLACE),
    body=record(
        **_WRITTEN,
        filter=_FILTER,
        limit=integer("At most 100, which it is unless given."),
        optional=(*_WRITTEN, "filter", "limit"),
    ),
    body_example={"broadcast_id": 3, "action_id": 7, "data": {"headline": "News"}},
    errors=(404, 422),
    note="People from here and there in the audience. It ends after some seconds; then `complete` is false.",
)
TEST_SEND = Reference(
    body=record(
        to=array(text(), "Up to 25 addresses; of a webhook none."),
        prefix=flag("`[TEST]` before the subject; true unless given."),
        person=_FOR,
        **{name: _WRITTEN[name] for name in ("language", "action", "data")},
        optional=("to", "prefix", "person", "language", "action", "data"),
    ),
    body_example={"to": ["ada@example.com"], "person": {"id": "person-7"}, "data": {"headline": "News"}},
    answer=record(results=array(record(address=text(), sent=flag(), words=text("What the provider said.")))),
    answer_example={"results": [{"address": "ada@example.com", "sent": True, "words": "250 ok"}]},
    errors=(404, 422),
    note="Sent at once, without copies, in no count; a webhook is called once. Repeating the call sends again.",
    contract="§14",
)
SHOWN = Reference(
    query={
        "images": flag("Also show images from elsewhere."),
        "theme": one_of("dark", "light", description="What `prefers-color-scheme` says; else the browser's own."),
    },
    answer=text("The HTML of the message."),
    answer_example="<p>Hello</p>",
    errors=(404,),
    note="HTML, in a sandbox: it runs nothing and sees no cookies. The id is the only key to it.",
)
COMPLETIONS = shown(
    {
        "attributes": [{"name": "plan", "share": 0.98, "values": ["pro", "free"]}],
        "trigger": ["headline", "items"],
        "snippets": [{"name": "footer", "text": "<p>…</p>"}],
        "tags": [{"name": "if", "end": "endif", "help": "Shows what follows where a condition holds"}],
        "filters": [{"name": "upcase", "help": "All characters in upper case"}],
    },
    Loose(nullable=("end",)),
    query={"broadcast_id": integer("Whose calls and templates tell the names of `trigger`.")},
    errors=(404,),
    note="Attributes are learned from some hundreds of people, and remembered for a minute.",
)
