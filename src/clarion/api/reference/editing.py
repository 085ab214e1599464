# SPDX-License-Identifier: Apache-2.0
"""Our own API: broadcasts and transactional messages, written and activated (docs/guide.md)."""

from typing import Any

from clarion.api.reference.actions import ACTION, AN_ACTION, OF_EMAIL, TEXTS_EXAMPLE
from clarion.api.schemas import Loose, array, flag, integer, nullable, one_of, record, shown, text

BROADCAST: dict[str, Any] = {
    "id": 1,
    "kind": "broadcast",
    "name": "Spring",
    "trigger_name": None,
    "state": "draft",
    "recipients": {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}},
    "topic_id": None,
    "language_attribute": "language",
    "doubt_policy": "hold",
    "tags": ["demo"],
    "goal": None,
    "exit_when": "never",
    "ignores_message_limit": False,
    "archived": False,
    "version": 4,
    "changed_by": "ada@example.com",
    "created_at": 1796040000,
    "updated_at": 1796040000,
    "first_started_at": None,
    "actions": [ACTION],
}
_REVIEW: dict[str, Any] = {
    "ready": True,
    "problems": [],
    "warnings": [
        {
            "field": "actions/1/subject",
            "message": "customer.first_name has no fallback: the message fails for a person without it (| default: …)",
            "line": None,
            "column": None,
            "quiet": False,
        }
    ],
}
_LOOSE = Loose(
    nullable=(
        "trigger_name", "topic_id", "first_started_at", "from_id", "reply_to_id", "layout_id", "line", "column",
        "changed_by", "id", "recipient", "plain", "goal",
    ),
    optional=OF_EMAIL,
    free=("recipients", "condition"),
)  # fmt: skip
_OF_A_GOAL = (
    "kind; event, property_name, property_value, or segment_id; window_days, null for any time after; counted_from: "
    "see docs/goals.md."
)
_AN_EDIT: dict[str, Any] = {
    "name": text(),
    "recipients": {"type": "object", "description": "A filter (contract §2.2); {} is everybody."},
    "doubt_policy": one_of("hold", "resend", description="What becomes of messages without an answer."),
    "tags": array(text()),
    "topic_id": nullable(integer("Whoever opted out of it gets nothing.")),
    "language_attribute": text("The attribute that names a person's language."),
    "trigger_name": nullable(text("Of a transactional message: by which calls name it.")),
    "goal": nullable({"type": "object", "description": _OF_A_GOAL}),
    "exit_when": one_of("never", "goal", "no_longer_matching"),
    "ignores_message_limit": flag("Sent whatever the workspace's message limit says."),
    "archived": flag("Not in lists any more; of one that is not running."),
    "version": integer("The version that the edit was made from: 409 when there is a newer one."),
}
CREATE = shown(
    {"broadcast": BROADCAST},
    _LOOSE,
    status=201,
    body=record(
        optional=("actions", "kind", *(name for name in _AN_EDIT if name != "name")),
        kind=one_of("broadcast", "transactional", description="broadcast unless given; for ever."),
        actions=array(AN_ACTION),
        **_AN_EDIT,
    ),
    body_example={"name": "Spring", "actions": [TEXTS_EXAMPLE]},
)
ONE = shown({"broadcast": BROADCAST}, _LOOSE)
EDIT = shown(
    {"broadcast": BROADCAST},
    _LOOSE,
    body=record(optional=tuple(_AN_EDIT), **_AN_EDIT),
    body_example={"name": "Summer"},
    errors=(409,),
    note="What is not mentioned stays. A running one must not become one that could not be activated.",
)
ORDER_ACTIONS = shown(
    {"broadcast": BROADCAST},
    _LOOSE,
    body=record(actions=array(integer()), version=integer(), optional=("version",)),
    body_example={"actions": [2, 1]},
    errors=(409,),
)
REVIEW = shown(
    _REVIEW,
    _LOOSE,
    note="`problems` keep it from being activated; `warnings` do not. A `quiet` one is a setting that may be meant so.",
)
ACTIVATE = shown({"broadcast": BROADCAST}, _LOOSE, errors=(409, 422))
STOP = shown(
    {"broadcast": BROADCAST, "stopped_triggers": 0},
    _LOOSE,
    body=record(
        running_triggers=one_of("stop", "finish", description="stop unless given."), optional=("running_triggers",)
    ),
    body_example={"running_triggers": "finish"},
)
DUPLICATE = shown({"broadcast": BROADCAST}, _LOOSE, status=201)
