# SPDX-License-Identifier: Apache-2.0
"""Broadcasts and their actions, as edited."""

from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from clarion.domain import goals
from clarion.domain.attachments import AttachedFile
from clarion.domain.audience import parse, segment_ids
from clarion.domain.broadcasts import (
    Action,
    Broadcast,
    BroadcastKind,
    BroadcastState,
    DoubtPolicy,
    EmailContent,
    SendingState,
    Variant,
)
from clarion.domain.goals import Exit
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import decode, encode

_RECENT_MS = 30 * 86_400_000
EDITING_MS = 30_000
"""How long somebody counts as editing after they last said so."""


def of_row(row: Row) -> Broadcast:
    """A broadcast without its actions."""
    return Broadcast(
        broadcast_id=int(row["broadcast_id"]),
        workspace_id=int(row["workspace_id"]),
        name=str(row["name"]),
        state=BroadcastState(row["state"]),
        recipients=decode(row["recipients"]),
        doubt_policy=DoubtPolicy(row["doubt_policy"]),
        created_ms=int(row["created_ms"]),
        updated_ms=int(row["updated_ms"]),
        first_started_ms=row["first_started_ms"],
        tags=tuple(decode(row["tags"])),
        kind=BroadcastKind(row["kind"]),
        trigger_name=row["trigger_name"],
        topic_id=row["topic_id"],
        language_attribute=str(row["language_attribute"]),
        goal=goals.parse(decode(row["goal"])) if row["goal"] is not None else None,
        exit_when=Exit(row["exit_when"]),
        ignores_limit=bool(row["ignores_limit"]),
        archived=row["archived_ms"] is not None,
        version=int(row["version"]),
        changed_by=row["changed_by"],
    )


def _action(row: Row) -> Action:
    return Action(
        action_id=int(row["action_id"]),
        broadcast_id=int(row["broadcast_id"]),
        name=str(row["name"]),
        kind=str(row["kind"]),
        sending_state=SendingState(row["sending_state"]),
        send_to_unsubscribed=bool(row["send_to_unsubscribed"]),
        content=msgspec.json.decode(row["content"], type=EmailContent),
        created_ms=int(row["created_ms"]),
        updated_ms=int(row["updated_ms"]),
        variants=msgspec.json.decode(row["variants"], type=tuple[Variant, ...]),
        condition=decode(row["condition"]),
        topic_id=row["topic_id"],
        attachments=msgspec.json.decode(row["attachments"], type=tuple[AttachedFile, ...]),
    )


def create(
    tx: Transaction,
    workspace: Workspace,
    name: str,
    *,
    recipients: dict[str, Any],
    doubt_policy: DoubtPolicy = DoubtPolicy.HOLD,
    tags: tuple[str, ...] = (),
    kind: BroadcastKind = BroadcastKind.BROADCAST,
    trigger_name: str | None = None,
    topic_id: int | None = None,
    language_attribute: str = "language",
) -> Broadcast:
    """A new broadcast in state draft, without actions."""
    broadcast_id = numbers.take(tx, "broadcast")
    tx.execute(
        "insert_broadcast",
        broadcast_id=broadcast_id,
        workspace_id=workspace.workspace_id,
        name=name,
        recipients=encode(recipients),
        doubt_policy=doubt_policy.value,
        tags=encode(tags),
        kind=kind.value,
        trigger_name=trigger_name,
        topic_id=topic_id,
        language_attribute=language_attribute,
    )
    if trigger_name is not None:
        _name(tx, workspace.workspace_id, broadcast_id, trigger_name)
    created = get(tx, workspace, broadcast_id, kind)
    if created is None:
        raise AssertionError("the broadcast was just made")
    return created


def get(
    tx: Transaction,
    workspace: Workspace,
    broadcast_id: int,
    kind: BroadcastKind | None = BroadcastKind.BROADCAST,
) -> Broadcast | None:
    """One broadcast of a kind, of any for None, with its actions in order."""
    row = tx.one("broadcast", workspace_id=workspace.workspace_id, broadcast_id=broadcast_id)
    if row is None or (kind is not None and row["kind"] != kind.value):
        return None
    actions = tx.all("actions", workspace_id=workspace.workspace_id, broadcast_id=broadcast_id)
    return replace(of_row(row), actions=tuple(_action(action) for action in actions))


def kind(tx: Transaction, broadcast_id: int) -> BroadcastKind | None:
    """Whether it is a broadcast, or what else holds messages."""
    row = tx.one("broadcast_kind", broadcast_id=broadcast_id)
    return BroadcastKind(row["kind"]) if row else None


def listing(
    tx: Transaction, workspace: Workspace, kind: BroadcastKind | None = BroadcastKind.BROADCAST
) -> list[Broadcast]:
    """Every broadcast of a kind, of any for None, with its actions, newest first."""
    actions: dict[int, list[Action]] = {}
    for row in tx.all("actions", workspace_id=workspace.workspace_id, broadcast_id=0):
        action = _action(row)
        actions.setdefault(action.broadcast_id, []).append(action)
    return [
        replace(of_row(row), actions=tuple(actions.get(int(row["broadcast_id"]), ())))
        for row in tx.all("broadcasts", workspace_id=workspace.workspace_id)
        if kind is None or row["kind"] == kind.value
    ]


