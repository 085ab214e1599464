# SPDX-License-Identifier: Apache-2.0
"""Broadcasts for lists: without what their messages say, which may be megabytes."""

from collections.abc import Callable
from dataclasses import dataclass

from clarion.domain.broadcasts import Broadcast, BroadcastKind, BroadcastState, SendingState
from clarion.store import broadcasts
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import encode

_STRETCH = 500  # broadcasts that are looked through at once


@dataclass(frozen=True, slots=True)
class ActionOutline:
    """An action without what it says."""

    action_id: int
    kind: str
    name: str
    sending_state: SendingState


@dataclass(frozen=True, slots=True)
class Outline:
    """A broadcast without its actions, and these without what they say."""

    broadcast: Broadcast
    actions: tuple[ActionOutline, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which broadcasts of a workspace: below a number, one `only`, of a state, archived or not; None is any."""

    kind: BroadcastKind = BroadcastKind.BROADCAST
    before: int = 2**53
    only: int | None = None
    state: BroadcastState | None = None
    archived: bool | None = None


def listing(
    tx: Transaction, workspace: Workspace, wanted: Wanted, *, most: int, matches: Callable[[Broadcast], bool]
) -> list[Outline]:
    """Newest first, at most `most` of those that match; what messages say is not read."""
    found: list[Broadcast] = []
    before = wanted.before
    while len(found) < most:
        stretch = tx.all(
            "outlines",
            workspace_id=workspace.workspace_id,
            before=before,
            kind=wanted.kind.value,
            state=wanted.state.value if wanted.state is not None else "",
            archived=-1 if wanted.archived is None else int(wanted.archived),
            only=wanted.only or 0,
            most=_STRETCH,
        )
        found += (one for one in map(broadcasts.of_row, stretch) if matches(one))
        if len(stretch) < _STRETCH:
            break
        before = int(stretch[-1]["broadcast_id"])
    del found[most:]
    actions: dict[int, list[ActionOutline]] = {}
    for row in tx.all("outlined_actions", broadcast_ids=encode([one.broadcast_id for one in found])):
        action = ActionOutline(
            int(row["action_id"]), str(row["kind"]), str(row["name"]), SendingState(row["sending_state"])
        )
        actions.setdefault(int(row["broadcast_id"]), []).append(action)
    return [Outline(one, tuple(actions.get(one.broadcast_id, ()))) for one in found]


def by_state(tx: Transaction, workspace: Workspace, kind: BroadcastKind) -> dict[str, int]:
    """How many there are of each state; those in the archive as ``archived``."""
    rows = tx.all("broadcasts_by_state", workspace_id=workspace.workspace_id, kind=kind.value)
    return {str(row["word"]): int(row["n"]) for row in rows}
