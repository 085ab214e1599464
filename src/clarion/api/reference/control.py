# SPDX-License-Identifier: Apache-2.0
"""Our own API: what may be done to a trigger that runs (docs/control.md)."""

from typing import Any

from clarion.api.schemas import Loose, integer, record, shown

CONTROLLED: dict[str, Any] = {
    "id": 2,
    "state": "scheduled",
    "paused": True,
    "paused_at": 1796040000,
    "paused_because": None,
    "priority": 0,
    "rate": {"messages": 100, "per": "second"},
    "scheduled_at": 4102444800,
    "expires_at": None,
    "cancelled_at": None,
    "changed_by": "Management",
    "changed_at": 1796040000,
}
_LOOSE = Loose(
    nullable=(
        "paused_at", "paused_because", "rate", "scheduled_at", "expires_at", "cancelled_at", "changed_by",
        "changed_at", "id",
    ),
    free=("rate",),
)  # fmt: skip
CONTROL = shown({"trigger": CONTROLLED}, _LOOSE, errors=(409,))
SET_CONTROL = shown(
    {"trigger": CONTROLLED},
    _LOOSE,
    body=record(
        priority=integer("Higher goes first."),
        rate={"type": ["object", "null"], "description": "messages, per second, minute or hour; null: none."},
        spread={"type": ["object", "null"], "description": "Evenly, until a time; see docs/control.md."},
        optional=("priority", "rate", "spread"),
    ),
    body_example={"rate": {"messages": 100, "per": "second"}},
    errors=(409,),
)