def _segments_of(place: str, value: Any) -> Set[int]:
    if place == "goal":
        return {int(value["segment_id"])} if value["segment_id"] is not None else set()
    if place == "action":
        number = value["parts"]["segment_id"].strip()  # with Liquid in it nobody knows before it is performed
        return {int(number)} if number.isascii() and number.isdigit() else set()
    return segment_ids(parse(value))


class NamingSegments(NamedTuple):
    """A broadcast that names segments, by each with the places where: ``recipients``, ``condition``, ``goal``,
    ``action`` (one that moves people into it or out of it)."""

    broadcast_id: int
    name: str
    places: dict[int, list[str]]


def naming_segments(tx: Transaction, workspace: Workspace) -> list[NamingSegments]:
    """The broadcasts whose default audience, goal, or a condition of an action names some."""
    found: dict[int, NamingSegments] = {}
    for row in tx.all("broadcasts_naming_segments", workspace_id=workspace.workspace_id):
        number, place, value = int(row["broadcast_id"]), str(row["place"]), decode(row["named"])
        for segment_id in sorted(_segments_of(place, value)):
            one = found.setdefault(number, NamingSegments(number, str(row["name"]), {}))
            places = one.places.setdefault(segment_id, [])
            places += [place] if place not in places else []
    return list(found.values())


def note_test(tx: Transaction, action_id: int) -> None:
    """A test of it was sent just now."""
    tx.execute("note_test", action_id=action_id)


def tested(tx: Transaction, broadcast_id: int) -> dict[int, int]:
    """By action of a broadcast, when a test of it was sent last, Unix milliseconds."""
    rows = tx.all("tested_actions", broadcast_id=broadcast_id)
    return {int(row["action_id"]): int(row["tested_ms"]) for row in rows}


def by_trigger_name(tx: Transaction, workspace: Workspace, name: str) -> int | None:
    """The number of the transactional message that calls name so."""
    row = tx.one("broadcast_by_trigger_name", workspace_id=workspace.workspace_id, name=name)
    return int(row["broadcast_id"]) if row else None


def _name(tx: Transaction, workspace_id: int, broadcast_id: int, name: str) -> None:
    tx.execute("give_trigger_name", workspace_id=workspace_id, name=name, broadcast_id=broadcast_id)


def inline(tx: Transaction, workspace: Workspace) -> Broadcast:
    """What holds the accounts of messages whose text comes with the call; made at the first one.

    Two first ones at once: one of them gets the name, and the other runs again.
    """
    broadcast_id = by_trigger_name(tx, workspace, "")
    if broadcast_id is None:
        made = create(tx, workspace, "Messages sent by API", recipients={}, kind=BroadcastKind.INLINE)
        broadcast_id = made.broadcast_id
        add_action(tx, made, "E-mail", EmailContent(tracked=True), send_to_unsubscribed=True)
        set_state(tx, broadcast_id, BroadcastState.RUNNING)
        _name(tx, workspace.workspace_id, broadcast_id, "")
    found = get(tx, workspace, broadcast_id, BroadcastKind.INLINE)
    if found is None:
        raise AssertionError("it was just made, or found")
    return found


def update(tx: Transaction, broadcast: Broadcast) -> None:
    """Store what is set on a broadcast itself; its version is one more then."""
    tx.execute(
        "update_broadcast",
        broadcast_id=broadcast.broadcast_id,
        name=broadcast.name,
        recipients=encode(broadcast.recipients),
        doubt_policy=broadcast.doubt_policy.value,
        tags=encode(broadcast.tags),
        trigger_name=broadcast.trigger_name,
        topic_id=broadcast.topic_id,
        language_attribute=broadcast.language_attribute,
        goal=encode(goals.shape(broadcast.goal)) if broadcast.goal is not None else None,
        exit_when=broadcast.exit_when.value,
        ignores_limit=int(broadcast.ignores_limit),
        archived=int(broadcast.archived),
        changed_by=broadcast.changed_by,
    )
    tx.execute("take_trigger_name", broadcast_id=broadcast.broadcast_id)
    if broadcast.trigger_name is not None:
        _name(tx, broadcast.workspace_id, broadcast.broadcast_id, broadcast.trigger_name)


def set_state(tx: Transaction, broadcast_id: int, state: BroadcastState) -> None:
    """Move a broadcast to a state; the first start is remembered."""
    tx.execute("set_broadcast_state", broadcast_id=broadcast_id, state=state.value)


def lock(tx: Transaction, broadcast_id: int) -> int | None:
    """Hold a broadcast until the transaction ends; milliseconds since its last trigger, None before the first."""
    row = tx.one("lock_broadcast", broadcast_id=broadcast_id)
    if row is None or row["last_trigger_ms"] is None:
        return None
    return int(row["now_ms"]) - int(row["last_trigger_ms"])


