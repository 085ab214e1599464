# SPDX-License-Identifier: Apache-2.0
"""Our own API: earlier versions of a broadcast, and copies in other workspaces (docs/guide.md)."""

from typing import Any

from clarion.api.reference.editing import BROADCAST
from clarion.api.schemas import Loose, array, flag, integer, record, shown, text

_VERSION: dict[str, Any] = {
    "version": 4,
    "current": False,
    "reason": "edited",
    "changed_by": "ada@example.com",
    "begun_at": 1796040000,
    "saved_at": 1796040120,
    "restored_from": None,
    "triggers": 1,
    "last_trigger_id": 12,
    "changed": ["recipients", "actions/1/subject"],
}
_NOT_HELD = (
    "id", "kind", "trigger_name", "state", "archived", "version", "changed_by", "created_at", "updated_at",
    "first_started_at",
)  # fmt: skip
_HELD: dict[str, Any] = {name: value for name, value in BROADCAST.items() if name not in _NOT_HELD} | {
    "actions": [
        {name: value for name, value in BROADCAST["actions"][0].items() if name not in {"created_at", "updated_at"}}
        | {"languages": {"de": {"subject": "Hallo"}}}
    ]
}
_LOOSE = Loose(
    nullable=(
        "changed_by", "restored_from", "last_trigger_id", "next", "against", "before", "after", "topic_id", "goal",
        "from_id", "reply_to_id", "layout_id", "trigger_name", "first_started_at",
    ),
    free=("recipients", "condition", "messages", "languages"),
)  # fmt: skip
_ANY = Loose(_LOOSE.nullable, (), _LOOSE.free)

LIST = shown(
    {"versions": [_VERSION], "next": 3},
    _LOOSE,
    query={
        "start": integer("The `next` of the page before.", minimum=1),
        "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=200),
    },
    note="Newest first; the newest is what the broadcast says now. Changes that one person makes within five minutes "
    "are one version, until a trigger takes it; activating and going back make one each. `reason` is found, created, "
    "edited, activated or restored. The newest 200 are kept, of large broadcasts fewer.",
)
ONE = shown(
    {
        "version": _VERSION,
        "broadcast": _HELD,
        "against": 3,
        "differences": [{"field": "actions/1/subject", "before": None, "after": None}],
        "messages": {"1": "Welcome"},
    },
    _ANY,
    query={"against": text("`now`, or the number of another version; the one before unless given.")},
    errors=(400, 404),
    note="`before` and `after` are what the field held; null where one side has no such field. A message that was "
    "added or removed is one difference, with its fields. `messages` names the messages by number.",
)
RESTORE = shown(
    {
        "broadcast": BROADCAST,
        "left_out": [
            {"field": "actions/1/layout_id", "message": "layout 'Frame' does not exist any more and was left out"}
        ],
    },
    _LOOSE,
    body=record(version=integer("The version that it has now: 409 when there is a newer one."), optional=("version",)),
    body_example={"version": 7},
    errors=(404, 409, 422),
    note="Name, recipients, goal, settings and messages become what they were; state, archive and trigger name stay. "
    "It makes a new version, so it can be undone the same way. A running broadcast must not become one that could "
    "not be activated.",
)
COPY = shown(
    {
        "workspace_id": 2,
        "broadcast": BROADCAST,
        "missing": [{"field": "actions/0/layout_id", "message": "there is no layout 'Frame' there: it was left out"}],
    },
    _LOOSE,
    status=201,
    body=record(
        workspace_id=integer("Where to; whoever calls must be allowed to edit there, which a key is in its own only."),
        actions=array(integer(), "Only these messages; all unless given."),
        settings=flag("Recipients, goal, topic, tags and language attribute, too; true unless given."),
        optional=("actions", "settings"),
    ),
    body_example={"workspace_id": 2},
    errors=(403, 404, 422),
    note="A draft in that workspace, messages in all their languages. Segments, topics, layouts and sender identities "
    "are found there by their names; `missing` tells which are not there, and snippets that are not there or say "
    "something else. A segment that is missing keeps its number, so that review refuses it until another is chosen. "
    "All of it is one transaction.",
)
