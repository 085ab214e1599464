# SPDX-License-Identifier: Apache-2.0
"""What messages belong to, whole, beside the messages themselves (contract §7.4): asked for with `associations`."""

from collections.abc import Iterable
from typing import Any

from clarion.api.app.broadcast_shapes import action_shape, campaign_shape, content_shape
from clarion.domain.broadcasts import BroadcastKind
from clarion.store import broadcasts
from clarion.store.access import Workspace
from clarion.store.deliveries import Listed
from clarion.store.engine import Transaction

_EMPTY: tuple[str, ...] = ("campaigns", "actions", "newsletters", "contents")


def of_many(tx: Transaction, workspace: Workspace, items: Iterable[Listed]) -> dict[str, list[dict[str, Any]]]:
    """Of a page: each broadcast and each action once, as they are now; an action that is gone is left out."""
    items = list(items)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in _EMPTY}
    meant = {item.key.action_id for item in items}
    for broadcast_id in sorted({item.broadcast_id for item in items}):
        broadcast = broadcasts.get(tx, workspace, broadcast_id, None)
        if broadcast is None or broadcast.kind is BroadcastKind.INLINE:
            continue
        of_page = [action for action in broadcast.actions if action.action_id in meant]
        if broadcast.kind is BroadcastKind.BROADCAST:
            found["campaigns"].append(campaign_shape(broadcast))
            found["actions"] += map(action_shape, of_page)
        else:
            found["contents"] += map(content_shape, of_page)
    return found


def of_one(tx: Transaction, workspace: Workspace, item: Listed) -> dict[str, dict[str, Any] | None]:
    """Of one message: the same by their names in the singular, null where it belongs to none."""
    found = of_many(tx, workspace, [item])
    return {name.removesuffix("s"): found[name][0] if found[name] else None for name in _EMPTY}