def since_last_trigger(tx: Transaction, broadcast_id: int) -> int | None:
    """Milliseconds since its last trigger, without holding it; None before the first."""
    row = tx.one("last_trigger", broadcast_id=broadcast_id)
    if row is None or row["last_trigger_ms"] is None:
        return None
    return int(row["now_ms"]) - int(row["last_trigger_ms"])


def recent_data(tx: Transaction, broadcast_id: int) -> list[tuple[int, int, dict[str, Any]]]:
    """Of triggers of the last 30 days that brought data: number, when (Unix milliseconds) and data, newest first."""
    rows = tx.all("recent_data", broadcast_id=broadcast_id, within_ms=_RECENT_MS, most=10)
    return [(int(row["trigger_id"]), int(row["created_ms"]), decode(row["data"])) for row in rows]


def note_trigger(tx: Transaction, broadcast_id: int) -> None:
    """A trigger was accepted just now."""
    tx.execute("note_trigger", broadcast_id=broadcast_id)


def _action_columns(action: Action) -> dict[str, object]:
    return {
        "action_id": action.action_id,
        "broadcast_id": action.broadcast_id,
        "name": action.name,
        "sending_state": action.sending_state.value,
        "send_to_unsubscribed": int(action.send_to_unsubscribed),
        "content": encode(action.content),
        "variants": encode(action.variants),
        "condition": encode(action.condition),
        "topic_id": action.topic_id,
        "attachments": encode(action.attachments),
    }


def add_action(
    tx: Transaction,
    broadcast: Broadcast,
    name: str,
    content: EmailContent,
    *,
    sending_state: SendingState = SendingState.AUTOMATIC,
    send_to_unsubscribed: bool = False,
    variants: tuple[Variant, ...] = (),
    condition: dict[str, Any] | None = None,
    topic_id: int | None = None,
    attachments: tuple[AttachedFile, ...] = (),
) -> int:
    """Append an action, of the kind that its content is for; its id."""
    action_id = numbers.take(tx, "action")
    kind = content.kind
    action = Action(
        action_id,
        broadcast.broadcast_id,
        name,
        kind,
        sending_state,
        send_to_unsubscribed,
        content,
        0,
        0,
        variants,
        condition or {},
        topic_id,
        attachments,
    )
    tx.execute("insert_action", position=action_id, kind=kind, **_action_columns(action))
    _number_languages(tx, action)
    return action_id


def put_back_action(tx: Transaction, action: Action) -> None:
    """An action that was removed, under the number that it had; accounts may name it."""
    tx.execute("insert_action", position=action.action_id, kind=action.kind, **_action_columns(action))


def update_action(tx: Transaction, action: Action) -> None:
    """Store an action's name, settings and content."""
    tx.execute("update_action", **_action_columns(action))
    _number_languages(tx, action)


def _number_languages(tx: Transaction, action: Action) -> None:
    """Give each language that has none a number, which it keeps when it is removed and comes again."""
    known = language_numbers(tx, action.action_id) if action.variants else {}
    for language in sorted({one.language.lower() for one in action.variants} - known.keys()):
        number = numbers.take(tx, "action")
        tx.execute("number_language", action_id=action.action_id, language=language, variant_id=number)


def kinds_of_actions(tx: Transaction, action_ids: Iterable[int]) -> dict[int, str]:
    """Action → what it does; those that are gone are left out."""
    rows = tx.all("kinds_of_actions", action_ids=encode(sorted(set(action_ids))))
    return {int(row["action_id"]): str(row["kind"]) for row in rows}


def language_numbers(tx: Transaction, action_id: int) -> dict[str, int]:
    """Language, in lower case → its number, of those that an action has or had; the default has that of the action."""
    rows = tx.all("language_numbers", action_id=action_id)
    return {str(row["language"]): int(row["variant_id"]) for row in rows}


def order_actions(tx: Transaction, broadcast: Broadcast) -> None:
    """Store the order in which a broadcast has its actions."""
    for position, action in enumerate(broadcast.actions, start=1):
        tx.execute("place_action", position=position, action_id=action.action_id, broadcast_id=broadcast.broadcast_id)


def delete_action(tx: Transaction, action: Action) -> None:
    """Remove an action. Accounts that name it stay."""
    tx.execute("delete_action", action_id=action.action_id, broadcast_id=action.broadcast_id)


def note_editor(tx: Transaction, broadcast_id: int, user_id: int, name: str) -> list[tuple[str, int]]:
    """Somebody has it open; who else does, with when they last said so, Unix milliseconds."""
    tx.execute("note_editor", broadcast_id=broadcast_id, user_id=user_id, name=name)
    rows = tx.all("other_editors", broadcast_id=broadcast_id, user_id=user_id, within_ms=EDITING_MS)
    return [(str(row["name"]), int(row["seen_ms"])) for row in rows]
